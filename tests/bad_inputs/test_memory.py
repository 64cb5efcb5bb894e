"""Files that promise far more than they hold are refused without the memory they ask for."""

import sys

import pytest
from bad_inputs.cases import CASES
from scripts import run

# The peak is taken from /proc: ru_maxrss of a child begins at what its parent has.
SCRIPT = """
import re, tempfile, warnings
from pathlib import Path
from bad_inputs.cases import CASES
from mmsk.exceptions import ReadError

def megabytes(what):
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{what}:\\s+(\\d+) kB", status)[1]) / 1024

warnings.simplefilter("ignore")
bombs = [case for case in CASES if case.bomb]
for case in {case.subject.name: case for case in bombs}.values():
    with tempfile.TemporaryDirectory() as folder:
        case.extractor(Path(folder)).fit_transform(case.subject.good())  # so that all is loaded
base = megabytes("VmRSS")
for case in bombs:
    with tempfile.TemporaryDirectory() as folder:
        cell = case.make(Path(folder))
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        try:
            case.extractor(Path(folder)).fit_transform([cell])
        except ReadError as error:
            assert case.outcome == "raises", error
        else:
            assert case.outcome == "accepted", case.title
        print(case.id, megabytes("VmHWM") - base)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_bombs_take_less_than_200_megabytes():
    out, _ = run(SCRIPT)
    peaks = dict(line.rsplit(" ", 1) for line in out.splitlines())
    assert list(peaks) == [case.id for case in CASES if case.bomb]
    assert all(float(peak) < 200 for peak in peaks.values()), peaks
