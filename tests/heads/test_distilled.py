"""DistilledClassifier against loops written by hand, on tables and on blocks."""

import pickle

import numpy as np
import pandas as pd
import pytest
from byte_counts import ByteCounts, computed, write_files
from scipy.special import expit
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

import mmsk
from mmsk import (
    ConcatFusion,
    DistilledClassifier,
    FeatureBlocks,
    ModalityTransformer,
    MultiKernelSVC,
    SVMClassifier,
    TfidfEmbedder,
)

N_ROWS = 90
LABELS = ["cat", "dog", "fox"]


@pytest.fixture
def y():
    return np.array(LABELS)[np.arange(N_ROWS) % 3]


@pytest.fixture
def table(y):
    """A column that shows the class well, and one that shows it poorly."""
    generator = np.random.default_rng(0)
    codes = np.searchsorted(LABELS, y)
    dear, cheap = (codes + scale * generator.normal(size=N_ROWS) for scale in (0.3, 1.0))
    return pd.DataFrame({"dear": dear, "cheap": cheap, "cheap squared": cheap**2})


def on(columns, head=None):
    columns = ColumnTransformer([("columns", "passthrough", columns)])
    return make_pipeline(columns, LogisticRegression() if head is None else head)


TEACHER, STUDENT = on(["dear", "cheap"]), on(["cheap", "cheap squared"])


def by_hand(said, codes, temperature, mixing_weight):
    """Return shares of the classes, row by row; `codes` is -1 for a row without label."""
    shares = []
    for row, code in zip(said, codes, strict=True):
        soft = row ** (1 / temperature) / sum(row ** (1 / temperature))
        if code >= 0:
            soft = mixing_weight * soft
            soft[code] += 1 - mixing_weight
        large = np.where(soft > 0.01 * soft.max(), soft, 0)
        shares.append(large / large.sum())
    return np.array(shares)


def fitted_on(shares, X, head):
    """Fit a head on every row once for each class."""
    n_classes = shares.shape[1]
    rows = np.repeat(np.asarray(X), n_classes, axis=0)
    weights = shares.ravel()
    labels = np.tile(LABELS[:n_classes], len(shares))
    return head.fit(rows[weights > 0], labels[weights > 0], weights[weights > 0])


