import signal

import pytest
from scripts import start

from mmsk.extraction._claims import Claims, is_held

A, B, C = (bytes([number]) * 16 for number in range(3))


def test_others_see_what_is_claimed_and_not_what_is_given_up(tmp_path):
    one, two = Claims(tmp_path / "claims"), Claims(tmp_path / "claims")
    one.add([A, B])
    two.add([C])
    assert one.of_others() == {C}
    assert two.of_others() == {A, B}
    one.clear()
    assert two.of_others() == set()
    one.add([B])
    assert two.of_others() == {B}
    one.close()
    assert two.of_others() == set()
    two.close()
    assert list((tmp_path / "claims").iterdir()) == []


def test_an_abandoned_claim_is_removed_by_the_next_who_looks(tmp_path):
    one, two = Claims(tmp_path / "claims"), Claims(tmp_path / "claims")
    one.add([A])
    one.abandon()
    assert two.of_others() == set()
    assert len(list((tmp_path / "claims").glob("*.items"))) == 1
    two.close()


SLEEP = """
import os, sys, time
from pathlib import Path
from mmsk.extraction._claims import Claims
claims = Claims(Path(sys.argv[1]))
claims.add([bytes(16)])
if sys.argv[2] == "fork" and os.fork() == 0:
    time.sleep(2)
    os._exit(0)
print("claimed", flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize("how", ["alone", "fork"])
def test_a_claim_ends_with_its_process(tmp_path, how):
    process = start(SLEEP, tmp_path / "claims", how)
    assert process.stdout.readline() == "claimed\n"
    (items,) = (tmp_path / "claims").glob("*.items")
    assert is_held(items)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not is_held(items)
    assert not items.exists()
    process.stdout.close()
    process.stderr.close()


def test_a_part_of_a_claim_is_no_claim_of_another_item(tmp_path):
    one, two = Claims(tmp_path / "claims"), Claims(tmp_path / "claims")
    one.add([A])
    with one._items.open("ab") as file:
        file.write(B[:7])  # a process killed in the middle, whose lock is not yet seen to be free
    assert {A, B[:7]} >= two.of_others() >= {A}
    one.close()
    two.close()
