"""fetch_free_spoken_digits, from a tiny archive of the same layout."""

from pathlib import Path

import pytest

from mmsk.datasets import _free_spoken_digits, fetch_free_spoken_digits

NAMES = ["7_theo_12", "0_jackson_3", "7_jackson_0"]


@pytest.fixture
def mirror(make_mirror, monkeypatch):
    root = "free-spoken-digit-dataset-1.0.9"
    members = {f"{root}/recordings/{name}.wav": name.encode() for name in NAMES}
    members[f"{root}/README.md"] = b"read me"
    archive, url = make_mirror(_free_spoken_digits.ARCHIVE, members)
    monkeypatch.setattr(_free_spoken_digits, "ARCHIVE", archive)
    return url


def test_bunch(mirror, tmp_path):
    digits = fetch_free_spoken_digits(data_home=tmp_path / "home", mirror=mirror)
    assert digits.data.columns.tolist() == ["audio", "speaker", "recording"]
    assert digits.target.tolist() == [0, 7, 7]
    assert digits.data["speaker"].tolist() == ["jackson", "jackson", "theo"]
    assert digits.data["recording"].tolist() == [3, 0, 12]
    assert [Path(path).read_bytes() for path in digits.data["audio"]] == [
        b"0_jackson_3",
        b"7_jackson_0",
        b"7_theo_12",
    ]
    assert digits.target_names == list("0123456789")
    assert "CC BY-SA 4.0" in digits.DESCR


def test_return_X_y(mirror, tmp_path):
    data, target = fetch_free_spoken_digits(
        data_home=tmp_path / "home", mirror=mirror, return_X_y=True
    )
    assert data.shape == (3, 3)
    assert target.dtype == "int64"


def test_nothing_is_fetched_unless_allowed(tmp_path):
    with pytest.raises(OSError, match="free_spoken_digits' is not on disk"):
        fetch_free_spoken_digits(data_home=tmp_path, download_if_missing=False)
