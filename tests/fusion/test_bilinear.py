"""BilinearFusion: a sketch of the products of blocks, against products computed one by one."""

import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from scipy import sparse
from sklearn.kernel_approximation import PolynomialCountSketch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from mmsk import BilinearFusion, ConcatFusion, FeatureBlocks, multimodal_pipeline
from mmsk.datasets import make_multimodal

N_ROWS = 20
WIDTHS = {"image": 4, "sound": 2, "text": 7}


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
    assert set(present.sum(axis=1)) == {1, 2, 3}
    for place, name in enumerate(["image", "sound"]):
        parts[name][~present[:, place]] = np.nan
    return FeatureBlocks(parts, present=present)


def dense(fused):
    return fused.toarray() if sparse.issparse(fused) else fused


def scaled(blocks, scale, training):
    """Scaled blocks in float64, zeros where they are missing."""
    fused = dense(ConcatFusion(scale).fit(training).transform(blocks)).astype(np.float64)
    ends = np.cumsum(list(blocks.widths.values()))[:-1]
    return dict(zip(blocks.names, np.split(fused, ends, axis=1), strict=True))


def direct_sketch(fusion, blocks, training):
    """Add each product to its place, one after the other."""
    sketch = np.zeros((len(blocks), fusion.n_components))
    for (a, one), (b, other) in combinations(scaled(blocks, fusion.scale, training).items(), 2):
        for i in range(one.shape[1]):
            for j in range(other.shape[1]):
                place = (fusion.hashes_[a][i] + fusion.hashes_[b][j]) % fusion.n_components
                sign = int(fusion.signs_[a][i]) * int(fusion.signs_[b][j])
                sketch[:, place] += sign * one[:, i] * other[:, j]
    return sketch


@pytest.mark.parametrize("n_components", [1, 2, 7, 16, 65])
@pytest.mark.parametrize("scale", ["standard", "block", None])
def test_equals_products_one_by_one(gappy, n_components, scale):
    fusion = BilinearFusion(n_components, False, scale=scale, random_state=0)
    fused = fusion.fit_transform(gappy)
    expected = direct_sketch(fusion, gappy, gappy)
    assert isinstance(fused, np.ndarray)
    np.testing.assert_allclose(fused, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("n_components", [8, 33])
def test_equals_the_sketch_of_scikit_learn(n_components):
    """Two blocks that are the same: the sketch of second powers, with the same hashes."""
    rows = np.random.default_rng(0).normal(size=(N_ROWS, 5))
    fusion = BilinearFusion(n_components, False, scale=None, random_state=0)
    fused = fusion.fit_transform(FeatureBlocks({"one": rows, "other": rows}))
    reference = PolynomialCountSketch(degree=2, n_components=n_components).fit(rows)
    reference.indexHash_ = np.stack(list(fusion.hashes_.values()))
    reference.bitHash_ = np.stack(list(fusion.signs_.values()))
    np.testing.assert_allclose(fused, reference.transform(rows), atol=1e-5)


def inner_products(blocks, n_components, n_seeds):
    """Inner products of the sketched rows for each seed, and the exact ones."""
    rows = scaled(blocks, "standard", blocks).values()
    exact = sum((a @ a.T) * (b @ b.T) for a, b in combinations(rows, 2))
    sketches = [
        BilinearFusion(n_components, False, random_state=seed).fit_transform(blocks)
        for seed in range(n_seeds)
    ]
    return np.array([sketch @ sketch.T for sketch in sketches], dtype=np.float64), exact


def test_inner_products_are_unbiased(gappy):
    estimates, exact = inner_products(gappy, 32, 300)
    standard_error = estimates.std(axis=0) / np.sqrt(300)
    assert (np.abs(estimates.mean(axis=0) - exact) <= 4.5 * standard_error + 1e-6).all()
    assert standard_error.max() < 0.1 * exact.max()


def test_error_falls_with_the_square_root_of_the_size(gappy):
    errors = []
    for n_components in (32, 512):
        estimates, exact = inner_products(gappy, n_components, 60)
        errors.append(np.sqrt(np.mean((estimates - exact) ** 2)))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.25)


@pytest.mark.parametrize("names", [["image", "sound"], ["image", "sound", "text"]])
def test_blocks_stand_before_the_sketch(gappy, names):
    blocks = gappy.select(names)
    blocks = blocks[np.flatnonzero(blocks.present.any(axis=1))]
    fused = BilinearFusion(16, random_state=0).fit_transform(blocks)
    own = ConcatFusion().fit_transform(blocks)
    sketch = BilinearFusion(16, include_blocks=False, random_state=0).fit_transform(blocks)
    assert sparse.issparse(fused) == ("text" in names)
    np.testing.assert_array_equal(dense(fused), np.hstack([dense(own), sketch]))
    if sparse.issparse(fused):
        assert fused.nnz == own.nnz + 16 * (blocks.present.sum(axis=1) > 1).sum()


def test_products_of_blocks_missing_later_are_zeros(parts):
    whole = FeatureBlocks(parts)
    present = np.ones((N_ROWS, 3), dtype=bool)
    present[:5, 0] = present[:3, 1] = False
    gappy = FeatureBlocks(parts, present=present)
    fusion = BilinearFusion(16, include_blocks=False, random_state=0).fit(whole)
    fused = fusion.transform(gappy)
    np.testing.assert_allclose(fused, direct_sketch(fusion, gappy, whole), rtol=1e-4, atol=1e-6)
    assert not fused[:3].any()  # these rows have a text alone
    np.testing.assert_array_equal(fused[5:], fusion.transform(whole)[5:])


