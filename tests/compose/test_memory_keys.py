import io

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from byte_counts import ByteCounts, write_files
from counted_words import CountedSizes, CountedWords
from letter_counts import LetterCounts
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import Bunch

from mmsk import CacheWarning, TfidfEmbedder
from mmsk.compose import _fitted_memory
from mmsk.compose._memory_keys import fit_key, transform_key

TEXTS = ["red shoe", None, "blue hat", "red hat"]
COLUMN = pd.Series(TEXTS, name="text")
Y = np.array([0, 1, 0, 1])


@pytest.fixture(autouse=True)
def warned(monkeypatch):
    monkeypatch.setattr(_fitted_memory, "_warned", set())


def key(transformer=None, X=COLUMN, y=Y, **params):
    transformer = CountedWords("log") if transformer is None else transformer
    return fit_key(transformer, X, y, Bunch(**params))


@pytest.mark.parametrize(
    "transformer",
    [
        LetterCounts(),
        make_union(LetterCounts(), LetterCounts("xy")),
        FunctionTransformer(),
        HashingVectorizer(),
    ],
)
def test_what_needs_no_fit_has_no_key(transformer):
    assert key(transformer) is None


@pytest.mark.parametrize(
    "transformer",
    [
        TfidfEmbedder(),
        TfidfVectorizer(),
        make_pipeline(TfidfEmbedder(), TruncatedSVD()),
        FeatureUnion([("a", TfidfVectorizer()), ("b", make_pipeline(TfidfEmbedder()))]),
    ],
)
def test_the_container_of_texts_does_not_count(transformer):
    expected = key(transformer, TEXTS)
    same = [
        COLUMN,
        COLUMN.set_axis(list("abcd")).rename("other"),
        pl.Series(TEXTS),
        np.array(TEXTS, dtype=object),
    ]
    nothing = [None if cell is None else cell for cell in COLUMN]  # pandas holds NaN for None
    assert {key(transformer, nothing)} == {key(transformer, X) for X in same[:2]}
    assert {expected} == {key(transformer, X) for X in same[2:]}


@pytest.mark.parametrize(
    "transformer",
    [
        CountedWords("log"),
        TfidfEmbedder().set_output(transform="pandas"),
        make_pipeline(TfidfEmbedder().set_output(transform="pandas"), TruncatedSVD()),
        make_union(TfidfVectorizer(), CountedWords("log")),
    ],
)
def test_the_container_counts_where_it_may_be_seen(transformer):
    forms = [TEXTS, COLUMN, COLUMN.rename("b"), COLUMN.set_axis(list("abcd")), pl.Series(TEXTS)]
    assert len({key(transformer, X) for X in forms}) == len(forms)


def test_equal_rows_of_a_fold_have_one_key():
    rows = [3, 0, 2]
    assert key(X=COLUMN.iloc[rows], y=Y[rows]) == key(X=COLUMN.iloc[rows].copy(), y=Y[rows])
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [5, 6, 7, 8]})
    scaler = StandardScaler()
    assert key(scaler, table.iloc[rows], Y[rows]) == key(scaler, table.iloc[rows].copy(), Y[rows])


def test_everything_that_decides_on_a_fit_counts():
    weights = {"fit_transform": {"sample_weight": np.ones(4)}}
    keys = [
        key(),
        key(CountedWords("log", power=2.0)),
        key(CountedWords("log").set_output(transform="pandas")),
        key(X=COLUMN[::-1]),
        key(X=COLUMN.iloc[:3], y=Y[:3]),
        key(X=COLUMN.where(COLUMN != "red hat")),
        key(y=Y[::-1].copy()),
        key(y=Y.astype(float)),
        key(y=None),
        key(**weights),
        key(fit_transform={"sample_weight": 2 * np.ones(4)}),
        key(StandardScaler(), pd.DataFrame({"a": [1.0, 2.0]})),
        key(StandardScaler(), pd.DataFrame({"a": [1.0, 3.0]})),
    ]
    with sklearn.config_context(transform_output="pandas"):
        keys.append(key())
    with sklearn.config_context(enable_metadata_routing=True):
        routed = CountedWords("log").set_fit_request(sample_weight=True)
        keys.append(key(routed, **weights))
        assert key(routed) == keys[0]  # requests without metadata say nothing
    assert None not in keys
    assert len(set(keys)) == len(keys)


