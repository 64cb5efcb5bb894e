"""fetch_flower_photos, from a tiny archive of the same layout."""

from pathlib import Path

import pytest

from mmsk.datasets import _flower_photos, fetch_flower_photos

NAMES = ["tulips/b.jpg", "daisy/z.jpg", "tulips/a.jpg"]


@pytest.fixture
def mirror(make_mirror, monkeypatch):
    members = {f"flower_photos/{name}": name.encode() for name in NAMES}
    members["flower_photos/LICENSE.txt"] = b"CC BY 2.0"
    archive, url = make_mirror(_flower_photos.ARCHIVE, members)
    monkeypatch.setattr(_flower_photos, "ARCHIVE", archive)
    return url


def test_bunch(mirror, tmp_path):
    flowers = fetch_flower_photos(data_home=tmp_path / "home", mirror=mirror)
    assert flowers.data.columns.tolist() == ["image"]
    assert [Path(path).name for path in flowers.data["image"]] == ["z.jpg", "a.jpg", "b.jpg"]
    assert flowers.target_names == ["daisy", "tulips"]
    assert flowers.target.tolist() == [0, 1, 1]
    assert "CC BY 2.0" in flowers.DESCR


def test_return_X_y(mirror, tmp_path):
    data, target = fetch_flower_photos(data_home=tmp_path / "home", mirror=mirror, return_X_y=True)
    assert data.shape == (3, 1)
    assert target.dtype == "int64"


def test_nothing_is_fetched_unless_allowed(tmp_path):
    with pytest.raises(OSError, match="flower_photos' is not on disk"):
        fetch_flower_photos(data_home=tmp_path, download_if_missing=False)
