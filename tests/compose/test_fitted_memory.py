"""What is kept and found again; and whole searches with and without it."""

import pickle
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from byte_counts import ByteCounts, computed, write_files
from counted_words import CountedSizes, CountedWords, calls
from letter_counts import LetterCounts
from scipy import sparse
from scripts import finish, start
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from mmsk import (
    CacheWarning,
    ConcatFusion,
    ModalityTransformer,
    ReadError,
    TfidfEmbedder,
    config_context,
)
from mmsk._config import current_config
from mmsk.compose import _fitted_memory
from mmsk.compose._fitted_memory import ABSENT, Shelf, recall, take_settings

N_ROWS = 24
KEY = "0" * 64
MATRIX = sparse.random_array((40, 30), density=0.2, format="csr", rng=0)
RESULT = (MATRIX, {"fortran": np.asfortranarray(MATRIX.toarray()), "texts": ["a", "b"]})


@pytest.fixture(autouse=True)
def warned(monkeypatch):
    monkeypatch.setattr(_fitted_memory, "_warned", set())


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "log")


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "memory")


@pytest.fixture
def table():
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(list("abcdef"), 4)) for _ in range(2 * N_ROWS)]
    table = pd.DataFrame(
        {
            "title": texts[:N_ROWS],
            "caption": texts[N_ROWS:],
            "price": generator.normal(size=N_ROWS),
        },
        index=[f"row{number}" for number in range(N_ROWS)],
    )
    table.loc[table.index[[0, 7, 8]], "title"] = None
    return table


@pytest.fixture
def y():
    return np.arange(N_ROWS) % 2


def entry_file(folder):
    (file,) = Path(folder).rglob("output.pkl")
    return file


# --- the shelf


def test_what_is_kept_is_found(folder):
    assert Shelf(folder).read(KEY) is ABSENT
    Shelf(folder).write(KEY, RESULT)
    matrix, others = Shelf(folder).read(KEY)
    assert type(matrix) is type(MATRIX)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(matrix, name), getattr(MATRIX, name))
    assert others["fortran"].flags.f_contiguous
    assert others["fortran"].flags.writeable
    np.testing.assert_array_equal(others["fortran"], RESULT[1]["fortran"])
    assert Shelf(folder).read("1" * 64) is ABSENT


@pytest.mark.parametrize(
    "options", [{"compress": True}, {"mmap_mode": "r"}, {"location": None}], ids=str
)
def test_any_joblib_memory(folder, options):
    memory = joblib.Memory(**{"location": folder, "verbose": 0, **options})
    Shelf(memory).write(KEY, RESULT)
    found = Shelf(memory).read(KEY)
    if options.get("location", folder) is None:
        assert found is ABSENT
    else:
        np.testing.assert_array_equal(found[0].toarray(), MATRIX.toarray())


class DictMemory:
    """The least that scikit-learn asks of a memory."""

    def __init__(self):
        self.entries = {}

    def cache(self, function, ignore):
        def cached(key, give):
            if key not in self.entries:
                self.entries[key] = function(key, give)
            return self.entries[key]

        return cached


def test_what_is_only_like_a_memory():
    memory = DictMemory()
    assert recall(memory, KEY, lambda: "computed") == "computed"
    assert recall(memory, KEY, lambda: "again") == "computed"


