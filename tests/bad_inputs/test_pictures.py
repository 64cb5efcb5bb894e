"""What takes more than one cell or another user to show of pictures."""

import io
import os

import numpy as np
import PIL.Image
import pytest
from bad_inputs.pictures import Pixels
from made_pictures import encoded, noise
from scripts import run

from mmsk import config_context


class Counted:
    """Count the pictures that an extractor computes."""

    def __init__(self, monkeypatch):
        self.n_computed = 0
        extract = Pixels()._extract.__func__

        def counting(extractor, samples):
            self.n_computed += len(samples)
            return extract(extractor, samples)

        monkeypatch.setattr(type(Pixels()), "_extract", counting)


def test_mixed_kinds_go_row_by_row(tmp_path):
    pictures = [noise(seed=seed) for seed in range(6)]
    path = tmp_path / "0.png"
    path.write_bytes(encoded(pictures[0]))
    cells = [str(path), encoded(pictures[1]), pictures[2], None, PIL.Image.fromarray(pictures[3])]
    cells += [io.BytesIO(encoded(pictures[4])), pictures[5] / 255]
    features = Pixels().fit_transform(cells)
    assert np.isnan(features[3]).all()
    present = np.delete(features, 3, axis=0)
    np.testing.assert_array_equal(present, Pixels().fit_transform(pictures))


def test_the_same_picture_is_computed_once(tmp_path, monkeypatch):
    counted = Counted(monkeypatch)
    content = encoded(noise())
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(content)
    cells = [str(tmp_path / "a.png"), tmp_path / "b.png", content, io.BytesIO(content), content]
    with config_context(cache=True, cache_dir=tmp_path / "store"):
        features = Pixels().fit_transform(cells)
    assert counted.n_computed == 1
    np.testing.assert_array_equal(features, np.tile(features[0], (5, 1)))


def test_a_changed_file_is_computed_anew(tmp_path):
    path = tmp_path / "7.png"
    with config_context(cache=True, cache_dir=tmp_path / "store"):
        for seed in (1, 2):
            path.write_bytes(encoded(noise(seed=seed)))
            features = Pixels().fit_transform([str(path)])
            np.testing.assert_array_equal(features, Pixels().fit_transform([noise(seed=seed)]))


# Root may read everything, so it becomes somebody else, once all is imported.
UNREADABLE = """
import os, sys
from bad_inputs.pictures import Pixels, good_pictures
from mmsk.exceptions import BadCellWarning, ReadError
import warnings
cells = [*good_pictures(), sys.argv[1]]
Pixels().fit_transform(cells[:-1])
if os.geteuid() == 0:
    os.setuid(65534)
try:
    Pixels().fit_transform(cells)
except ReadError as error:
    print(error.row, error.stage, error.reason, type(error.cause).__name__, sep="|")
with warnings.catch_warnings(record=True) as caught:
    features = Pixels(on_error="missing").fit_transform(cells)
n_warnings = sum(warning.category is BadCellWarning for warning in caught)
print(n_warnings, (features != features).sum(axis=1))
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_no_permission(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(noise()))
    path.chmod(0)
    out, _ = run(UNREADABLE, path)
    raised, missing = out.splitlines()
    assert raised == "8|check|cannot be opened: Permission denied|PermissionError"
    assert missing == "1 [  0   0   0   0   0   0   0   0 192]"
