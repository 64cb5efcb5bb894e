"""ConcatFusion: the concatenation of scaled blocks, sparse or dense, with gaps."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.impute import MissingIndicator
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from mmsk import ConcatFusion, FeatureBlocks, PerBlock, WeightedFusion

N_ROWS = 45
WIDTHS = {"image": 4, "sound": 2, "text": 7}


@parametrize_with_checks([ConcatFusion(None), WeightedFusion([2.0]), PerBlock(StandardScaler())])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def parts():
    generator = np.random.default_rng(0)
    text = sparse.random_array((N_ROWS, 7), density=0.4, rng=generator, format="csr")
    return {
        "image": generator.normal(200, 100, size=(N_ROWS, 4)).astype(np.float32),
        "sound": generator.normal(size=(N_ROWS, 2)),
        "text": sparse.csr_matrix(text),
    }


@pytest.fixture
def gappy(parts):
    present = np.random.default_rng(1).random((N_ROWS, 3)) < 0.7
    present[~present.any(axis=1), 1] = True
    for place, name in enumerate(["image", "sound"]):
        parts[name][~present[:, place]] = np.nan
    return FeatureBlocks(parts, present=present)


def dense(fused):
    return fused.toarray() if sparse.issparse(fused) else fused


def test_equals_numpy_without_scale(parts):
    for names in (["image", "sound"], ["image", "text"], ["text"]):
        blocks = FeatureBlocks({name: parts[name] for name in names})
        fused = ConcatFusion(scale=None).fit_transform(blocks)
        expected = np.hstack([dense(parts[name]) for name in names]).astype(np.float32)
        np.testing.assert_array_equal(dense(fused), expected)
        assert fused.dtype == np.float32
        assert sparse.issparse(fused) == ("text" in names)


def test_dense_blocks_equal_the_standard_scaler(parts):
    del parts["text"]
    fused = ConcatFusion().fit_transform(FeatureBlocks(parts))
    expected = [StandardScaler().fit_transform(b) / np.sqrt(b.shape[1]) for b in parts.values()]
    np.testing.assert_allclose(fused, np.hstack(expected), atol=1e-5)
    assert isinstance(fused, np.ndarray)


@pytest.mark.parametrize("scale", ["standard", "block"])
def test_blocks_weigh_the_same(gappy, scale):
    fused = dense(ConcatFusion(scale).fit_transform(gappy))
    start = 0
    for name, width in WIDTHS.items():
        rows = fused[gappy.present_in(name), start : start + width]
        assert np.square(rows, dtype=float).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)
        start += width


@pytest.mark.parametrize("names", [["image", "sound"], ["image", "sound", "text"]])
@pytest.mark.parametrize("scale", ["standard", "block", None])
def test_missing_blocks_are_zeros_and_the_others_as_alone(gappy, scale, names):
    blocks = gappy.select(names)
    blocks = blocks[np.flatnonzero(blocks.present.any(axis=1))]
    fusion = ConcatFusion(scale)
    fused = fusion.fit_transform(blocks)
    start = 0
    for name in names:
        rows = np.flatnonzero(blocks.present_in(name))
        alone = ConcatFusion(scale).fit_transform(FeatureBlocks({name: blocks[name][rows]}))
        part = dense(fused)[:, start : start + WIDTHS[name]]
        np.testing.assert_array_equal(part[rows], dense(alone))
        assert not np.delete(part, rows, axis=0).any()
        start += WIDTHS[name]
    if sparse.issparse(fused):
        stored = [blocks[name][np.flatnonzero(blocks.present_in(name))] for name in names]
        assert fused.nnz == sum(b.nnz if sparse.issparse(b) else b.size for b in stored)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array, sparse.coo_array])
def test_sparse_forms(parts, form):
    expected = ConcatFusion().fit_transform(FeatureBlocks(parts)).toarray()
    fused = ConcatFusion().fit_transform(FeatureBlocks(parts | {"text": form(parts["text"])}))
    assert fused.format == "csr"
    np.testing.assert_array_equal(fused.toarray(), expected)


def test_rows_are_independent_of_their_neighbours(gappy):
    fusion = ConcatFusion().fit(gappy)
    together = dense(fusion.transform(gappy))
    for row in range(N_ROWS):
        np.testing.assert_array_equal(dense(fusion.transform(gappy[row]))[0], together[row])
    assert fusion.transform(gappy[:0]).shape == (0, 13)


def test_input_is_left_alone(gappy):
    before = pickle.dumps(gappy)
    ConcatFusion().fit_transform(gappy)
    assert pickle.dumps(gappy) == before


def test_a_block_missing_in_training_stays_zeros(parts):
    del parts["text"]
    blocks = FeatureBlocks(parts)
    without = FeatureBlocks(parts | {"image": np.full((N_ROWS, 4), np.nan)})
    fused = ConcatFusion().fit(without).transform(blocks)
    assert not fused[:, :4].any()
    assert fused[:, 4:].any()


def test_names(parts):
    names = {"image": ["red", "green", "blue", "depth"]}
    fusion = ConcatFusion().fit(FeatureBlocks(parts, feature_names=names))
    given = fusion.get_feature_names_out().tolist()
    assert given[:5] == ["image__red", "image__green", "image__blue", "image__depth", "sound__0"]
    assert len(given) == 13


@pytest.mark.parametrize("names", [["image", "sound"], ["image", "sound", "text"], ["text"]])
@pytest.mark.parametrize("scale", ["standard", "block", None])
def test_indicator_equals_scikit_learns(gappy, scale, names):
    """Behind the columns of old, one for each block that some training row lacks."""
    blocks = gappy.select(names)
    blocks = blocks[np.flatnonzero(blocks.present.any(axis=1))]
    fusion = ConcatFusion(scale, add_indicator=True)
    fused = fusion.fit_transform(blocks)
    plain = ConcatFusion(scale).fit_transform(blocks)
    assert fused.dtype == np.float32
    assert sparse.issparse(fused) == sparse.issparse(plain)
    width = plain.shape[1]
    np.testing.assert_array_equal(dense(fused)[:, :width], dense(plain))
    expected = MissingIndicator().fit_transform(np.where(blocks.present, 0, np.nan))
    np.testing.assert_array_equal(dense(fused)[:, width:], expected)
    gappy_names = [name for name in names if not blocks.present_in(name).all()]
    assert fusion.indicated_blocks_ == gappy_names
    expected_names = [f"missingindicator__{name}" for name in gappy_names]
    assert fusion.get_feature_names_out()[width:].tolist() == expected_names


def test_indicators_are_of_training(gappy):
    """What is missing for the first time later has no column."""
    whole = gappy[np.flatnonzero(gappy.present.all(axis=1))]
    some = gappy[np.flatnonzero(gappy.present_in("image"))]
    for rows, indicated in ((whole, []), (some, ["sound", "text"])):
        fusion = ConcatFusion(add_indicator=True).fit(rows)
        assert fusion.indicated_blocks_ == indicated
        fused = dense(fusion.transform(gappy))
        missing = ~gappy.present[:, [gappy.names.index(name) for name in indicated]]
        np.testing.assert_array_equal(fused[:, sum(WIDTHS.values()) :], missing)
        assert fusion.transform(gappy[:0]).shape == (0, 13 + len(indicated))


def test_indicators_are_a_block_of_their_own_in_a_frame(gappy):
    blocks = gappy.select(["image", "sound"])
    blocks = blocks[np.flatnonzero(blocks.present.any(axis=1))]
    fusion = ConcatFusion(add_indicator=True).set_output(transform="pandas")
    again = FeatureBlocks.from_frame(fusion.fit_transform(blocks))
    assert again.widths == {"image": 4, "sound": 2, "missingindicator": 2}


def test_an_indicator_lets_a_head_learn_from_what_is_missing():
    y = np.arange(N_ROWS) % 2
    sound = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    image = np.where(y[:, None] == 1, np.nan, sound)
    blocks = FeatureBlocks({"image": image, "sound": sound})
    scores = [
        cross_val_score(make_pipeline(fusion, RidgeClassifier()), blocks, y, cv=3).mean()
        for fusion in (ConcatFusion(), ConcatFusion(add_indicator=True))
    ]
    assert scores[0] < 0.8
    assert scores[1] == 1


def test_refused_indicator(parts):
    with pytest.raises(ValueError, match="add_indicator='yes' is not one of True, False"):
        ConcatFusion(add_indicator="yes").fit(FeatureBlocks(parts))


def test_refused_scale(parts):
    message = "scale='minmax' is not one of 'standard', 'block', None"
    with pytest.raises(ValueError, match=message):
        ConcatFusion("minmax").fit(FeatureBlocks(parts))
    with pytest.raises(ValueError, match=r"scale\['text'\]='minmax' is not one of 'standard'"):
        ConcatFusion({"text": "minmax"}).fit(FeatureBlocks(parts))
    with pytest.raises(ValueError, match="scale names the block 'video', but the blocks are"):
        ConcatFusion({"video": "block"}).fit(FeatureBlocks(parts))


def weighted(scale):
    return WeightedFusion({"sound": 2}, scale)


@pytest.mark.parametrize("fusion", [ConcatFusion, weighted])
def test_a_scale_for_single_blocks(gappy, fusion):
    fused = dense(fusion({"sound": "block", "image": None}).fit_transform(gappy))
    ends = np.cumsum(list(WIDTHS.values()))
    whole = [dense(fusion(scale).fit_transform(gappy)) for scale in (None, "block", "standard")]
    for part, expected in zip(
        np.split(fused, ends[:-1], axis=1),
        [np.split(w, ends[:-1], axis=1)[place] for place, w in enumerate(whole)],
        strict=True,
    ):
        np.testing.assert_array_equal(part, expected)


def test_fused_memory_is_bounded(monkeypatch):
    """Dense rows go to their place in the CSR arrays in chunks, never as a whole."""
    import tracemalloc

    generator = np.random.default_rng(0)
    text = sparse.random_array((2000, 3000), density=0.01, rng=generator, format="csr")
    blocks = FeatureBlocks({"text": text, "image": generator.normal(size=(2000, 1024))})
    monkeypatch.setattr("mmsk.compose._stack.CELLS_AT_A_TIME", 2**14)
    fusion = ConcatFusion().fit(blocks)
    tracemalloc.start()
    fused = fusion.transform(blocks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.15 * (fused.data.nbytes + fused.indices.nbytes + fused.indptr.nbytes)


def test_search_over_fusions(gappy):
    y = np.arange(N_ROWS) % 3
    model = make_pipeline(ConcatFusion(), RidgeClassifier())
    grid = [
        {"concatfusion__scale": ["standard", "block", None]},
        {
            "concatfusion": [
                WeightedFusion("score"),
                WeightedFusion("alignment"),
                WeightedFusion({"text": 3.0}),
                make_pipeline(PerBlock({"sound": StandardScaler()}), ConcatFusion("block")),
            ]
        },
    ]
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(gappy, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.cv_results_["params"]) == 7


def test_cross_validation_on_blocks(gappy):
    y = np.arange(N_ROWS) % 2
    model = make_pipeline(ConcatFusion(), RidgeClassifier())
    scores = cross_val_score(model, gappy, y, cv=3, error_score="raise")
    again = cross_val_score(clone(model), gappy, y, cv=3)
    np.testing.assert_array_equal(scores, again)