def test_empty_metadata_says_nothing():
    assert key(fit={}, fit_transform={}, transform={}) == key()


@pytest.fixture
def paths(tmp_path):
    return write_files(tmp_path / "cells", 4)


def test_files_of_extractors_count_by_their_content(paths, tmp_path):
    transformer = make_pipeline(ByteCounts("log"), StandardScaler())
    before = key(transformer, paths)
    copies = write_files(tmp_path / "copies", 4)
    assert key(transformer, copies) == before
    with open(paths[2], "ab") as file:
        file.write(b"more")
    assert key(transformer, paths) != before
    assert key(transformer, copies) == before


@pytest.mark.parametrize(
    "transformer",
    [
        CountedSizes("log"),
        make_pipeline(CountedSizes("log"), StandardScaler()),
        TfidfVectorizer(input="filename", encoding="latin-1"),
        make_union(TfidfEmbedder(), make_pipeline(ByteCounts("log"), StandardScaler())),
    ],
)
def test_files_that_others_may_read_count_by_name_and_content(transformer, paths, tmp_path):
    cells = [*paths[:3], None, "no file", paths[3]]
    before = key(transformer, cells[:4], Y)
    assert key(transformer, write_files(tmp_path / "copies", 3) + [None], Y) != before
    assert key(transformer, cells[:4], Y) == before
    with open(paths[2], "ab") as file:
        file.write(b"more")
    assert key(transformer, cells[:4], Y) != before


def test_two_readers_of_different_roots_both_count(paths, tmp_path):
    from mmsk.image import HOGEmbedder, ImageReader

    (tmp_path / "other").mkdir()
    for folder in ("cells", "other"):
        (tmp_path / folder / "a.png").write_bytes(b"no picture, but a file")
    readers = [HOGEmbedder(reader=ImageReader(root=tmp_path / f)) for f in ("cells", "other")]
    union = make_union(*(make_pipeline(reader, StandardScaler()) for reader in readers))
    before = key(union, ["a.png"], None)
    (tmp_path / "other" / "a.png").write_bytes(b"another")
    assert None not in (before, key(union, ["a.png"], None))
    assert key(union, ["a.png"], None) != before


def test_an_unreadable_file_is_left_to_the_extractor():
    assert key(make_pipeline(ByteCounts("log"), StandardScaler()), ["no file"]) is None


class WithoutWeights(LetterCounts):
    def _fingerprint_state(self):
        raise FileNotFoundError("weights.pt")


def test_a_wrong_parameter_is_left_to_the_extractor():
    assert key(make_pipeline(WithoutWeights(), StandardScaler())) is None


@pytest.mark.parametrize(
    ("transformer", "X"),
    [
        (CountedWords("log"), [io.BytesIO(b"red shoe")]),
        (CountedWords("log", random_state=lambda: 0), COLUMN),
    ],
)
def test_what_cannot_be_compared_is_told_once(transformer, X):
    with pytest.warns(CacheWarning, match="memory= leaves out CountedWords, .* cannot be"):
        assert key(transformer, X) is None
    assert key(transformer, X) is None  # without a second warning, which would be raised


def test_key_of_a_transform(tmp_path):
    fitted = CountedWords(str(tmp_path / "log")).fit(["red"])

    def second(fitted_as="a", X=COLUMN, **params):
        return transform_key(fitted_as, fitted, X, Bunch(**params))

    keys = [second(), second("b"), second(X=COLUMN[::-1]), second(transform={"a": 1}), key(fitted)]
    assert len(set(keys)) == len(keys)
    assert second() == keys[0]
    assert second(None) is None
    fitted.words_ = ["red", "blue"]  # what is learned is told by the key of the fit
    assert second() == keys[0]
    fitted.set_output(transform="pandas")
    assert second() != keys[0]
    fitted.set_output(transform="default").set_params(power=3.0)
    assert second() != keys[0]
