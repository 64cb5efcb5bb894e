"""A folder holds one set, and nothing in it is written over by another one."""

import pytest

from mmsk.datasets._folder import MANIFEST, claim_folder


def test_new_and_empty_folders_are_claimed(tmp_path):
    for folder in [tmp_path, tmp_path / "deep" / "down"]:
        place = claim_folder(folder, {"seed": 1})
        assert place.is_absolute()
        assert (place / MANIFEST).is_file()


def test_the_same_set_may_be_made_again(tmp_path):
    assert claim_folder(tmp_path, {"seed": 1}) == claim_folder(str(tmp_path), {"seed": 1})


def test_another_set_is_refused(tmp_path):
    claim_folder(tmp_path, {"seed": 1})
    with pytest.raises(FileExistsError, match="holds a set made with other parameters"):
        claim_folder(tmp_path, {"seed": 2})


def test_foreign_files_are_refused_and_kept(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="holds other files"):
        claim_folder(tmp_path, {"seed": 1})
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="file"):
        claim_folder(tmp_path / "file", {"seed": 1})
