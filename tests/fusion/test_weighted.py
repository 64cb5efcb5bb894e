"""WeightedFusion: ConcatFusion times a weight for each block."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from mmsk import ConcatFusion, FeatureBlocks, WeightedFusion
from mmsk.fusion._block_weights import alignment_of_block, score_of_block

N_ROWS = 60
LEARNED = {"score": score_of_block, "alignment": alignment_of_block}


@pytest.fixture
def y():
    return np.arange(N_ROWS) % 2


@pytest.fixture
def blocks(y):
    generator = np.random.default_rng(0)
    telling = y[:, None] + 0.3 * generator.normal(size=(N_ROWS, 2))
    telling[::7] = np.nan
    text = sparse.random_array((N_ROWS, 5), density=0.5, rng=generator, format="csr")
    return FeatureBlocks(
        {"telling": telling, "noise": generator.normal(size=(N_ROWS, 3)) * 100, "text": text}
    )


@pytest.fixture
def columns():
    return {"telling": slice(0, 2), "noise": slice(2, 5), "text": slice(5, 10)}


@pytest.mark.parametrize("scale", ["standard", "block", None])
@pytest.mark.parametrize(
    "weights", [{"telling": 2.0, "noise": 0.5}, [2.0, 0.5, 1.0], (2, 0.5, 1), np.array([2, 0.5, 1])]
)
def test_given_weights(blocks, columns, weights, scale):
    fusion = WeightedFusion(weights, scale)
    fused = fusion.fit_transform(blocks).toarray()
    plain = ConcatFusion(scale).fit_transform(blocks).toarray()
    assert fusion.weights_ == {"telling": 2.0, "noise": 0.5, "text": 1.0}
    for name, where in columns.items():
        np.testing.assert_allclose(fused[:, where], plain[:, where] * fusion.weights_[name], 1e-6)


def test_an_indicator_weighs_as_its_block(blocks):
    fused = WeightedFusion({"telling": 0.3}, add_indicator=True).fit_transform(blocks)
    assert fused.shape[1] == 11
    missing = ~blocks.present_in("telling")
    np.testing.assert_array_equal(fused.toarray()[:, 10], missing * np.float32(0.3))


@pytest.mark.parametrize("weights", LEARNED)
def test_learned_weights_are_of_the_scaled_present_rows(blocks, columns, weights, y):
    """Squares in proportion to what each block tells, with a mean of 1."""
    plain = ConcatFusion().fit_transform(blocks).toarray()
    told = []
    for name, where in columns.items():
        rows = np.flatnonzero(blocks.present_in(name))
        told.append(LEARNED[weights](plain[rows, where], y[rows]))
    expected = np.sqrt(np.array(told) / np.mean(told))
    fusion = WeightedFusion(weights).fit(blocks, y)
    assert list(fusion.weights_) == blocks.names
    np.testing.assert_allclose(list(fusion.weights_.values()), expected, rtol=1e-4, atol=1e-6)
    assert np.mean(np.square(list(fusion.weights_.values()))) == pytest.approx(1)
    assert fusion.weights_["telling"] > 2 * max(fusion.weights_["noise"], fusion.weights_["text"])


@pytest.mark.parametrize(
    "form",
    [
        np.asarray,
        list,
        pd.Series,
        lambda y: y[:, None],
        lambda y: y == 1,
        lambda y: np.where(y, "yes", "no"),
        lambda y: np.where(y, "yes", "no").astype(object),
        lambda y: pd.Series(np.where(y, "yes", "no"), index=np.arange(len(y))[::-1]),
        lambda y: pd.Series(y, dtype="category"),
        lambda y: y.astype(float),
    ],
)
def test_any_form_of_target(blocks, y, form):
    expected = WeightedFusion().fit(blocks, y).weights_
    assert WeightedFusion().fit(blocks, form(y)).weights_ == pytest.approx(expected)


@pytest.mark.parametrize("weights", LEARNED)
def test_whole_numbers_as_real_targets(weights):
    """A ranking or a price in cents is no set of classes."""
    y = np.random.default_rng(0).permutation(N_ROWS)
    noise = np.random.default_rng(1).normal(size=(N_ROWS, 1))
    blocks = FeatureBlocks({"telling": y[:, None].astype(float), "noise": noise})
    fusion = WeightedFusion(weights).fit(blocks, y)
    assert fusion.weights_["telling"] > 1 > fusion.weights_["noise"]


@pytest.mark.parametrize("weights", LEARNED)
def test_where_nothing_tells_all_weigh_the_same(weights):
    blocks = FeatureBlocks({"a": np.ones((N_ROWS, 1)), "b": np.ones((N_ROWS, 2))})
    fusion = WeightedFusion(weights).fit(blocks, np.arange(N_ROWS) % 2)
    assert fusion.weights_ == {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize("weights", LEARNED)
def test_a_block_that_no_row_has_weighs_nothing(blocks, y, weights):
    parts = dict(blocks.items()) | {"noise": np.full((N_ROWS, 3), np.nan)}
    fusion = WeightedFusion(weights).fit(FeatureBlocks(parts), y)
    assert fusion.weights_["noise"] == 0
    assert np.isfinite(fusion.transform(blocks).toarray()).all()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"sound": 1.0}, "names the block 'sound', but the blocks are 'telling', 'noise', 'text'"),
        ([1.0, 2.0], "weights has 2 values, but there are 3 blocks: 'telling', 'noise', 'text'"),
        ({"noise": -1.0}, r"weights\['noise'\]=-1.0 is not a number of at least 0"),
        ([1.0, np.nan, 1.0], r"weights\['noise'\]=nan is not a number"),
        ({"noise": "much"}, r"weights\['noise'\]='much' is not a number"),
        ([0, 0.0, 0], r"weights=\[0, 0.0, 0\] gives no block a say: all are 0"),
        (3, "weights=3 is not 'score', 'alignment', a mapping"),
        (None, "weights=None is not 'score'"),
        ("guess", "weights='guess' is not one of 'score', 'alignment'"),
    ],
)
def test_refused_weights(blocks, y, weights, message):
    with pytest.raises(ValueError, match=message):
        WeightedFusion(weights).fit(blocks, y)


def test_refused_targets(blocks, y):
    with pytest.raises(ValueError, match=r"weights='score' learns from y: call fit\(X, y\)"):
        WeightedFusion().fit(blocks)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        WeightedFusion().fit(blocks, y[:-1])
    assert WeightedFusion({}).fit(blocks).weights_["text"] == 1


def test_tags():
    assert get_tags(WeightedFusion()).target_tags.required
    assert not get_tags(WeightedFusion([1.0])).target_tags.required


def test_a_mapping_is_a_plain_parameter(blocks):
    given = {"noise": 0.5}
    fusion = WeightedFusion(given)
    copy = clone(fusion)
    assert copy.weights == given
    assert copy.weights is not given
    fusion.fit(blocks)
    assert given == {"noise": 0.5}
    loaded = pickle.loads(pickle.dumps(fusion))
    assert (loaded.transform(blocks) != fusion.transform(blocks)).nnz == 0


def test_search_over_weights(blocks, y):
    model = make_pipeline(WeightedFusion(), RidgeClassifier())
    grid = {
        "weightedfusion__weights": ["score", "alignment", {"noise": 0}, [1, 2, 3]],
        "weightedfusion__scale": ["standard", "block"],
    }
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(blocks, y)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ > 0.8


def test_regression(blocks, y):
    target = y + 0.01 * np.arange(N_ROWS)
    model = make_pipeline(WeightedFusion(), Ridge()).fit(blocks, target)
    assert model[0].weights_["telling"] > 1
    assert model.score(blocks, target) > 0.5


@pytest.mark.parametrize("weights", ["score", "alignment"])
def test_real_targets_in_an_object_array(blocks, weights):
    y = np.nan_to_num(blocks["telling"][:, 0]) + np.random.default_rng(1).normal(size=N_ROWS)
    expected = WeightedFusion(weights).fit(blocks, y).weights_
    assert WeightedFusion(weights).fit(blocks, y.astype(object)).weights_ == expected


@pytest.mark.parametrize("weights", ["score", "alignment"])
def test_a_target_with_gaps_is_refused(blocks, weights):
    with pytest.raises(ValueError, match="Input y contains NaN"):
        WeightedFusion(weights).fit(blocks, np.where(np.arange(N_ROWS) == 3, np.nan, 1.5))


@pytest.mark.parametrize("weights", ["score", "alignment"])
def test_a_block_without_columns_says_nothing(blocks, y, weights):
    with_empty = FeatureBlocks(dict(blocks.items()) | {"none": np.ones((N_ROWS, 0))})
    fusion = WeightedFusion(weights).fit(with_empty, y)
    assert fusion.weights_["none"] == 0
    assert fusion.transform(with_empty).shape == (N_ROWS, 10)
