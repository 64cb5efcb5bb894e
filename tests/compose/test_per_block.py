"""PerBlock against the same transformer on each block by hand."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler
from sklearn.utils import get_tags

from mmsk import ConcatFusion, FeatureBlocks, PerBlock

N_ROWS = 30
MISSING = [0, 7, 8, 29]


@pytest.fixture
def blocks():
    generator = np.random.default_rng(0)
    image = generator.normal(size=(N_ROWS, 4)).astype(np.float32)
    image[MISSING] = np.nan
    text = sparse.random_array((N_ROWS, 6), density=0.5, rng=generator, format="csr")
    return FeatureBlocks({"image": image, "text": text, "age": generator.normal(size=(N_ROWS, 2))})


@pytest.fixture
def y():
    return np.random.default_rng(1).permutation(np.arange(N_ROWS) % 2)


def test_each_block_is_transformed_on_its_present_rows(blocks):
    result = PerBlock(Normalizer()).fit_transform(blocks)
    rows = np.setdiff1d(np.arange(N_ROWS), MISSING)
    expected = Normalizer().fit_transform(blocks["image"][rows])
    np.testing.assert_array_equal(result["image"][rows], expected)
    assert np.isnan(result["image"][MISSING]).all()
    np.testing.assert_array_equal(result["age"], Normalizer().fit_transform(blocks["age"]))
    text = Normalizer().fit_transform(blocks["text"])
    np.testing.assert_array_equal(result["text"].toarray(), text.toarray())
    np.testing.assert_array_equal(result.present, blocks.present)


def test_mapping_leaves_other_blocks_alone(blocks):
    per_block = PerBlock({"image": PCA(2), "text": TruncatedSVD(3, random_state=0)})
    result = per_block.fit_transform(blocks)
    assert result.widths == {"image": 2, "text": 3, "age": 2}
    assert result["age"] is blocks["age"]
    rows = np.setdiff1d(np.arange(N_ROWS), MISSING)
    expected = PCA(2).fit_transform(blocks["image"][rows])
    np.testing.assert_allclose(result["image"][rows], expected, rtol=1e-4, atol=1e-5)
    names = per_block.get_feature_names_out().tolist()
    assert names[:3] == ["image__pca0", "image__pca1", "text__truncatedsvd0"]
    assert names[-2:] == ["age__0", "age__1"]
    assert result.get_feature_names_out().tolist() == names


@pytest.mark.parametrize("form", [list, np.asarray, pd.Series])
def test_targets_follow_the_rows(blocks, y, form):
    per_block = PerBlock({"image": SelectKBest(k=1)}).fit(blocks, form(y))
    rows = np.setdiff1d(np.arange(N_ROWS), MISSING)
    alone = SelectKBest(k=1).fit(blocks["image"][rows], y[rows])
    np.testing.assert_array_equal(per_block.transformers_["image"].scores_, alone.scores_)
    assert per_block.get_feature_names_out()[0] == f"image__{alone.get_support(True)[0]}"


def test_declared_missing_rows_of_a_sparse_block(blocks):
    present = blocks.present.copy()
    present[3, 1] = False
    declared = FeatureBlocks(dict(blocks.items()), present=present)
    result = PerBlock(StandardScaler(with_mean=False)).fit_transform(declared)
    assert result["text"][[3]].nnz == 0
    np.testing.assert_array_equal(result.present, present)


def test_later_rows(blocks):
    per_block = PerBlock(StandardScaler(with_mean=False)).fit(blocks)
    together = np.asarray(per_block.transform(blocks))
    for row in range(N_ROWS):
        np.testing.assert_array_equal(
            np.asarray(per_block.transform(blocks[row]))[0], together[row]
        )
    nothing = blocks[MISSING]
    assert per_block.transform(nothing).widths == blocks.widths
    assert np.isnan(per_block.transform(nothing)["image"]).all()
    assert per_block.transform(blocks[:0]).shape == (0, 12)


class NoNames(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[:, :1]


@pytest.mark.parametrize(
    "nameless", [NoNames(), make_pipeline(NoNames(), StandardScaler(with_mean=False))]
)
def test_transformers_without_names(blocks, nameless):
    per_block = PerBlock({"image": nameless}).fit(blocks)
    assert per_block.get_feature_names_out()[0] == "image__0"
    assert per_block.transform(blocks)["image"].shape == (N_ROWS, 1)


def test_transformers_of_frames(blocks):
    per_block = PerBlock({"age": StandardScaler().set_output(transform="pandas")})
    result = per_block.fit_transform(blocks)
    np.testing.assert_array_equal(result["age"], StandardScaler().fit_transform(blocks["age"]))


def test_refused_blocks(blocks):
    with pytest.raises(ValueError, match="names the block 'sound', but the blocks are 'image', 't"):
        PerBlock({"sound": PCA()}).fit(blocks)
    with pytest.raises(ValueError, match="No row has the block 'image': there is nothing to fit"):
        PerBlock(Normalizer()).fit(blocks[MISSING])
    fitted = PerBlock(Normalizer()).fit(blocks)
    with pytest.raises(ValueError, match=r"PerBlock was fitted on the blocks .*got 'image' \(4"):
        fitted.transform(blocks.select(["image"]))
    assert fitted.transform(blocks.select(["age", "text", "image"])).names == blocks.names


@pytest.mark.parametrize("given", ["pca", None, PCA, {"image": None}], ids=str)
def test_what_is_no_transformer_is_refused(blocks, given):
    with pytest.raises(ValueError, match=r"transformer=.* is not a transformer such as"):
        PerBlock(given).fit(blocks)


def test_what_is_given_is_never_fitted(blocks):
    given = {"image": StandardScaler(), "age": StandardScaler()}
    per_block = PerBlock(given).fit(blocks)
    assert all(not hasattr(one, "mean_") for one in given.values())
    assert per_block.transformer is given


def test_clone_carries_no_fitted_state(blocks):
    """scikit-learn copies a mapping as it is; state in it is dropped in fit at the latest."""
    used = StandardScaler().fit(np.full((2, 4), 1e9))
    copy = clone(PerBlock({"image": used}))
    assert copy.transformer["image"] is not used
    copy.fit(blocks)
    rows = np.setdiff1d(np.arange(N_ROWS), MISSING)
    expected = StandardScaler().fit(blocks["image"][rows])
    np.testing.assert_array_equal(copy.transformers_["image"].mean_, expected.mean_)


def test_one_estimator_is_cloned_and_searched(blocks, y):
    model = make_pipeline(PerBlock(PCA(1)), ConcatFusion(), LogisticRegression())
    blocks = blocks.select(["image", "age"])[np.flatnonzero(blocks.present[:, 0])]
    grid = {
        "perblock__transformer__n_components": [1, 2],
        "perblock__transformer": [PCA(), PCA(whiten=True)],
    }
    grids = [grid, {"perblock__transformer": [{"image": PCA(1)}, FunctionTransformer()]}]
    search = GridSearchCV(model, grids, cv=3, error_score="raise")
    search.fit(blocks, y[: len(blocks)])
    assert len(search.cv_results_["params"]) == 6


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(blocks, container):
    per_block = PerBlock({"image": PCA(2)}).set_output(transform=container)
    frame = per_block.fit_transform(blocks)
    assert list(frame.columns) == per_block.get_feature_names_out().tolist()
    expected = PerBlock({"image": PCA(2)}).fit_transform(blocks)
    np.testing.assert_array_equal(frame.to_numpy(), np.asarray(expected))


def test_pickles(blocks):
    per_block = PerBlock({"image": PCA(2)}).fit(blocks)
    loaded = pickle.loads(pickle.dumps(per_block))
    np.testing.assert_array_equal(loaded.transform(blocks), per_block.transform(blocks))


def test_sparse_input_is_what_the_inner_ones_take():
    assert get_tags(PerBlock(Normalizer())).input_tags.sparse
    assert not get_tags(PerBlock(StandardScaler())).input_tags.sparse
    assert not get_tags(PerBlock({"a": Normalizer(), "b": StandardScaler()})).input_tags.sparse


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_missing_rows_of_sparse_blocks_are_missing_in_frames(blocks, container):
    text = blocks["text"]
    present = np.arange(N_ROWS) % 3 > 0
    sparse_alone = FeatureBlocks({"text": text}, present=present[:, None])
    frame = PerBlock(Normalizer()).set_output(transform=container).fit_transform(sparse_alone)
    found = frame.to_numpy()
    assert np.isnan(found[~present]).all()
    np.testing.assert_array_equal(found[present], Normalizer().transform(text).toarray()[present])
