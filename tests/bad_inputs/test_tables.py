"""Tables at predict that are not like that of fit: 64 and 65."""

import numpy as np
import pandas as pd
import pytest
from made_pictures import noise
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import Pipeline

from mmsk import ColorHistogramEmbedder, ConcatFusion, ModalityTransformer, TfidfEmbedder

N_ROWS = 12
Y = np.arange(N_ROWS) % 2


@pytest.fixture
def table():
    words = ["red car", "green apple", "two cars"]
    return pd.DataFrame(
        {
            "photo": [noise(seed=seed) for seed in range(N_ROWS)],
            "title": [words[row % 3] for row in range(N_ROWS)],
        }
    )


def model(*steps):
    extractors = [
        ("photo", ColorHistogramEmbedder(8, bins=4, grid=1), "photo"),
        ("title", TfidfEmbedder(), "title"),
    ]
    head = ("head", RidgeClassifier(solver="lsqr"))
    return Pipeline([("features", ModalityTransformer(extractors)), *steps, head])


@pytest.fixture
def fitted(table):
    return model(("fusion", ConcatFusion())).fit(table, Y)


@pytest.mark.parametrize(
    "change",
    [lambda table: table.drop(columns="title"), lambda table: table.rename(columns={"title": "t"})],
    ids=["missing", "renamed"],
)
def test_columns_that_are_not_there_are_named(change, fitted, table):
    with pytest.raises(ValueError, match=r"'title' .*is missing|columns are missing: \{'title'\}"):
        fitted.predict(change(table))


def test_columns_are_found_by_name_in_any_order(fitted, table):
    np.testing.assert_array_equal(fitted.predict(table[["title", "photo"]]), fitted.predict(table))


@pytest.mark.parametrize("modality", ["photo", "title"])
def test_a_modality_may_be_missing_throughout(modality, fitted, table):
    table[modality] = None
    assert np.isfinite(fitted.decision_function(table)).all()


def test_a_head_that_takes_no_gaps_says_so(table):
    without_fusion = model().fit(table, Y)
    with pytest.raises(ValueError, match="NaN"):
        without_fusion.predict(table.assign(photo=None))


def test_a_row_without_any_modality_is_named(fitted, table):
    table.loc[3] = None
    with pytest.raises(ValueError, match="Row 3 has no modality at all"):
        fitted.predict(table)
