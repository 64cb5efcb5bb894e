"""The figure of a search shows what the table holds."""

import sys

import numpy as np
import pytest
from sklearn.base import clone

from mmsk import FusionSearchDisplay, MissingDependencyError, search_pivot

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    matplotlib.pyplot.close("all")


def test_dots_bars_and_labels(search):
    display = FusionSearchDisplay.from_search(search)
    pivot = search_pivot(search)
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == pivot.index.tolist()
    assert display.figure_ is display.ax_.figure
    assert display.ax_.get_xlabel().startswith("score, mean ± std")
    assert len(display.errorbars_) == 2
    times = iter([text.get_text() for text in display.ax_.texts])
    for bars, head in zip(display.errorbars_, pivot["mean"].columns, strict=True):
        assert bars.get_label() == head
        dots, _, (lines,) = bars.lines
        mean, std = pivot["mean"][head], pivot["std"][head]
        np.testing.assert_array_equal(np.asarray(dots.get_xdata(), dtype=float), mean)
        assert (np.round(dots.get_ydata()) == np.arange(len(pivot))).all()
        for segment, middle, half in zip(lines.get_segments(), mean, std, strict=True):
            if np.isfinite(middle):
                np.testing.assert_allclose(segment[:, 0], [middle - half, middle + half])
        for seconds in pivot["fit_seconds"][head].dropna():
            assert next(times) == f"{seconds:.2g} s"
    assert next(times, None) is None
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == list(pivot["mean"].columns)
    assert legend.get_title().get_text() == "head"


def test_the_best_fusion_is_on_top(search):
    axes = FusionSearchDisplay.from_search(search).ax_
    low, high = axes.get_ylim()
    assert low > high


def test_axes_of_ones_own(search):
    _, axes = matplotlib.pyplot.subplots()
    display = FusionSearchDisplay.from_search(search, rows="C", columns="fusion", ax=axes)
    assert display.ax_ is axes
    assert display.ax_.get_legend().get_title().get_text() == "fusion"
    assert display.plot().ax_ is not axes


def test_the_axis_names_the_metric(search, blocks, y):
    for scoring, refit, expected in (
        ("balanced_accuracy", True, "balanced_accuracy"),
        (["accuracy", "roc_auc"], "roc_auc", "roc_auc"),
    ):
        several = clone(search).set_params(scoring=scoring, refit=refit)
        several.set_params(param_grid={"head__C": [0.1, 1.0]}).fit(blocks, y)
        display = FusionSearchDisplay.from_search(several)
        assert display.score_name == expected
        assert display.ax_.get_xlabel().startswith(f"{expected}, mean")


def test_without_matplotlib(search, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = r"FusionSearchDisplay needs the package 'matplotlib'.*pip install 'mmsk\[plot\]'"
    with pytest.raises(MissingDependencyError, match=message):
        FusionSearchDisplay.from_search(search)
