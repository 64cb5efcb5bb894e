import threading

import numpy as np
import pandas as pd
import pytest
from byte_counts import ByteCounts, write_files
from letter_counts import LetterCounts
from public_objects import public_estimators
from sklearn.base import clone
from sklearn.callback import CallbackSupportMixin, ProgressBar
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer

import mmsk
from mmsk import ConcatFusion, ModalityTransformer, SVMClassifier
from mmsk._progress import FitTasks
from mmsk.extraction import BaseExtractor
from mmsk.heads._deep_base import BaseDeepFusion


class Recorder:
    """A callback that notes the tasks of a fit that run in this process."""

    def __init__(self, depth=None):
        self.max_propagation_depth = depth
        self.begun, self.ended = [], []
        self.lock = threading.Lock()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        with self.lock:
            self.begun.append((context.estimator_name, context.task_name, context.max_subtasks))

    def on_fit_task_end(self, estimator, context):
        with self.lock:
            self.ended.append((context.estimator_name, context.task_name, context.max_subtasks))


def table(n_rows=20):
    texts = ["one cat", "two dogs"] * (n_rows // 2)
    return pd.DataFrame({"letters": texts, "words": texts, "more": texts})


def model(n_jobs=None):
    features = ModalityTransformer(
        [
            ("letters", LetterCounts("acd", batch_size=5), "letters"),
            ("words", TfidfVectorizer(), "words"),
            ("more", LetterCounts("xyz", batch_size=5), "more"),
        ],
        n_jobs=n_jobs,
    )
    steps = [("features", features), ("fusion", ConcatFusion()), ("head", SVMClassifier())]
    return Pipeline(steps)


def test_callbacks_hear_of_every_step_and_batch():
    recorder = Recorder()
    pipeline = model().set_callbacks(recorder)
    pipeline.fit(table(), [0, 1] * 10)
    names = [(estimator, subtasks) for estimator, _, subtasks in recorder.begun]
    # Four batches of five cells make four tasks; a transformer that knows no callbacks is one.
    assert names == [
        ("Pipeline", 3),
        ("ModalityTransformer", 3),
        ("LetterCounts", 4),
        *[("LetterCounts", 0)] * 4,
        ("ModalityTransformer", 0),
        ("LetterCounts", 4),
        *[("LetterCounts", 0)] * 4,
        ("ConcatFusion", 0),
        ("SVMClassifier", 0),
    ]
    assert sorted(recorder.ended) == sorted(recorder.begun)


def test_callbacks_leave_no_trace_and_change_nothing():
    rows, y = table(), [0, 1] * 10
    plain, watched = model().fit(rows, y), model().set_callbacks(Recorder()).fit(rows, y)
    for step in ("features", "fusion", "head"):
        assert vars(watched[step]).keys() == vars(plain[step]).keys()
    np.testing.assert_array_equal(watched.decision_function(rows), plain.decision_function(rows))


@pytest.mark.parametrize("kind", public_estimators().values())
def test_every_estimator_takes_callbacks(kind):
    if hasattr(kind, "fit"):
        assert issubclass(kind, CallbackSupportMixin)


IN_STEPS = mmsk.ModalityTransformer | BaseExtractor | BaseDeepFusion
WITHOUT_STEPS = [
    kind
    for kind in public_estimators().values()
    if hasattr(kind, "fit") and not issubclass(kind, IN_STEPS)
]


NEEDED = {
    mmsk.PerBlock: [Normalizer()],
    mmsk.DistilledClassifier: [LogisticRegression(), LogisticRegression()],
}


@pytest.mark.parametrize("kind", WITHOUT_STEPS)
def test_a_fit_that_is_not_in_steps_is_one_task(kind):
    head = kind(*NEEDED.get(kind, []))
    recorder = Recorder()
    head.set_callbacks(recorder).fit(np.random.default_rng(0).normal(size=(20, 4)), [0, 1] * 10)
    assert recorder.begun == recorder.ended == [(kind.__name__, "fit", 0)]


def test_callbacks_stop_at_their_depth():
    recorder = Recorder(depth=1)
    model().set_callbacks(recorder).fit(table(), [0, 1] * 10)
    assert {name for name, *_ in recorder.begun} == {
        *("Pipeline", "ModalityTransformer", "ConcatFusion", "SVMClassifier")
    }


def test_callbacks_of_a_search_reach_the_extractors():
    recorder = Recorder()
    search = GridSearchCV(model(), {"head__C": [1, 2]}, cv=2, error_score="raise")
    search.set_callbacks(recorder).fit(table(), [0, 1] * 10)
    fits = [name for name, _, subtasks in recorder.begun if (name, subtasks) == ("Pipeline", 3)]
    batches = [name for name, *_ in recorder.begun if name == "LetterCounts"]
    assert len(fits) == 5
    # Two extractors; two batches of five for the ten rows of each fold, four in the refit.
    assert len(batches) == 2 * (4 * (1 + 2) + 1 + 4)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_bar_of_scikit_learn_counts_what_workers_do(capsys, n_jobs):
    pipeline = model(n_jobs).set_callbacks(ProgressBar(max_propagation_depth=None))
    pipeline.fit(table(), [0, 1] * 10)
    shown = capsys.readouterr()
    for name in ("LetterCounts", "ConcatFusion", "SVMClassifier"):
        assert name in shown.out
    assert shown.err == ""


def test_shares_are_equal_and_few():
    recorder = Recorder()
    extractor = LetterCounts("abc").set_callbacks(recorder)
    counts = []
    with FitTasks(extractor, total=1000, size=3) as tasks:
        for _ in range(1000):
            tasks.update(1)
            counts.append(tasks.n_ended)
    assert counts[9::10] == list(range(1, 101))
    assert len(recorder.begun) == 101


def test_a_column_without_cells_has_no_share():
    recorder = Recorder()
    LetterCounts("abc").set_callbacks(recorder).fit_transform([None, None])
    assert recorder.begun == recorder.ended == [("LetterCounts", "fit", 0)]


def test_a_bar_counts_found_computed_repeated_and_bad_cells(capsys, tmp_path):
    paths = write_files(tmp_path / "cells", 6)
    (tmp_path / "cells" / "5.bin").write_bytes(b"bad")
    cells = pd.Series([*paths[:4], None, *paths[:4], *paths], name="file")
    extractor = ByteCounts(str(tmp_path / "log"), seconds_a_row=0.2, on_error="missing")
    with mmsk.config_context(cache=True, cache_dir=tmp_path / "store"):
        extractor.transform(cells[:2])
        assert capsys.readouterr().err == ""
        with mmsk.config_context(progress=True), pytest.warns(mmsk.BadCellWarning):
            extractor.transform(cells)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "ByteCounts file: 100%|██████████| 14/14" in shown.err


def test_a_quick_pass_shows_no_bar(capsys):
    with mmsk.config_context(progress=True):
        LetterCounts("abc").transform(["a"] * 10)
    assert capsys.readouterr().err == ""


def test_callbacks_survive_clone():
    recorder = Recorder()
    clone(LetterCounts("abc").set_callbacks(recorder)).fit_transform(["abc"])
    assert recorder.begun[0] == ("LetterCounts", "fit", 1)
