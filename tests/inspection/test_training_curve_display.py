"""The figure of a training shows the history that the estimator keeps."""

import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from mmsk import (
    AttentionFusion,
    GatedFusion,
    MissingDependencyError,
    ModalityTransformer,
    TensorFusion,
    TrainingCurveDisplay,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

BRIEFLY = {"n_components": 8, "random_state": 0, "device": "cpu"}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="module")
def stopped(blocks, y):
    return GatedFusion(**BRIEFLY, max_epochs=6, early_stopping=True).fit(blocks, y)


def test_curves_and_the_best_epoch(stopped):
    display = TrainingCurveDisplay.from_estimator(stopped)
    epochs = np.arange(1, stopped.n_epochs_ + 1)
    assert [line.get_label() for line in display.lines_] == ["training", "validation"]
    for line, name in zip(display.lines_, ["loss", "validation_loss"], strict=True):
        np.testing.assert_array_equal(line.get_xdata(), epochs)
        np.testing.assert_array_equal(line.get_ydata(), stopped.history_[name])
    best = epochs[np.argmin(stopped.history_["validation_loss"])]
    assert list(display.best_.get_xdata()) == [best, best]
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["training", "validation", f"best epoch, {best}"]
    assert display.ax_.get_title() == "GatedFusion"
    assert display.ax_.get_xlabel() == "epoch"
    assert display.figure_ is display.ax_.figure
    assert all(float(tick).is_integer() for tick in display.ax_.get_xticks())


@pytest.mark.parametrize("fusion", [AttentionFusion, TensorFusion])
def test_without_rows_held_out_there_is_one_curve(fusion, blocks, y):
    fitted = fusion(**BRIEFLY, max_epochs=2).fit(blocks, y)
    display = TrainingCurveDisplay.from_estimator(fitted)
    assert len(display.lines_) == 1
    assert display.best_ is None


def test_a_single_epoch_is_a_dot(blocks, y):
    fitted = GatedFusion(**BRIEFLY, max_epochs=1).fit(blocks, y)
    (line,) = TrainingCurveDisplay.from_estimator(fitted).lines_
    assert line.get_marker() == "o"


def test_a_history_of_ones_own_on_axes_of_ones_own():
    _, axes = matplotlib.pyplot.subplots()
    history = {"loss": [3.0, 2.0], "learning_rate": [0.1, 0.05]}
    display = TrainingCurveDisplay(history).plot(axes)
    assert display.ax_ is axes
    assert len(display.lines_) == 1
    assert axes.get_title() == ""
    assert display.plot().ax_ is not axes


def test_finds_the_step_of_a_pipeline_and_the_part_of_a_table(stopped, blocks, y):
    head = LogisticRegression().fit(np.asarray(blocks), y)
    inner = Pipeline([("fusion", stopped), ("head", head)])
    nested = Pipeline([("before", "passthrough"), ("model", inner)])
    part = GatedFusion(**BRIEFLY, max_epochs=3)
    parts = ModalityTransformer([("image", part, [0, 1]), ("sound", "passthrough", [2])])
    for model in (inner, nested, parts.fit(np.asarray(blocks), y)):
        display = TrainingCurveDisplay.from_estimator(model)
        assert len(display.lines_[0].get_xdata()) > 1
        assert display.name == "GatedFusion"


def test_several_or_no_histories_are_refused(stopped, blocks, y):
    several = Pipeline([("first", stopped), ("second", stopped)])
    message = "Several parts have a history_: 'first', 'second'. Give one of them alone"
    with pytest.raises(ValueError, match=message):
        TrainingCurveDisplay.from_estimator(several)
    for model in (make_pipeline(LogisticRegression()), GatedFusion()):
        name = type(model).__name__
        with pytest.raises(ValueError, match=f"Found no history_ in {name}: give a fitted"):
            TrainingCurveDisplay.from_estimator(model)


@pytest.mark.parametrize("history", [{"score": [0.5]}, {"loss": [], "score": [0.5]}])
def test_a_history_without_losses_is_refused(history):
    with pytest.raises(ValueError, match=r"holds no 'loss' of any epoch, only .*'score'"):
        TrainingCurveDisplay(history).plot()


def test_without_matplotlib(stopped, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = r"TrainingCurveDisplay needs the package 'matplotlib'.*pip install 'mmsk\[plot\]'"
    with pytest.raises(MissingDependencyError, match=message):
        TrainingCurveDisplay.from_estimator(stopped)
