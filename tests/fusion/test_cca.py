"""CCAFusion against scikit-learn, cca-zoo and the generalised eigenproblem in float64."""

import pickle
import tracemalloc

import numpy as np
import pytest
from scipy import linalg, sparse
from sklearn.cross_decomposition import CCA, PLSSVD
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from mmsk import CCAFusion, ConcatFusion, FeatureBlocks

N_ROWS = 60
WIDTHS = {"image": 5, "sound": 4, "table": 6}


def views(seed=7, n_rows=N_ROWS, widths=WIDTHS):
    """Blocks that share three factors, in float64."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(size=(n_rows, 3))
    return {
        name: shared @ generator.normal(size=(3, width)) + generator.normal(size=(n_rows, width))
        for name, width in widths.items()
    }


@pytest.fixture
def parts():
    return views()


@pytest.fixture
def gappy(parts):
    present = np.random.default_rng(1).random((N_ROWS, 3)) < 0.7
    present[~present.any(axis=1), 1] = True
    for place, name in enumerate(parts):
        parts[name][~present[:, place]] = np.nan
    return FeatureBlocks(parts)


def standardized(block):
    return (block - block.mean(axis=0)) / block.std(axis=0)


def eigen_solution(blocks, shrinkage, n_components):
    """Projections by ``C w = lambda D w`` on the standardized blocks themselves."""
    blocks = [standardized(block) for block in blocks]
    within = [block.T @ block / len(block) for block in blocks]
    stacked = np.hstack(blocks)
    between = stacked.T @ stacked / len(stacked) - linalg.block_diag(*within)
    shrunk = [(1 - shrinkage) * each + shrinkage * np.eye(len(each)) for each in within]
    _, weights = linalg.eigh(between, linalg.block_diag(*shrunk))
    weights = weights[:, ::-1][:, :n_components] * np.sqrt(len(blocks))
    edges = np.cumsum([block.shape[1] for block in blocks])[:-1]
    return np.hstack(
        [block @ part for block, part in zip(blocks, np.split(weights, edges), strict=True)]
    )


def assert_equal_up_to_signs(fused, expected, n_components):
    """One sign per component, over all blocks."""
    fused, expected = (
        np.reshape(each, (len(each), -1, n_components)) for each in (fused, expected)
    )
    signs = np.sign((fused * expected).sum(axis=(0, 1)))
    np.testing.assert_allclose(fused * signs, expected, atol=1e-5)


def test_two_blocks_equal_scikit_learn(parts):
    del parts["table"]
    fusion = CCAFusion(4, shrinkage=0).fit(FeatureBlocks(parts))
    expected = CCA(4, max_iter=10_000, tol=1e-14).fit_transform(*parts.values())
    correlations = [
        np.corrcoef(*pair)[0, 1] for pair in zip(*np.swapaxes(expected, 1, 2), strict=True)
    ]
    np.testing.assert_allclose(fusion.correlations_, correlations, atol=1e-6)


# From cca-zoo 4.0.1 (CCA, GCCA and MCCA give the same without shrinkage) with NumPy 2.4.6, on
# views() with columns of variance n - 1 over n, which is 1 in its own covariances: mean
# correlation over the pairs of blocks, by number of blocks and shrinkage.
CCA_ZOO = {
    (2, 0.0): [0.693311847032, 0.661010744674, 0.530209063011, 0.133806737508],
    (2, 0.3): [0.691052553341, 0.631814704528, 0.527431938981, 0.133978307231],
    (2, 1.0): [0.659228803552, 0.605623075025, 0.521439402523, 0.132514830718],
    (3, 0.0): [0.749656074495, 0.630628203886, 0.617951428898, 0.175310854355],
    (3, 0.3): [0.735612807646, 0.614152070461, 0.614862472499, 0.145047910667],
    (3, 1.0): [0.687275172653, 0.56327042933, 0.572669624156, 0.122417920986],
}


@pytest.mark.parametrize(("n_blocks", "shrinkage"), CCA_ZOO)
def test_correlations_equal_cca_zoo(parts, n_blocks, shrinkage):
    blocks = FeatureBlocks(parts).select(list(parts)[:n_blocks])
    found = CCAFusion(4, shrinkage=shrinkage).fit(blocks).correlations_
    np.testing.assert_allclose(found, CCA_ZOO[n_blocks, shrinkage], atol=1e-6)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_blocks", [2, 3])
def test_projections_solve_the_eigenproblem(parts, n_blocks, shrinkage):
    blocks = FeatureBlocks(parts).select(list(parts)[:n_blocks])
    fused = CCAFusion(3, shrinkage=shrinkage).fit_transform(blocks)
    expected = eigen_solution([block for _, block in blocks.items()], shrinkage, 3)
    assert fused.dtype == np.float32
    assert_equal_up_to_signs(fused, expected, 3)


def test_blocks_wider_than_many_are_solved_in_the_span_of_their_rows():
    parts = views(n_rows=30, widths={"image": 200, "text": 90})
    fused = CCAFusion(3, shrinkage=0.4).fit_transform(FeatureBlocks(parts))
    spans = []
    for block in parts.values():
        left, values, _ = np.linalg.svd(standardized(block), full_matrices=False)
        spans.append((left * values)[:, :29])
    whitened = []
    for span in spans:  # its columns are uncorrelated, so that D is diagonal
        variances = np.square(span).mean(axis=0)
        whitened.append(span / np.sqrt(0.6 * variances + 0.4 * variances.mean()))
    first, _, second = np.linalg.svd(whitened[0].T @ whitened[1] / 30)
    expected = np.hstack([whitened[0] @ first[:, :3], whitened[1] @ second[:3].T])
    assert_equal_up_to_signs(fused, expected, 3)


def test_full_shrinkage_is_partial_least_squares(parts):
    del parts["table"]
    fusion = CCAFusion(3, shrinkage=1).fit(FeatureBlocks(parts))
    fused = fusion.transform(FeatureBlocks(parts))
    expected = np.hstack(PLSSVD(3).fit_transform(*parts.values()))
    # scikit-learn divides by the standard deviation over n - 1.
    assert_equal_up_to_signs(fused, expected * np.sqrt(N_ROWS / (N_ROWS - 1)), 3)


def test_units_of_columns_do_not_matter(parts):
    moved = {name: block * np.arange(1, block.shape[1] + 1) + 500 for name, block in parts.items()}
    fused, other = (CCAFusion(3).fit_transform(FeatureBlocks(each)) for each in (parts, moved))
    assert_equal_up_to_signs(other, fused, 3)
    kept = CCAFusion(3, scale="block").fit_transform(FeatureBlocks(moved))
    assert np.abs(kept - fused).max() > 0.1
    in_cents = {name: 100 * block for name, block in moved.items()}
    again = CCAFusion(3, scale="block").fit_transform(FeatureBlocks(in_cents))
    np.testing.assert_allclose(again, kept, atol=1e-5)


def test_max_rank_is_pca_first(parts):
    reduced = {name: PCA(2).fit_transform(standardized(block)) for name, block in parts.items()}
    expected = CCAFusion(2, scale="block").fit_transform(FeatureBlocks(reduced))
    fused = CCAFusion(2, max_rank=2).fit_transform(FeatureBlocks(parts))
    assert_equal_up_to_signs(fused, expected, 2)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array])
def test_sparse_blocks_equal_dense_ones(parts, form):
    parts["sound"] = np.where(parts["sound"] > 0.5, parts["sound"], 0)
    dense = FeatureBlocks(parts)
    mixed = FeatureBlocks(parts | {"sound": form(parts["sound"])})
    expected = CCAFusion(3, scale="block").fit_transform(dense)
    fused = CCAFusion(3, scale="block", random_state=0).fit_transform(mixed)
    np.testing.assert_allclose(fused, expected, atol=1e-6)


def test_random_state_seeds_the_reduction_of_sparse_blocks(parts):
    generator = np.random.default_rng(0)
    text = sparse.random_array((N_ROWS, 300), density=0.05, rng=generator, format="csr")
    blocks = FeatureBlocks({"image": parts["image"], "text": text})
    first, again, other = (
        CCAFusion(3, max_rank=20, random_state=seed).fit_transform(blocks) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_signs_are_those_of_the_largest_weights(gappy):
    fusion = CCAFusion(5).fit(gappy)
    weights = np.vstack([projection.weights for projection in fusion.projections_.values()])
    assert (weights.max(axis=0) > -weights.min(axis=0)).all()
    mirrored = FeatureBlocks({name: -block for name, block in gappy.items()})
    np.testing.assert_allclose(
        CCAFusion(5).fit_transform(mirrored), -fusion.transform(gappy), atol=1e-5
    )


def test_mean_is_the_mean_of_the_projections(gappy):
    side_by_side = CCAFusion(3).fit_transform(gappy)
    fusion = CCAFusion(3, output="mean")
    expected = side_by_side.reshape(N_ROWS, 3, 3).mean(axis=1)
    np.testing.assert_allclose(fusion.fit_transform(gappy), expected, atol=1e-6)
    assert fusion.get_feature_names_out().tolist() == ["cca0", "cca1", "cca2"]


def test_names(gappy):
    names = CCAFusion(2).fit(gappy).get_feature_names_out().tolist()
    assert names == [f"{block}__cca{number}" for block in WIDTHS for number in range(2)]


def test_a_missing_block_is_the_correlation_times_the_other_one(parts):
    """Without shrinkage, as the variates have variance 1."""
    del parts["table"]
    blocks = FeatureBlocks(parts)
    fusion = CCAFusion(4, shrinkage=0).fit(blocks)
    whole = fusion.transform(blocks).reshape(N_ROWS, 2, 4)
    np.testing.assert_allclose(whole.std(axis=0), 1, atol=1e-5)
    alone = FeatureBlocks(parts | {"sound": np.full((N_ROWS, 4), np.nan)})
    fused = fusion.transform(alone).reshape(N_ROWS, 2, 4)
    np.testing.assert_allclose(fused[:, 0], whole[:, 0], atol=1e-6)
    np.testing.assert_allclose(fused[:, 1], whole[:, 0] * fusion.correlations_, atol=1e-5)


@pytest.mark.parametrize("shrinkage", [0.2, 1.0])
def test_a_missing_block_is_a_regression_on_the_training_rows_with_both(gappy, shrinkage):
    blocks = gappy.select(["image", "sound"])
    blocks = blocks[np.flatnonzero(blocks.present.any(axis=1))]
    fusion = CCAFusion(3, shrinkage=shrinkage).fit(blocks)
    fused = fusion.transform(blocks).reshape(len(blocks), 2, 3).astype(np.float64)
    both, image_only = blocks.present.all(axis=1), ~blocks.present_in("sound")
    assert image_only.sum() > 5
    for component in range(3):
        image, sound = fused[both, :, component].T
        slope = np.linalg.lstsq(image[:, None], sound, rcond=None)[0]
        guess = fused[image_only, 0, component] * slope
        np.testing.assert_allclose(fused[image_only, 1, component], guess, atol=1e-5)


def test_rows_of_a_single_block_help_to_know_its_covariance(gappy):
    """What two blocks share is learned from the rows with both, up to its size."""
    blocks = gappy.select(["image", "sound"])
    blocks = blocks[np.flatnonzero(blocks.present.any(axis=1))]
    fusion = CCAFusion(2, shrinkage=0.3, scale="block").fit(blocks)
    both = blocks.present.all(axis=1)
    shrunk, centred = [], []
    for name, block in blocks.items():
        rows = block[blocks.present_in(name)]
        covariance = np.cov(rows.T, bias=True)
        mean_variance = np.trace(covariance) / len(covariance)
        shrunk.append(0.7 * covariance + 0.3 * mean_variance * np.eye(len(covariance)))
        centred.append(block[both] - rows.mean(axis=0))
    whiten = [linalg.inv(linalg.cholesky(each)) for each in shrunk]
    first, _, second = np.linalg.svd(whiten[0].T @ centred[0].T @ centred[1] @ whiten[1])
    projections = [centred[0] @ whiten[0] @ first, centred[1] @ whiten[1] @ second.T]
    expected = np.hstack([each[:, :2] for each in projections])
    assert_equal_up_to_signs(fusion.transform(blocks)[both], expected, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_values_of_missing_rows_have_no_say(gappy, value):
    filled = FeatureBlocks(
        {
            name: np.where(gappy.present_in(name)[:, None], block, value)
            for name, block in gappy.items()
        },
        present=gappy.present,
    )
    expected = CCAFusion(3).fit_transform(gappy)
    np.testing.assert_array_equal(CCAFusion(3).fit_transform(filled), expected)


def test_a_block_missing_in_training_stays_zeros(parts):
    whole = FeatureBlocks(parts)
    without = FeatureBlocks(parts | {"sound": np.full((N_ROWS, 4), np.nan)})
    fusion = CCAFusion(3).fit(without)
    fused = fusion.transform(whole).reshape(N_ROWS, 3, 3)
    assert not fused[:, 1].any()
    alone = CCAFusion(3).fit_transform(whole.select(["image", "table"]))
    np.testing.assert_allclose(fused[:, [0, 2]].reshape(N_ROWS, 6), alone, atol=1e-6)
    gap = FeatureBlocks(parts, present=np.array([[True, True, False]] * N_ROWS))
    guessed = fusion.transform(gap).reshape(N_ROWS, 3, 3)
    np.testing.assert_allclose(guessed[:, 2], fused[:, 0] * fusion.slopes_[0, 2], atol=1e-6)


def test_a_single_block_comes_to_its_principal_components(parts):
    fusion = CCAFusion(3, shrinkage=0).fit(parts["image"])
    expected = PCA(3, whiten=True).fit_transform(standardized(parts["image"]))
    expected *= np.sqrt(N_ROWS / (N_ROWS - 1))
    assert_equal_up_to_signs(fusion.transform(parts["image"]), expected, 3)
    assert not fusion.correlations_.any()
    rotated = CCAFusion(3, shrinkage=1).fit_transform(parts["image"])
    assert_equal_up_to_signs(rotated, PCA(3).fit_transform(standardized(parts["image"])), 3)


def test_blocks_never_seen_together_come_to_their_own_components(parts):
    del parts["table"]
    present = np.arange(N_ROWS)[:, None] % 2 == [0, 1]
    blocks = FeatureBlocks(parts, present=present)
    fusion = CCAFusion(3).fit(blocks)
    fused = fusion.transform(blocks).reshape(N_ROWS, 2, 3)
    assert not fused[~present].any()
    alone = CCAFusion(3).fit_transform(parts["image"][present[:, 0]])
    assert_equal_up_to_signs(fused[present[:, 0], 0], alone, 3)
    assert not fusion.correlations_.any()


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_very_few_rows(parts, n_rows):
    blocks = FeatureBlocks(parts)
    fused = CCAFusion().fit(blocks[:n_rows]).transform(blocks)
    assert np.isfinite(fused).all()
    assert fused.shape[1] % 3 == 0


def test_rows_are_independent_of_their_neighbours(gappy):
    fusion = CCAFusion(3).fit(gappy)
    together = fusion.transform(gappy)
    for row in range(0, N_ROWS, 7):
        np.testing.assert_allclose(fusion.transform(gappy[row])[0], together[row], atol=1e-6)
    assert fusion.transform(gappy[:0]).shape == (0, 9)


def test_input_is_left_alone(gappy):
    before = pickle.dumps(gappy)
    CCAFusion(3).fit_transform(gappy)
    assert pickle.dumps(gappy) == before


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components=0 is not an integer of at least 1"),
        ({"n_components": 1.5}, "n_components=1.5 is not an integer"),
        ({"shrinkage": 1.1}, "shrinkage=1.1 is not a number of at least 0 and at most 1"),
        ({"shrinkage": "auto"}, "shrinkage='auto' is not a number"),
        ({"output": "sum"}, "output='sum' is not one of 'concat', 'mean'"),
        ({"scale": None}, "scale=None is not one of 'standard', 'block'"),
        ({"max_rank": 0}, "max_rank=0 is not an integer of at least 1"),
    ],
)
def test_refused_parameters(gappy, parameters, message):
    with pytest.raises(ValueError, match=message):
        CCAFusion(**parameters).fit(gappy)


def test_memory_is_bounded():
    """A sparse block never becomes dense, a dense one is copied some rows at a time."""
    generator = np.random.default_rng(0)
    text = sparse.random_array((3000, 20_000), density=1e-3, rng=generator, format="csr")
    image = generator.normal(size=(3000, 500)).astype(np.float32)
    blocks = FeatureBlocks({"text": text, "image": image})
    tracemalloc.start()
    CCAFusion(4, max_rank=16, random_state=0).fit(blocks).transform(blocks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 25e6  # the text as a dense block: 480e6; the image in float64: 12e6


def test_few_labels_are_enough_where_the_blocks_tell_the_same():
    """600 unlabelled rows show what the blocks share; 8 labels name it."""
    generator = np.random.default_rng(0)
    y = np.arange(900) % 4
    parts = {}
    for name in ("image", "text"):
        own = generator.normal(size=(900, 10)) @ generator.normal(size=(10, 40))
        shared = generator.normal(size=(4, 40))[y]
        parts[name] = shared + own + generator.normal(size=(900, 40))
    blocks = FeatureBlocks(parts)
    train, test = np.arange(600), np.arange(600, 900)
    scores = {}
    for fusion in (ConcatFusion(), CCAFusion(3)):
        fusion.fit(blocks[train])
        heads = [
            LogisticRegression().fit(fusion.transform(blocks[labelled]), y[labelled])
            for labelled in np.split(train[:160], 20)
        ]
        fused = fusion.transform(blocks[test])
        scores[type(fusion).__name__] = np.mean([head.score(fused, y[test]) for head in heads])
    assert scores["CCAFusion"] > scores["ConcatFusion"] + 0.4


def test_search(gappy):
    model = make_pipeline(CCAFusion(), LogisticRegression())
    grid = {"ccafusion__n_components": [1, 4], "ccafusion__shrinkage": [0.1, 0.9]}
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(gappy, np.arange(N_ROWS) % 2)
    assert len(search.cv_results_["params"]) == 4