@pytest.mark.parametrize(("temperature", "mixing_weight"), [(1.0, 0.5), (3.0, 0.8), (0.5, 1.0)])
def test_equals_a_loop_by_hand(table, y, temperature, mixing_weight):
    settings = {"temperature": temperature, "mixing_weight": mixing_weight, "cv": 4}
    model = DistilledClassifier(TEACHER, STUDENT, **settings).fit(table, y)
    said = cross_val_predict(TEACHER, table, y, cv=StratifiedKFold(4), method="predict_proba")
    shares = by_hand(said, np.searchsorted(LABELS, y), temperature, mixing_weight)
    head = fitted_on(shares, table[["cheap", "cheap squared"]], LogisticRegression())
    np.testing.assert_allclose(model.student_[-1].coef_, head.coef_, rtol=1e-3, atol=1e-5)
    whole = clone(TEACHER).fit(table, y)
    np.testing.assert_array_equal(model.teacher_.predict(table), whole.predict(table))
    assert model.classes_.tolist() == LABELS


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_rows_without_label_are_named_by_the_teacher(table, y, missing):
    labelled = np.arange(N_ROWS) < 45
    gappy = y.astype(object)
    gappy[~labelled] = missing
    model = DistilledClassifier(TEACHER, STUDENT, cv=3).fit(table, gappy)
    few, y_few = table[labelled], y[labelled]
    said = np.vstack(
        [
            cross_val_predict(TEACHER, few, y_few, cv=StratifiedKFold(3), method="predict_proba"),
            clone(TEACHER).fit(few, y_few).predict_proba(table[~labelled]),
        ]
    )
    codes = np.where(labelled, np.searchsorted(LABELS, y), -1)
    shares = by_hand(said, codes, 1.0, 0.5)
    head = fitted_on(shares, table[["cheap", "cheap squared"]], LogisticRegression())
    np.testing.assert_allclose(model.student_[-1].coef_, head.coef_, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("form", [lambda y: y.astype(float), lambda y: pd.Series(y, dtype="Int64")])
def test_numbers_with_gaps(table, y, form):
    numbers = form(np.searchsorted(LABELS, y))
    gappy = numbers.copy()
    gappy[-30:] = np.nan if isinstance(gappy, np.ndarray) else pd.NA
    predictions = DistilledClassifier(TEACHER, STUDENT).fit(table, gappy).predict(table)
    assert np.mean(predictions == np.asarray(numbers)) > 0.5


def test_with_labels_alone_it_is_the_student(table, y):
    model = DistilledClassifier(TEACHER, STUDENT, mixing_weight=0.0).fit(table, y)
    alone = clone(STUDENT).fit(table, y)
    np.testing.assert_allclose(model.predict_proba(table), alone.predict_proba(table), atol=1e-4)


def test_a_frozen_teacher_is_taken_as_it_is(table, y):
    teacher = clone(TEACHER).fit(table[:45], y[:45])
    frozen = FrozenEstimator(teacher)
    model = DistilledClassifier(frozen, STUDENT, mixing_weight=1.0).fit(table, y)
    assert model.teacher_.estimator is teacher
    shares = by_hand(teacher.predict_proba(table), np.full(N_ROWS, -1), 1.0, 1.0)
    head = fitted_on(shares, table[["cheap", "cheap squared"]], LogisticRegression())
    np.testing.assert_allclose(model.student_[-1].coef_, head.coef_, rtol=1e-3, atol=1e-5)
    without_labels = DistilledClassifier(frozen, STUDENT).fit(table, [None] * N_ROWS)
    np.testing.assert_array_equal(without_labels.student_[-1].coef_, model.student_[-1].coef_)
    fewer = DistilledClassifier(frozen, STUDENT).fit(table[y != "fox"], y[y != "fox"])
    assert fewer.classes_.tolist() == LABELS


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_teacher_with_decision_values_alone(table, y, n_classes):
    rows = np.isin(y, LABELS[:n_classes])
    teacher = FrozenEstimator(on(["dear"], LinearSVC()).fit(table[rows], y[rows]))
    values = teacher.decision_function(table[rows])
    said = np.exp(values) if n_classes == 3 else np.column_stack([expit(-values), expit(values)])
    shares = by_hand(said / said.sum(axis=1, keepdims=True), np.full(rows.sum(), -1), 1.0, 1.0)
    model = DistilledClassifier(teacher, STUDENT, mixing_weight=1.0).fit(table[rows], y[rows])
    cheap = table.loc[rows, ["cheap", "cheap squared"]]
    head = fitted_on(shares, cheap, LogisticRegression())
    np.testing.assert_allclose(model.student_[-1].coef_, head.coef_, rtol=1e-3, atol=1e-5)


def test_a_class_that_a_fold_lacks_has_no_share(table, y):
    order = np.argsort(y, kind="stable")
    model = DistilledClassifier(TEACHER, STUDENT, cv=KFold(3)).fit(table.iloc[order], y[order])
    assert np.isfinite(model.student_[-1].coef_).all()
    assert model.score(table, y) > 0.4


def test_steps_before_the_last_learn_from_plain_rows(table, y, tmp_path):
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    columns = ColumnTransformer([("columns", StandardScaler(), ["cheap"])])
    for student in (
        make_pipeline(columns, inner),
        make_pipeline(columns, inner, memory=str(tmp_path)),
    ):
        student = DistilledClassifier(TEACHER, student).fit(table, y).student_
        scaler = student[0].named_transformers_["columns"]
        assert scaler.mean_[0] == pytest.approx(table["cheap"].mean())
        assert scaler.n_samples_seen_ == student[1][0].n_samples_seen_ == N_ROWS
        assert student.predict(table).shape == (N_ROWS,)


@pytest.mark.parametrize("head", [SVC(), SVMClassifier(), RidgeClassifier(), MultiKernelSVC()])
def test_students_of_any_kind(table, y, head):
    features = ModalityTransformer([("one", "passthrough", ["cheap"])])
    model = DistilledClassifier(TEACHER, make_pipeline(features, head)).fit(table, y)
    assert model.decision_function(table[["cheap"]]).shape == (N_ROWS, 3)
    with pytest.raises(AttributeError, match="predict_proba"):
        model.predict_proba(table)


def test_predicts_without_the_columns_of_the_teacher(table, y):
    model = DistilledClassifier(TEACHER, STUDENT).fit(table, y)
    cheap = table[["cheap", "cheap squared"]]
    np.testing.assert_array_equal(model.predict(cheap), model.predict(table))
    np.testing.assert_array_equal(
        model.predict_log_proba(cheap), np.log(model.predict_proba(cheap))
    )
    assert model.n_features_in_ == 3
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(cheap), model.predict_proba(cheap))