def test_a_block_missing_in_training_says_nothing_later(parts):
    without = parts | {"image": np.full((N_ROWS, 4), np.nan)}
    fusion = BilinearFusion(16, random_state=0).fit(FeatureBlocks(without))
    fused = dense(fusion.transform(FeatureBlocks(parts)))
    np.testing.assert_array_equal(fused, dense(fusion.transform(FeatureBlocks(without))))


def test_a_single_block_is_given_as_it_is(parts):
    for name in ("image", "text"):
        alone = FeatureBlocks({name: parts[name]})
        fused = BilinearFusion().fit_transform(alone)
        np.testing.assert_array_equal(dense(fused), dense(ConcatFusion().fit_transform(alone)))


@pytest.mark.parametrize("include_blocks", [False, True])
def test_normalized_rows(gappy, include_blocks):
    plain, normalized = (
        dense(BilinearFusion(16, include_blocks, normalize, random_state=0).fit_transform(gappy))
        for normalize in (False, True)
    )
    np.testing.assert_array_equal(normalized[:, :-16], plain[:, :-16])
    roots = np.sign(plain[:, -16:]) * np.sqrt(np.abs(plain[:, -16:], dtype=np.float64))
    norms = np.linalg.norm(roots, axis=1, keepdims=True)
    expected = np.divide(roots, norms, out=roots, where=norms > 0)
    np.testing.assert_allclose(normalized[:, -16:], expected, atol=1e-6)
    assert set(np.linalg.norm(expected, axis=1).round(6)) == {0, 1}


def test_places_of_no_product_are_zeros_to_the_bit(parts):
    """A StandardScaler afterwards would make features of what rounding leaves there."""
    blocks = FeatureBlocks(parts).select(["image", "sound"])
    for normalize in (False, True):
        fused = BilinearFusion(1000, False, normalize, random_state=0).fit_transform(blocks)
        assert (fused != 0).any(axis=0).sum() <= 4 * 2


def test_seeds(gappy):
    one, same, other = (
        BilinearFusion(16, False, random_state=seed).fit_transform(gappy)
        for seed in (0, np.random.RandomState(0), 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_names(parts):
    blocks = FeatureBlocks(parts, feature_names={"sound": ["pitch", "loudness"]})
    names = BilinearFusion(3).fit(blocks).get_feature_names_out().tolist()
    assert names[4:6] == ["sound__pitch", "sound__loudness"]
    assert names[13:] == [f"image*sound*text__{place}" for place in range(3)]
    names = BilinearFusion(2, include_blocks=False).fit(blocks).get_feature_names_out()
    assert names.tolist() == ["image*sound*text__0", "image*sound*text__1"]


def test_no_row(parts):
    blocks = FeatureBlocks(parts)
    for include_blocks, width in [(True, 13 + 8), (False, 8)]:
        fusion = BilinearFusion(8, include_blocks).fit(blocks)
        assert fusion.transform(blocks[:0]).shape == (0, width)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components=0 is not an integer of at least 1"),
        ({"n_components": 2.5}, "n_components=2.5 is not an integer"),
        ({"scale": "minmax"}, "scale='minmax' is not one of 'standard', 'block', None"),
        ({"include_blocks": "no"}, "include_blocks='no' is not one of True, False"),
        ({"normalize": 1}, "normalize=1 is not one of True, False"),
    ],
)
def test_refused_parameters(parts, parameters, message):
    with pytest.raises(ValueError, match=message):
        BilinearFusion(**parameters).fit(FeatureBlocks(parts))


def test_products_of_a_single_block_are_refused(parts):
    message = "include_blocks=False leaves products of blocks alone, but 'image' is the only block"
    with pytest.raises(ValueError, match=message):
        BilinearFusion(include_blocks=False).fit(FeatureBlocks({"image": parts["image"]}))


def test_what_only_two_modalities_tell_together(tmp_path):
    """A linear head finds it in the products, and finds nothing in the blocks side by side."""
    table, y = make_multimodal(
        500,
        folder=tmp_path,
        modalities=["text", "numeric"],
        redundancy=0,
        uniqueness=0,
        synergy=1,
        noise=0,
        random_state=0,
    )
    blocks = multimodal_pipeline(table)["features"].fit_transform(table)
    scores = [
        cross_val_score(make_pipeline(fusion, LogisticRegression(C=10)), blocks, y).mean()
        for fusion in (ConcatFusion(), BilinearFusion(random_state=0))
    ]
    assert scores[0] < 0.6
    assert scores[1] > 0.9


@pytest.mark.parametrize("include_blocks", [False, True])
def test_memory_is_bounded(monkeypatch, include_blocks):
    """Rows are sketched in chunks; above the result there is one sketch at most."""
    generator = np.random.default_rng(0)
    text = sparse.random_array((2000, 50000), density=0.001, rng=generator, format="csr")
    blocks = FeatureBlocks({"text": text, "image": generator.normal(size=(2000, 64))})
    monkeypatch.setattr("mmsk.compose._stack.CELLS_AT_A_TIME", 2**14)
    fusion = BilinearFusion(256, include_blocks, random_state=0).fit(blocks)
    tracemalloc.start()
    fused = fusion.transform(blocks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    parts = (fused.data, fused.indices, fused.indptr) if sparse.issparse(fused) else (fused,)
    sketch = 2000 * 256 * 4
    assert peak < sum(part.nbytes for part in parts) + include_blocks * sketch + 2**21
