import os
import pickle
import signal
import time
from pathlib import Path

import pytest
from hostile_decoder import obey

from mmsk._decoding.decoder import Decoder
from mmsk._decoding.worker import SPARE_SECONDS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes that decode need POSIX")


def loaded(prepare):
    decoder = Decoder()
    decoder.load(pickle.dumps(("load", os.getcwd(), pickle.dumps(prepare))))
    return decoder


def request(cell, seconds=100.0):
    return pickle.dumps(("read", cell, seconds))


def test_a_process_inherits_no_open_file_and_leads_a_session(tmp_path):
    with open(tmp_path / "open", "w") as file:
        os.set_inheritable(file.fileno(), True)
        decoder = loaded(obey)
    links = Path(f"/proc/{decoder.process.pid}/fd")
    if links.exists():
        names = [os.readlink(link) for link in links.iterdir()]
        assert str(tmp_path / "open") not in names
        assert sum("socket" in name for name in names) == 1
    assert os.getsid(decoder.process.pid) == decoder.process.pid
    decoder.close()


def test_the_first_cell_has_time_for_imports():
    decoder = loaded(time.sleep)
    assert decoder.read(request(0.5), 0.1).result() is None
    with pytest.raises(TimeoutError):
        decoder.read(request(100), 0.1)
    decoder.close()


def test_a_process_without_parent_or_watch_ends_by_itself():
    """The system ends it, whatever its decoder does."""
    decoder = loaded(time.sleep)
    with pytest.raises(EOFError):
        decoder.read(request(100, 1.0 - SPARE_SECONDS), 50.0)
    assert decoder.close(1.0) == -signal.SIGALRM