def test_each_file_is_computed_once(tmp_path, y):
    paths, log = write_files(tmp_path / "files", N_ROWS), tmp_path / "log"
    table = pd.DataFrame({"file": paths, "text": y})
    file = ("file", ByteCounts(str(log)), "file")
    features = ModalityTransformer([file, ("text", TfidfEmbedder(), "text")])
    teacher = make_pipeline(features, ConcatFusion(), LogisticRegression())
    student = make_pipeline(ModalityTransformer([file]), ConcatFusion(), LogisticRegression())
    model = DistilledClassifier(teacher, student, cv=3)
    with mmsk.config_context(cache=True, cache_dir=tmp_path / "store"):
        model.fit(table, y)
    assert computed(log) == N_ROWS
    log.unlink()
    text = ModalityTransformer([("text", TfidfEmbedder(), "text")])
    teacher = FrozenEstimator(
        make_pipeline(text, ConcatFusion(), LogisticRegression()).fit(table, y)
    )
    DistilledClassifier(teacher, student).fit(table, y)
    assert computed(log) == N_ROWS, "without a store each row is computed once, not once a class"


def test_search_over_temperature_and_the_student(table, y):
    model = DistilledClassifier(TEACHER, STUDENT, cv=2)
    grid = {
        "temperature": [0.5, 5.0],
        "student__logisticregression__C": [0.01, 10.0],
        "teacher__logisticregression__C": [1.0],
    }
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(table, y)
    assert len(set(search.cv_results_["mean_test_score"])) > 1
    assert set(search.predict(table)) <= set(LABELS)


def test_a_search_scores_the_rows_that_have_a_label(table, y):
    numbers = np.searchsorted(LABELS, y)
    few = np.where(np.arange(N_ROWS) % 9 < 3, numbers, None)
    model = DistilledClassifier(TEACHER, STUDENT, cv=3)
    search = GridSearchCV(model, {"temperature": [0.5, 2.0]}, cv=3, error_score="raise")
    predictions = search.fit(table, few).predict(table)
    labelled = few == numbers
    expected = np.mean(predictions[labelled] == numbers[labelled])
    assert search.score(table, few) == pytest.approx(expected)
    weight = labelled * (1.0 + np.arange(N_ROWS))
    expected = np.average(predictions == numbers, weights=weight)
    score = search.best_estimator_.score(table, few, sample_weight=weight)
    assert score == pytest.approx(expected)
    with pytest.raises(ValueError, match="y holds no label to score by"):
        search.score(table, [None] * N_ROWS)


def test_rows_without_label_help_where_labels_are_few(table, y):
    few = np.where(np.arange(N_ROWS) % 9 < 3, y, None)
    alone = clone(STUDENT).fit(table[few == y], y[few == y])
    model = DistilledClassifier(TEACHER, STUDENT, cv=3).fit(table, few)
    many = clone(STUDENT).fit(table, y)
    to_many = [
        np.abs(one.predict_proba(table) - many.predict_proba(table)).mean()
        for one in (alone, model)
    ]
    assert to_many[1] < to_many[0]