def flip_a_bit(file, place):
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def test_a_flipped_bit_anywhere_gives_the_result_or_nothing(folder):
    recall(folder, KEY, lambda: RESULT)
    file = entry_file(folder)
    whole = file.read_bytes()
    for place in range(0, len(whole), 97):
        file.write_bytes(whole)
        flip_a_bit(file, place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Shelf(folder).read(KEY)
        if found is not ABSENT:
            np.testing.assert_array_equal(found[0].toarray(), MATRIX.toarray())
            np.testing.assert_array_equal(found[1]["fortran"], MATRIX.toarray())
            assert found[1]["texts"] == ["a", "b"]


def test_a_damaged_entry_is_told_and_written_anew(folder):
    recall(folder, KEY, lambda: RESULT)
    file = entry_file(folder)
    flip_a_bit(file, file.read_bytes().index(MATRIX.data.tobytes()) + 3)
    message = "memory='.*' has a damaged entry, which is computed anew: its checksum is wrong"
    with pytest.warns(CacheWarning, match=message):
        assert recall(folder, KEY, lambda: "anew") == "anew"
    assert recall(folder, KEY, lambda: "a third time") == "anew"


def test_a_cut_entry_is_written_anew(folder):
    recall(folder, KEY, lambda: RESULT)
    file = entry_file(folder)
    file.write_bytes(file.read_bytes()[:-100])
    assert recall(folder, KEY, lambda: "anew") == "anew"
    assert recall(folder, KEY, lambda: "a third time") == "anew"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.warns(CacheWarning, match="memory='.*file' cannot be used: Not a directory"):
        assert recall(tmp_path / "file", KEY, lambda: 1) == 1
    assert recall(tmp_path / "file", KEY, lambda: 2) == 2  # without a second warning


@pytest.mark.parametrize("method", ["_move_item", "_open_item"])
def test_a_full_disk(folder, monkeypatch, method):
    def fail(*_):
        raise OSError(28, "No space left on device")

    assert recall(folder, KEY, lambda: RESULT) is RESULT
    monkeypatch.setattr(joblib._store_backends.FileSystemStoreBackend, method, staticmethod(fail))
    with pytest.warns(CacheWarning, match="No space left on device"):
        assert recall(folder, "1" * 64, lambda: 1) == 1
    assert recall(folder, "1" * 64, lambda: 2) == 2  # without a second warning
    monkeypatch.undo()
    np.testing.assert_array_equal(Shelf(folder).read(KEY)[0].data, MATRIX.data)


def test_locks_that_the_file_system_has_not(folder, monkeypatch):
    def fail(*_):
        raise NotImplementedError

    monkeypatch.setattr(_fitted_memory, "lock_of", fail)
    assert recall(folder, KEY, lambda: 1) == 1
    assert recall(folder, KEY, lambda: 2) == 1


def test_a_result_that_cannot_be_pickled(folder):
    for number in (1, 2):
        result = (number, lambda: 0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert recall(folder, KEY, lambda result=result: result) is result
        assert [w.category for w in caught] == [CacheWarning] * (number == 1)


def test_an_error_is_raised_and_not_kept(folder):
    def fail():
        raise KeyError("missing")

    with pytest.raises(KeyError, match="missing"):
        recall(folder, KEY, fail)
    assert recall(folder, KEY, lambda: 1) == 1


def test_an_entry_brings_no_settings_of_the_feature_store(folder):
    """What travels to a worker is what holds now, not what held when an entry was written."""
    with config_context(cache_dir="elsewhere"):
        Shelf(folder).write(KEY, make_pipeline(LetterCounts()))
        assert b"elsewhere" in pickle.dumps(LetterCounts(), protocol=5)
    assert b"elsewhere" not in entry_file(folder).read_bytes()
    assert Shelf(folder).read(KEY)[0].letters == "abc"
    assert current_config().cache_dir is None


RECALL = """
import os, sys, time
from counted_words import note
from mmsk.compose._fitted_memory import recall
folder, log, seconds = sys.argv[1:]
def compute():
    note(log, "fit")
    time.sleep(float(seconds))
    return os.getpid()
print(recall(folder, "0" * 64, compute))
"""


def test_processes_that_want_the_same_compute_it_once(folder, log):
    printed = [finish(p)[0] for p in [start(RECALL, folder, log, 1.0) for _ in range(2)]]
    assert len(set(printed)) == 1
    assert calls(log) == (1, 0)


def test_a_killed_process_is_not_waited_for(folder, log):
    process = start(RECALL, folder, log, 600)
    while not Path(log).exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert recall(folder, KEY, lambda: "computed here") == "computed here"


def test_settings_are_those_of_the_one_asked_for(log):
    fitted = make_pipeline(ByteCounts(log, device="cuda", batch_size=9), CountedWords(log))
    asked = make_pipeline(ByteCounts(log, device="cpu"), CountedWords(log, n_jobs=3), verbose=True)
    take_settings(fitted, asked)
    assert (fitted[0].device, fitted[0].batch_size, fitted[1].n_jobs) == ("cpu", 4, 3)
    assert fitted.verbose


# --- ModalityTransformer


def some_transformers(log):
    lsa = Pipeline([("words", CountedWords(log)), ("lsa", TruncatedSVD(2, random_state=0))])
    return [
        ("title", CountedWords(log), "title"),
        ("lsa", lsa, "caption"),
        ("both", FeatureUnion([("w", CountedWords(log)), ("l", LetterCounts())]), "caption"),
        ("numbers", StandardScaler(), ["price"]),
        ("letters", LetterCounts(), "title"),
    ]


N_COUNTED = 3


def pipeline(log, memory):
    features = ModalityTransformer(some_transformers(log), memory=memory)
    return Pipeline(
        [("features", features), ("fusion", ConcatFusion()), ("head", LogisticRegression())]
    )


def search(log, memory, n_jobs=None):
    grid = {"fusion__scale": ["block", None], "head__C": [0.1, 1.0]}
    options = {"n_jobs": n_jobs, "error_score": "raise", "return_train_score": True}
    return GridSearchCV(pipeline(log, memory), grid, cv=KFold(2), **options)


def scores(found):
    names = [name for name in found.cv_results_ if "score" in name and "time" not in name]
    return {name: np.asarray(found.cv_results_[name]).tolist() for name in names}


@pytest.mark.parametrize(
    ("n_jobs", "form"), [(1, pd.DataFrame), (1, pl.from_pandas), (2, pd.DataFrame)]
)
def test_a_search_fits_and_transforms_once(table, y, folder, log, n_jobs, form):
    table = form(table)
    expected = search(log, None).fit(table, y)
    n_candidates, n_folds = 4, 2
    n_fits = n_candidates * n_folds
    assert calls(log) == (N_COUNTED * (n_fits + 1), N_COUNTED * n_fits * 2)
    found = search(log, folder, n_jobs).fit(table, y)
    assert calls(log) == (N_COUNTED * (n_folds + 1), N_COUNTED * n_folds * 2)
    assert scores(found) == scores(expected)
    np.testing.assert_array_equal(found.decision_function(table), expected.decision_function(table))
    calls(log)
    again = search(log, Path(folder), n_jobs).fit(table, y)
    assert calls(log) == (0, 0)
    assert scores(again) == scores(expected)


def same(blocks, others):
    assert blocks.names == others.names
    np.testing.assert_array_equal(blocks.present, others.present)
    for name in blocks.names:
        one, two = blocks[name], others[name]
        assert type(one) is type(two)
        assert one.dtype == two.dtype
        if sparse.issparse(one):
            for part in ("data", "indices", "indptr"):
                np.testing.assert_array_equal(getattr(one, part), getattr(two, part))
        else:
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("remainder", ["drop", "passthrough", StandardScaler()])
def test_features_are_those_without_memory(table, log, folder, n_jobs, remainder):
    table["weight"] = np.arange(N_ROWS, dtype=np.float64)
    options = {"n_jobs": n_jobs, "remainder": remainder}
    plain = ModalityTransformer(some_transformers(log), **options)
    expected = plain.fit_transform(table[:16]), plain.transform(table[16:])
    for _ in range(2):
        model = ModalityTransformer(some_transformers(log), memory=folder, **options)
        same(model.fit_transform(table[:16]), expected[0])
        same(model.transform(table[16:]), expected[1])
        assert model.get_feature_names_out().tolist() == plain.get_feature_names_out().tolist()
        nothing = table[16:].assign(title=None)
        same(model.transform(nothing), plain.transform(nothing))


def test_array_output_equals_the_column_transformers(table, log, folder):
    chosen = some_transformers(log)[1:4]
    expected = ColumnTransformer(chosen).fit_transform(table)
    for _ in range(2):
        model = ModalityTransformer(chosen, output="array", memory=folder)
        np.testing.assert_array_equal(model.fit_transform(table), expected)
        np.testing.assert_array_equal(model.transform(table), expected)


def test_weights_share_a_fit(table, log, folder):
    for weights in (None, {"title": 0.5, "numbers": 3.0}, {"title": 2.0}):
        options = {"transformer_weights": weights}
        plain = ModalityTransformer(some_transformers(log), **options)
        expected = plain.fit_transform(table), plain.transform(table[:5])
        calls(log)
        model = ModalityTransformer(some_transformers(log), memory=folder, **options)
        same(model.fit_transform(table), expected[0])
        same(model.transform(table[:5]), expected[1])
        assert calls(log) == ((N_COUNTED, N_COUNTED) if weights is None else (0, 0))


def counted(log, memory, table, y=None, **parameters):
    """Fit and transform with one transformer; return the calls."""
    model = ModalityTransformer(
        [("title", CountedWords(log, **parameters), "title")], memory=memory
    )
    model.fit(table, y).transform(table)
    return calls(log)


def test_what_makes_it_fit_anew(table, y, folder, log, monkeypatch):
    assert counted(log, folder, table, y) == (1, 1)
    assert counted(log, folder, table, y, n_jobs=2) == (0, 0)
    assert counted(log, folder, table, y, power=2.0) == (1, 1)
    assert counted(log, folder, table, 1 - y) == (1, 1)
    assert counted(log, folder, table[::-1], y[::-1]) == (1, 1)
    assert counted(log, folder, table.assign(title=table["title"].str.upper()), y) == (1, 1)
    assert counted(log, folder, table.assign(price=0.0), y) == (0, 0)
    monkeypatch.setattr(CountedWords, "another_method", lambda self: 1, raising=False)
    assert counted(log, folder, table, y) == (1, 1)


@pytest.mark.parametrize("state", [0, None, np.random.RandomState(0)])
def test_candidates_share_a_draw(table, folder, log, state):
    models = [
        ModalityTransformer(
            [("title", CountedWords(log, random_state=state), "title")], memory=folder
        ).fit(table)
        for _ in range(2)
    ]
    assert calls(log) == (1, 0)
    factors = [model["title"].factor_ for model in models]
    assert factors[0] == factors[1]


def test_an_edited_file_is_read_anew(folder, log, tmp_path):
    paths = write_files(tmp_path / "cells", 6)
    rows = str(tmp_path / "rows")
    table = pd.DataFrame({"file": paths})
    transformers = [
        ("counts", make_pipeline(ByteCounts(rows), StandardScaler()), "file"),
        ("sizes", CountedSizes(log), "file"),
    ]

    def fitted():
        return ModalityTransformer(transformers, memory=folder).fit_transform(table)

    before = fitted()
    same(fitted(), before)
    assert (computed(rows), calls(log)) == (6, (1, 1))
    with open(paths[2], "ab") as file:
        file.write(bytes(500))
    after = fitted()
    assert (computed(rows), calls(log)) == (12, (1, 1))
    same(after, ModalityTransformer(transformers).fit_transform(table))
    assert not np.array_equal(after["sizes"], before["sizes"])


@pytest.mark.filterwarnings("ignore:Cells of .* are missing")
def test_set_output(table, folder, log):
    chosen = [("title", TfidfEmbedder(token_pattern=r"\w+"), "title"), *some_transformers(log)[3:]]
    plain = ModalityTransformer(chosen).set_output(transform="pandas").fit(table)
    for labels in (list(table.index), list(range(N_ROWS))):
        relabelled = table.set_axis(labels)
        model = ModalityTransformer(chosen, memory=folder).set_output(transform="pandas")
        for frame in (model.fit_transform(relabelled), model.transform(relabelled)):
            pd.testing.assert_frame_equal(frame, plain.transform(relabelled))
    model.set_output(transform="default")
    assert model.transform(table)["title"].shape[0] == N_ROWS


def test_metadata(table, y, folder, log):
    with sklearn.config_context(enable_metadata_routing=True):
        routed = CountedWords(log).set_fit_request(sample_weight=True)
        model = ModalityTransformer([("title", routed, "title")], memory=folder)
        for factor in (1.0, 1.0, 2.0):
            model.fit(table, y, sample_weight=factor * np.ones(N_ROWS))
            assert model["title"].weight_ == factor
    assert calls(log) == (2, 0)


def test_callbacks_do_not_count(table, folder, log, capsys):
    for number in range(2):
        model = ModalityTransformer(some_transformers(log)[:1], memory=folder)
        model.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(table)
        assert calls(log) == ((1, 0) if number == 0 else (0, 0))
        assert "ModalityTransformer" in capsys.readouterr().out


def test_errors_are_those_without_memory(table, folder):
    bad = table.assign(caption=table["caption"].astype(object))
    bad.iloc[6, 1] = 7
    transformer = make_pipeline(LetterCounts(), StandardScaler())
    for _ in range(2):
        model = ModalityTransformer([("letters", transformer, "caption")], memory=folder)
        with pytest.raises(ReadError, match=r"row 6 \(index 'row6'\), column 'caption'"):
            model.fit(bad)
    with pytest.raises(ValueError, match="No terms to learn from") as caught:
        ModalityTransformer([("title", TfidfEmbedder(), "title")], memory=folder).fit(table)
    assert caught.value.__notes__ == ["Raised by the transformer 'title'."]


def test_on_error_counts(table, folder):
    """A fit that let bad cells pass is none for a model that should raise."""
    bad = table.assign(caption=table["caption"].astype(object))
    bad.iloc[6, 1] = 7
    lenient = TfidfEmbedder(token_pattern=r"\w+", on_error="missing")
    with pytest.warns(UserWarning, match="1 unreadable"):
        ModalityTransformer([("text", lenient, "caption")], memory=folder).fit(bad)
    strict = clone(lenient).set_params(on_error="raise")
    with pytest.raises(ReadError, match="row 6"):
        ModalityTransformer([("text", strict, "caption")], memory=folder).fit(bad)


def test_what_needs_no_fit_keeps_nothing(table, folder):
    model = ModalityTransformer(
        [("letters", LetterCounts(), "title"), ("price", "passthrough", ["price"])], memory=folder
    )
    model.fit(table).transform(table)
    assert not Path(folder).exists()


def test_a_clone_forgets_and_a_pickle_keeps(table, folder, log):
    model = ModalityTransformer([("title", CountedWords(log), "title")], memory=folder)
    model.fit(table).transform(table)
    assert calls(log) == (1, 1)
    loaded = pickle.loads(pickle.dumps(model))
    loaded.transform(table)
    assert calls(log) == (0, 0)
    assert not hasattr(clone(model), "_fit_keys")
    loaded.set_params(memory=None).transform(table)
    assert calls(log) == (0, 1)
    without = clone(model).set_params(memory=None).fit(table)
    without.set_params(memory=folder).transform(table)  # of a fit that has no name
    assert calls(log) == (1, 1)


def test_nothing_changes_on_self(table, folder, log):
    model = ModalityTransformer(some_transformers(log), memory=folder).fit(table)
    before = pickle.dumps(model)
    model.transform(table)
    assert pickle.dumps(model) == before


def test_a_result_is_the_callers_own(table, folder, log):
    model = ModalityTransformer(some_transformers(log)[3:4], memory=folder)
    for _ in range(2):
        block = model.fit_transform(table)["numbers"]
        np.testing.assert_allclose(block.mean(), 0, atol=1e-12)
        block += 100


def test_what_is_no_memory(table, log):
    model = ModalityTransformer(some_transformers(log), memory=5)
    with pytest.raises(ValueError, match="The 'memory' parameter of ModalityTransformer must be"):
        model.fit(table)


def test_a_column_that_cannot_be_compared_is_computed(folder, log):
    class Text(str):
        pass

    table = pd.DataFrame({"title": pd.Series([Text("a b"), Text("b c")], dtype=object)})
    with pytest.warns(CacheWarning, match="the content of a .*Text cannot be compared"):
        assert counted(log, folder, table) == (1, 1)
    assert counted(log, folder, table) == (1, 1)


def test_joblib_makes_room(table, folder, log):
    counted(log, folder, table)
    memory = joblib.Memory(folder, verbose=0)
    memory.reduce_size(items_limit=0)
    assert list(Path(folder).rglob("output.pkl")) == []
    assert counted(log, memory, table) == (1, 1)


def test_fails_no_check_that_its_parent_passes(folder):
    columns = [("numbers", StandardScaler(), [0])]
    failed = []
    for estimator in (ColumnTransformer(columns), ModalityTransformer(columns, memory=folder)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = check_estimator(estimator, on_skip=None, on_fail=None)
        failed.append({each["check_name"] for each in results if each["status"] == "failed"})
    assert failed[1] <= failed[0]
