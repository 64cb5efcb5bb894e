import io
import pickle
import sys
import types
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from counted_words import CountedWords
from letter_counts import LetterCounts
from scipy import sparse
from scripts import run
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mmsk.compose._content_digest import CELLS_AT_A_TIME, ContentDigest, digest_of
from mmsk.extraction._fingerprint import NotPlainError

NUMBERS = np.arange(6.0).reshape(2, 3)
TABLE = pd.DataFrame({"text": ["a", None, "c", "d"], "n": [1.0, 2.0, np.nan, 4.0]})


def mapped(tmp_path, array):
    np.save(tmp_path / "array.npy", array)
    return np.load(tmp_path / "array.npy", mmap_mode="r")


def test_what_a_worker_gets_is_equal(tmp_path):
    """joblib maps large arrays into the memory of its workers."""
    assert digest_of(mapped(tmp_path, NUMBERS)) == digest_of(NUMBERS)


@pytest.mark.parametrize(
    "value",
    [
        TABLE,
        TABLE["text"],
        TABLE["n"],
        TABLE.assign(c=pd.Categorical(["x", "y", "x", None])),
        TABLE.assign(t=pd.to_datetime(["2020-01-01"] * 4, utc=True)),
        TABLE.set_index(["text", "n"]),
        pl.from_pandas(TABLE),
        pl.from_pandas(TABLE)["text"],
        pd.Series([1, 2], dtype="Int64"),
        np.array(["a", None, 3.5, NUMBERS], dtype=object),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        ("texts", b"bytes", 1, 2.5, None, {"a": {1, 2}}, slice(1), range(3), np.float32(2)),
        sparse.csr_matrix(NUMBERS),
        np.random.RandomState(3),
        np.random.default_rng(3),
        make_pipeline(TfidfVectorizer(dtype=np.float32), PCA(2, random_state=3)),
        FunctionTransformer(np.log1p),
        partial(np.clip, a_min=0),
        StandardScaler().fit(NUMBERS),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_copy_is_equal(value):
    assert digest_of(pickle.loads(pickle.dumps(value))) == digest_of(value)


def test_rows_of_a_table_equal_their_copy():
    part = TABLE["text"].iloc[1:3]
    assert digest_of(part) == digest_of(part.copy())
    assert digest_of(TABLE.iloc[1:3]) == digest_of(TABLE.iloc[1:3].copy())


def test_sets_have_no_order():
    assert digest_of({"a", "b", "c"}) == digest_of({"c", "b", "a"})


def function_of(code, name="function"):
    module = types.ModuleType("some_module")
    exec(code, vars(module))
    sys.modules["some_module"] = module
    return getattr(module, name)


def square(x):
    return x * x


def cube(x):
    return x * x * x


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (1, 1.0),
        (1, True),
        (1, "1"),
        ("a", b"a"),
        (None, float("nan")),
        (None, pd.NA),
        (float("nan"), pd.NaT),
        (0.0, -0.0),
        (["ab", "c"], ["a", "bc"]),
        (["a", None], [None, "a"]),
        ([["a"], "b"], [["a", "b"]]),
        (["a"], ("a",)),
        ([], [[]]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": "b"}, {"b": "a"}),
        (["a"] * CELLS_AT_A_TIME, ["a"] * (CELLS_AT_A_TIME + 1)),
        (NUMBERS, NUMBERS.T),
        (NUMBERS, NUMBERS.ravel()),
        (NUMBERS, np.asfortranarray(NUMBERS)),
        (NUMBERS, NUMBERS.astype(np.float32)),
        (NUMBERS, NUMBERS + 1e-12),
        (np.array(["a"], dtype=object), np.array(["b"], dtype=object)),
        (TABLE, TABLE[["n", "text"]]),
        (TABLE, TABLE.rename(columns={"n": "m"})),
        (TABLE["n"], TABLE["n"].rename("m")),
        (TABLE["n"], TABLE["n"].set_axis([3, 2, 1, 0])),
        (TABLE["text"], TABLE["text"].astype(object)),
        (TABLE["text"], TABLE["text"].astype("category")),
        (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["a", "c"])),
        (pl.Series("a", [1]), pl.Series("b", [1])),
        (pl.Series("a", [1], pl.Int8), pl.Series("a", [1], pl.Int16)),
        (sparse.csr_matrix(NUMBERS), sparse.csc_matrix(NUMBERS)),
        (sparse.csr_matrix(NUMBERS), sparse.csr_matrix(2 * NUMBERS)),
        (np.random.RandomState(3), np.random.RandomState(4)),
        (PCA(2), PCA(3)),
        (PCA(2), PCA(2).set_output(transform="pandas")),
        (make_pipeline(PCA(2)), make_pipeline(PCA(3))),
        (StandardScaler().fit(NUMBERS), StandardScaler().fit(2 * NUMBERS)),
        (
            FrozenEstimator(StandardScaler().fit(NUMBERS)),
            FrozenEstimator(StandardScaler().fit(2 * NUMBERS)),
        ),
        (LetterCounts(), LetterCounts("xy")),
        (LetterCounts(), LetterCounts(on_error="missing")),
        (np.log1p, np.log),
        (len, max),
        (partial(round, ndigits=0), partial(round, ndigits=1)),
    ],
    ids=str,
)
def test_what_differs_differs(one, two):
    if isinstance(one, pd.Categorical):
        one, two = pd.Series(one), pd.Series(two)
    assert digest_of(one) != digest_of(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("def function(x):\n  return x", "def function(x):\n  return 2 * x"),
        ("def function(x, n=1):\n  return n", "def function(x, n=2):\n  return n"),
        (
            "class function:\n  get_params = lambda self, deep: {}\n  def fit(self): return 1",
            "class function:\n  get_params = lambda self, deep: {}\n  def fit(self): return 2",
        ),
    ],
)
def test_code_counts(one, two, monkeypatch):
    monkeypatch.delitem(sys.modules, "some_module", raising=False)
    digests = []
    for code in (one, two):
        value = function_of(code)
        digests.append((digest_of(value), digest_of(value()) if isinstance(value, type) else 0))
    (first, first_instance), (second, second_instance) = digests
    assert first != second
    assert first_instance != second_instance or first_instance == 0