def test_row_weights_reach_teacher_and_student(table, y):
    weight = np.where(np.arange(N_ROWS) < 60, 1.0, 0.0)
    half = [np.arange(0, 30), np.arange(30, 60)]
    rest = np.arange(60, 90)
    folds = [(half[0], np.r_[half[1], rest]), (np.r_[half[1], rest], half[0])]
    given = DistilledClassifier(TEACHER, STUDENT, cv=folds).fit(table, y, sample_weight=weight)
    folds = [(half[0], half[1]), (half[1], half[0])]
    kept = DistilledClassifier(TEACHER, STUDENT, cv=folds).fit(table[:60], y[:60])
    np.testing.assert_allclose(
        given.predict_proba(table), kept.predict_proba(table), rtol=1e-2, atol=1e-3
    )
    with config_context(enable_metadata_routing=True):
        routed = clone(kept).set_params(cv=given.cv).fit(table, y, sample_weight=weight)
    np.testing.assert_array_equal(routed.predict_proba(table), given.predict_proba(table))


def test_blocks(table, y):
    blocks = FeatureBlocks(
        {"dear": table[["dear"]].to_numpy(), "cheap": table[["cheap"]].to_numpy()}
    )
    head = make_pipeline(ConcatFusion(), LogisticRegression())
    model = DistilledClassifier(head, head).fit(blocks, y)
    assert model.score(blocks, y) > 0.8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_jobs": 0}, "n_jobs=0 is no number of threads"),
        ({"temperature": 0}, "temperature=0 is not a number above 0"),
        ({"temperature": "hot"}, "temperature='hot' is not a number"),
        ({"mixing_weight": 1.5}, "mixing_weight=1.5 is not a number of at least 0 and at most 1"),
        ({"teacher": Ridge()}, r"teacher=Ridge\(\) is not a classifier"),
        ({"student": LogisticRegression}, "student=<class '.*'> is not a classifier"),
        ({"student": KNeighborsClassifier()}, r"its fit takes no sample_weight\. Let it end in a"),
        (
            {"student": on(["cheap"], KNeighborsClassifier())},
            r"of the student, KNeighborsClassifier\(\), takes no sample_weight",
        ),
        (
            {"student": GridSearchCV(STUDENT, {})},
            "takes no sample_weight.*a search goes around the DistilledClassifier, not into it",
        ),
        ({"teacher": FrozenEstimator(LogisticRegression())}, "is not fitted yet"),
        (
            {"teacher": VotingClassifier([("one", TEACHER)])},
            "has neither predict_proba nor decision_function, and so cannot say how likely",
        ),
        (
            {"cv": [([0, 1, 2, 3], [4, 5, 6])]},
            "does not test every row exactly once",
        ),
    ],
)
def test_refused_parameters(table, y, settings, message):
    with pytest.raises((ValueError, NotFittedError), match=message):
        DistilledClassifier(**({"teacher": TEACHER, "student": STUDENT} | settings)).fit(table, y)


def test_refused_labels(table, y):
    model = DistilledClassifier(TEACHER, STUDENT)
    with pytest.raises(ValueError, match="y holds 1 class, 'cat': a teacher learns from two"):
        model.fit(table[y == "cat"], y[y == "cat"])
    with pytest.raises(ValueError, match="y holds no label: a teacher learns from two"):
        model.fit(table, [None] * N_ROWS)
    with pytest.raises(ValueError, match=r"DistilledClassifier learns from y: call fit\(X, y\)"):
        model.fit(table, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(table, y[:-1])
    with pytest.raises(ValueError, match="Unknown label type"):
        model.fit(table, table["cheap"])
    frozen = FrozenEstimator(clone(TEACHER).fit(table[y != "fox"], y[y != "fox"]))
    message = (
        "y holds the label 'fox', which the frozen teacher does not know: its classes are 'cat'"
    )
    with pytest.raises(ValueError, match=message):
        DistilledClassifier(frozen, STUDENT).fit(table, y)
    with pytest.raises(NotFittedError, match="DistilledClassifier instance is not fitted yet"):
        model.predict(table)
    assert not hasattr(model, "classes_")
