"""make_multimodal: true files, known information, fixed bytes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import MaxAbsScaler
from sklearn.svm import SVC, LinearSVC

from mmsk.datasets import make_multimodal

ALL = ["text", "image", "audio", "video", "series", "numeric"]


def picture_features(path):
    """Hues and the directions of edges: what shows shapes and stripes."""
    with Image.open(path) as picture:
        hue, saturation, brightness = np.moveaxis(np.asarray(picture.convert("HSV"), float), 2, 0)
    hues = np.histogram(hue, 8, (0, 256), weights=saturation > 120)[0] / hue.size
    down, across = np.gradient(brightness)
    direction, steepness = np.arctan2(down, across) % np.pi, np.hypot(down, across)
    return np.r_[hues, np.histogram(direction, 8, (0, np.pi), weights=steepness)[0] / hue.size]


def sound_features(path):
    power = np.abs(np.fft.rfft(soundfile.read(path)[0]))
    return np.add.reduceat(power, np.geomspace(90, 3900, 25).astype(int)) / power.sum()


FEATURES = {
    "text": lambda cells: TfidfVectorizer().fit_transform(cells).toarray(),
    "image": lambda cells: np.array([picture_features(path) for path in cells]),
    "audio": lambda cells: np.array([sound_features(path) for path in cells]),
}


def blocks_of(folder, **parameters):
    """Features of each modality and of all, with the labels."""
    table, y = make_multimodal(300, folder=folder, random_state=0, **parameters)
    blocks = {name: MaxAbsScaler().fit_transform(FEATURES[name](table[name])) for name in table}
    return {**blocks, "all": np.hstack(list(blocks.values()))}, y


def accuracies(head, blocks, y):
    return {name: cross_val_score(head, block, y).mean() for name, block in blocks.items()}


def test_redundant_every_modality_is_enough_and_fusion_averages_noise(tmp_path):
    blocks, y = blocks_of(tmp_path, redundancy=1, uniqueness=0, synergy=0, noise=0.2)
    score = accuracies(LinearSVC(C=0.1), blocks, y)
    fused = score.pop("all")
    assert 0.83 < min(score.values()) <= max(score.values()) < 0.95  # 0.9 at best
    assert fused > max(score.values()) + 0.02


def test_unique_each_modality_knows_a_part_and_fusion_all(tmp_path):
    blocks, y = blocks_of(tmp_path, redundancy=0, uniqueness=1, synergy=0, noise=0)
    score = accuracies(LinearSVC(), blocks, y)
    fused = score.pop("all")
    assert 0.55 < min(score.values()) <= max(score.values()) < 0.75  # 2/3 at best
    assert fused > 0.95


def test_synergistic_only_products_find_it(tmp_path):
    blocks, y = blocks_of(
        tmp_path, modalities=["text", "image"], redundancy=0, uniqueness=0, synergy=1, noise=0
    )
    assert max(accuracies(LinearSVC(C=0.1), blocks, y).values()) < 0.6
    score = accuracies(SVC(kernel="poly", degree=2, coef0=1, C=10), blocks, y)
    fused = score.pop("all")
    assert max(score.values()) < 0.6
    assert fused > 0.9


def test_table_has_a_column_per_modality_and_files_that_open(tmp_path):
    table, y = make_multimodal(5, folder=tmp_path, modalities=ALL, random_state=0)
    assert table.columns.tolist() == [*ALL[:-1], *(f"numeric_{i}" for i in "1234")]
    assert table.shape == (5, 9)
    assert y.shape == (5,)
    assert all(isinstance(text, str) for text in table["text"])
    assert all(Path(path).is_absolute() for path in table[ALL[1:-1]].to_numpy().ravel())
    Image.open(table["image"][0]).close()
    assert table["numeric_1"].dtype == float


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    parameters = {"modalities": ALL, "missing": 0.3, "random_state": 3}
    bunches = [
        make_multimodal(20, folder=tmp_path / name, return_X_y=False, **parameters)
        for name in ("one", "two")
    ]
    tables = [
        bunch.X.map(lambda cell, root=bunch.folder: str(cell).replace(root, ""))
        for bunch in bunches
    ]
    pd.testing.assert_frame_equal(*tables)
    np.testing.assert_array_equal(bunches[0].y, bunches[1].y)
    one, two = (Path(bunch.folder) for bunch in bunches)
    for file in one.rglob("*.*"):
        assert file.read_bytes() == (two / file.relative_to(one)).read_bytes()


def test_another_seed_gives_other_data(tmp_path):
    first, second = (
        make_multimodal(20, folder=tmp_path / str(seed), random_state=seed)[0] for seed in (0, 1)
    )
    assert (first["text"] != second["text"]).mean() > 0.8


def test_made_again_in_the_same_folder_but_not_over_another_set(tmp_path):
    first, _ = make_multimodal(4, folder=tmp_path, random_state=0)
    Path(first["image"][0]).unlink()
    second, _ = make_multimodal(4, folder=tmp_path, random_state=0)
    pd.testing.assert_frame_equal(first, second)
    assert Path(first["image"][0]).is_file()
    with pytest.raises(FileExistsError, match="other parameters"):
        make_multimodal(4, folder=tmp_path, random_state=1)


def test_missing_cells_are_none_and_have_no_files(tmp_path):
    missing = {"text": 0.25, "image": 0.5, "numeric": 0.5}
    table, _ = make_multimodal(40, folder=tmp_path, modalities=ALL, missing=missing, random_state=0)
    absent = table.isna()
    assert absent.sum().tolist() == [10, 20, 0, 0, 0, 20, 20, 20, 20]
    assert all(table["image"][row] is None for row in np.flatnonzero(absent["image"]))
    assert len(list((tmp_path / "image").iterdir())) == 20
    assert not absent.all(axis=1).any()


def test_bunch_tells_the_source_of_every_label(tmp_path):
    bunch = make_multimodal(
        10, folder=tmp_path, modalities=["text", "numeric"], random_state=0, return_X_y=False
    )
    assert sorted(bunch) == ["X", "folder", "source", "y"]
    assert pd.Series(bunch.source).value_counts().to_dict() == {
        "redundant": 4,
        "synergistic:text+numeric": 3,
        "unique:text": 2,
        "unique:numeric": 1,
    }


def test_unique_shares_by_name(tmp_path):
    bunch = make_multimodal(
        10,
        folder=tmp_path,
        modalities=["text", "numeric"],
        redundancy=0,
        uniqueness={"numeric": 1},
        synergy=0,
        return_X_y=False,
    )
    assert set(bunch.source) == {"unique:numeric"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_samples": 0}, "n_samples=0 is not an integer of at least 1"),
        ({"n_classes": 9}, "n_classes=9 is not an integer of at least 2 and at most 8"),
        ({"modalities": ["smell"]}, "modalities='smell' is not one of 'text', 'image'"),
        ({"modalities": []}, "must name one or more different modalities"),
        ({"modalities": ["text", "text"]}, "must name one or more different modalities"),
        ({"noise": 1.5}, r"noise=1.5 is not a number of at least 0 and at most 1"),
        ({"redundancy": 1}, "sum to 1.6; the shares must sum to 1"),
        ({"uniqueness": {"numeric": 0.3}}, "modality in uniqueness='numeric' is not one of"),
        ({"uniqueness": {"text": 2}}, r"uniqueness\['text'\]=2 is not a number"),
        ({"modalities": "text"}, "synergy=0.3 needs two modalities or more"),
        ({"missing": 0.7}, "may sum to 2 at most, got 2.1"),
        ({"missing": {"text": -1}}, r"missing\['text'\]=-1 is not a number"),
    ],
)
def test_bad_parameters_are_named_and_no_folder_is_made(parameters, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        make_multimodal(**{"folder": tmp_path / "new", **parameters})
    assert not (tmp_path / "new").exists()