def test_the_version_of_a_package_counts(monkeypatch):
    before = digest_of(PCA())
    monkeypatch.setattr(sys.modules["sklearn"], "__version__", "99")
    assert digest_of(PCA()) != before


@pytest.mark.parametrize(
    ("estimator", "inert"),
    [
        (CountedWords("log"), {"n_jobs": 2, "verbose": True}),
        (LetterCounts(), {"n_jobs": 2, "batch_size": 7}),
        (make_pipeline(CountedWords("log")), {"memory": "folder", "countedwords__n_jobs": 2}),
    ],
)
def test_what_cannot_change_a_result_does_not_count(estimator, inert):
    before = digest_of(estimator)
    assert digest_of(estimator.set_params(**inert)) == before


def test_parameters_only():
    def digest(estimator):
        content = ContentDigest(learned=False)
        content.add(estimator)
        return content.hexdigest()

    fitted = StandardScaler().fit(NUMBERS)
    assert digest(fitted) == digest(StandardScaler())
    assert digest(fitted) != digest(StandardScaler(with_mean=False))
    assert digest(make_pipeline(fitted)) == digest(make_pipeline(StandardScaler()))
    before = digest(fitted)
    assert digest(fitted.set_output(transform="pandas")) != before


class Odd(BaseEstimator):
    def __init__(self, value=None):
        self.value = value


@pytest.mark.parametrize(
    "value",
    [
        object(),
        io.BytesIO(b"content"),
        lambda x: x,
        (number for number in [1]),
        np.ma.array([1], mask=[True]),
        types.SimpleNamespace(a=1),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("put", [lambda v: v, lambda v: ["a", v], lambda v: {"k": v}, Odd])
def test_what_cannot_be_compared_is_refused(value, put):
    with pytest.raises(NotPlainError, match=r"cannot be (compared|found by its name)"):
        digest_of(put(value))


PRINT = """
from sklearn.pipeline import make_pipeline
from counted_words import CountedWords
from mmsk.text import TfidfEmbedder
from mmsk.compose._content_digest import digest_of
print(digest_of([make_pipeline(TfidfEmbedder(), CountedWords("log")), {"a", "b", "c"}]))
"""


def test_equal_in_every_process():
    assert run(PRINT, PYTHONHASHSEED="1") == run(PRINT, PYTHONHASHSEED="2")
