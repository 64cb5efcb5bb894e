"""KernelFusion: inner products of fused rows against the exact weighted sum of kernels."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_circles, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC

from mmsk import ConcatFusion, FeatureBlocks, KernelFusion
from mmsk.fusion import _block_weights
from mmsk.fusion._kernel_alignment import alignment_weights

N_ROWS = 90
KERNELS = ["rbf", "poly", "linear", "cosine"]


@pytest.fixture
def y():
    return np.arange(N_ROWS) % 3


@pytest.fixture
def parts(y):
    generator = np.random.default_rng(0)
    text = sparse.random_array((N_ROWS, 12), density=0.3, rng=generator, format="csr")
    image = generator.normal(200, 100, size=(N_ROWS, 4)) + 100 * y[:, None]
    return {
        "image": image.astype(np.float32),
        "sound": generator.normal(size=(N_ROWS, 2)) + 0.5 * y[:, None],
        "text": sparse.csr_matrix(text),
    }


@pytest.fixture
def gappy(parts):
    present = np.random.default_rng(1).random((N_ROWS, 3)) < 0.7
    present[~present.any(axis=1), 1] = True
    for place, name in enumerate(["image", "sound"]):
        parts[name][~present[:, place]] = np.nan
    return FeatureBlocks(parts, present=present)


def exact_kernels(blocks, kernel, scale="standard", gamma="scale"):
    """Kernel of each scaled block, zeros where either row lacks the block."""
    kernels = {}
    for name, block in blocks.items():
        rows = np.flatnonzero(blocks.present_in(name))
        scaled = ConcatFusion(scale).fit_transform(FeatureBlocks({name: block[rows]}))
        settings = {"gamma": SVC(gamma=gamma).fit(scaled, rows % 2)._gamma, "degree": 3, "coef0": 1}
        kernels[name] = np.zeros((len(blocks), len(blocks)))
        kernels[name][np.ix_(rows, rows)] = pairwise_kernels(
            scaled.astype(np.float64), metric=kernel, filter_params=True, **settings
        )
    return kernels


def weighted_sum(kernels, weights):
    return sum(weight * kernels[name] for name, weight in weights.items())


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", ["standard", "block"])
@pytest.mark.parametrize("gamma", ["scale", 0.5])
def test_with_all_rows_as_landmarks_kernels_are_exact(gappy, kernel, scale, gamma):
    weights = {"image": 2.0, "sound": 0.5, "text": 1.0}
    fusion = KernelFusion(kernel, N_ROWS, weights, gamma, scale=scale, random_state=0)
    fused = fusion.fit_transform(gappy).astype(np.float64)
    expected = weighted_sum(exact_kernels(gappy, kernel, scale, gamma), weights)
    assert fused.shape[1] == gappy.present.sum()
    np.testing.assert_allclose(fused @ fused.T, expected, atol=1e-4 * expected.max())


def test_a_kernel_for_each_block(gappy):
    fusion = KernelFusion(
        {"text": "cosine", "sound": "poly"},
        N_ROWS,
        "uniform",
        {"image": 0.2},
        random_state=0,
    )
    fused = fusion.fit_transform(gappy).astype(np.float64)
    kernels = {
        "image": exact_kernels(gappy, "rbf", gamma=0.2)["image"],
        "sound": exact_kernels(gappy, "poly")["sound"],
        "text": exact_kernels(gappy, "cosine")["text"],
    }
    assert fusion.weights_ == pytest.approx(dict.fromkeys(kernels, 1 / 3))
    expected = weighted_sum(kernels, fusion.weights_)
    np.testing.assert_allclose(fused @ fused.T, expected, atol=1e-4 * expected.max())
    assert [nystroem.kernel for nystroem in fusion.maps_.values()] == ["rbf", "poly", "cosine"]


def test_more_landmarks_are_closer_to_the_kernel(gappy, y):
    exact, errors = exact_kernels(gappy, "rbf"), []
    for n_components in (5, 15, 45):
        fusion = KernelFusion(n_components=n_components, weights="uniform", random_state=0)
        fused = fusion.fit_transform(gappy)
        assert fused.shape == (N_ROWS, 3 * n_components)
        errors.append(np.linalg.norm(fused @ fused.T - weighted_sum(exact, fusion.weights_)))
    assert errors[0] > 1.5 * errors[1] > 1.5 * 1.5 * errors[2]


def direct_alignment(blocks, target, n_components=20):
    """Weights from kernels of the unweighted maps, centred by centring matrices, in float64."""
    plain = KernelFusion(n_components=n_components, weights=[1.0] * 3, random_state=0)
    features = np.split(plain.fit_transform(blocks).astype(np.float64), 3, axis=1)
    kernels = []
    for name, rows in zip(blocks.names, features, strict=True):
        here = blocks.present_in(name).astype(np.float64)
        centring = np.diag(here) - np.outer(here, here) / here.sum()
        kernels.append(centring @ rows @ rows.T @ centring)
    products = np.array([[np.trace(a @ b) for b in kernels] for a in kernels])
    return alignment_weights(products, np.array([np.trace(a @ target) for a in kernels]))


@pytest.mark.parametrize("kind", ["classes", "two classes", "names", "real"])
def test_alignment_equals_its_formula(gappy, y, kind):
    target = {
        "classes": y,
        "two classes": y > 0,
        "names": np.array(["a", "b", "c"])[y],
        "real": y + np.random.default_rng(0).normal(size=N_ROWS),
    }[kind]
    columns = target[:, None].astype(float) if kind in ("two classes", "real") else None
    if columns is None:
        columns = OneHotEncoder(sparse_output=False).fit_transform(target[:, None])
    expected = direct_alignment(gappy, columns @ columns.T)
    fusion = KernelFusion(n_components=20, random_state=0).fit(gappy, target)
    np.testing.assert_allclose(list(fusion.weights_.values()), expected, atol=1e-4)
    assert sum(fusion.weights_.values()) == pytest.approx(1)


def test_weights_of_many_rows_are_those_of_a_fixed_sample(gappy, y, monkeypatch):
    whole = KernelFusion(n_components=20, random_state=0).fit(gappy, y).weights_
    monkeypatch.setattr(_block_weights, "MOST_ROWS_ALIGNED", 60)
    sampled, again = (
        KernelFusion(n_components=20, random_state=0).fit(gappy, y).weights_ for _ in range(2)
    )
    assert sampled == again != whole
    assert sampled == pytest.approx(whole, abs=0.2)


def test_which_rows_lack_a_block_has_no_say_in_its_weight(parts, y):
    """A block that says nothing, and is there for one class only."""
    constant = np.where(y[:, None] == 0, 1.0, np.nan)
    noise = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    blocks = FeatureBlocks({"constant": constant, "noise": noise, "image": parts["image"]})
    weights = KernelFusion(n_components=20, random_state=0).fit(blocks, y).weights_
    assert weights["constant"] == 0
    assert weights["image"] > 0.8


def test_missing_blocks_are_zeros(gappy):
    fusion = KernelFusion(n_components=20, weights="uniform", random_state=0)
    fused = np.split(fusion.fit_transform(gappy), 3, axis=1)
    for rows, present in zip(fused, gappy.present.T, strict=True):
        np.testing.assert_array_equal(rows.any(axis=1), present)


def test_blocks_that_few_or_no_training_rows_have(parts, y):
    few, none = np.full((N_ROWS, 4), np.nan), np.full((N_ROWS, 2), np.nan)
    few[:7] = parts["image"][:7]
    training = FeatureBlocks({"few": few, "none": none, "text": parts["text"]})
    fusion = KernelFusion(n_components=20, random_state=0).fit(training, y)
    assert fusion.weights_["none"] == 0
    names = fusion.get_feature_names_out().tolist()
    assert names == [f"few__rbf{n}" for n in range(7)] + [f"text__rbf{n}" for n in range(20)]
    later = FeatureBlocks({"few": parts["image"], "none": parts["sound"], "text": parts["text"]})
    assert fusion.transform(later).shape == (N_ROWS, 27)
    assert np.isfinite(fusion.transform(later)).all()


def test_a_block_without_columns():
    blocks = FeatureBlocks({"empty": np.empty((4, 0)), "one": np.arange(4.0)[:, None]})
    fused = KernelFusion(weights="uniform").fit_transform(blocks)
    assert fused.shape == (4, 4)


def test_landmarks_of_sparse_blocks_stay_sparse(gappy):
    fusion = KernelFusion(n_components=20, weights="uniform").fit(gappy)
    assert sparse.issparse(fusion.maps_["text"].components_)
    assert isinstance(fusion.transform(gappy), np.ndarray)


def test_gamma_of_a_block_that_does_not_vary():
    rows = np.full((5, 3), 1e3)
    fusion = KernelFusion(weights="uniform", scale=None).fit(FeatureBlocks({"constant": rows}))
    assert fusion.maps_["constant"].gamma == 1


def test_seeds(gappy):
    one, same, other = (
        KernelFusion(n_components=20, weights="uniform", random_state=seed).fit_transform(gappy)
        for seed in (0, np.random.RandomState(0), 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def rings_and_moons(n_rows):
    """Boundaries of different form in blocks of different unit; each is right for most rows."""
    generator = np.random.default_rng(0)
    rings, y = make_circles(n_rows, noise=0.2, factor=0.4, random_state=0, shuffle=False)
    moons, other = make_moons(n_rows, noise=0.3, random_state=0, shuffle=False)
    assert (y == other).all()
    order = generator.permutation(n_rows)
    noise = generator.normal(size=(n_rows, 30))
    blocks = {"rings": 1e3 * rings[order], "moons": moons[order], "noise": noise}
    return FeatureBlocks(blocks), y[order]


def test_a_linear_head_is_close_to_a_kernel_machine():
    blocks, y = rings_and_moons(500)
    train, test = np.arange(0, 300), np.arange(300, 500)
    fusion = KernelFusion(random_state=0).fit(blocks[train], y[train])
    linear = SVC(kernel="linear").fit(fusion.transform(blocks[train]), y[train])
    exact = KernelFusion(n_components=300, weights=fusion.weights_).fit(blocks[train])
    rows = exact.transform(blocks).astype(np.float64)
    kernel = rows @ rows[train].T
    machine = SVC(kernel="precomputed").fit(kernel[train], y[train])
    predictions = linear.predict(fusion.transform(blocks[test]))
    assert np.mean(predictions == machine.predict(kernel[test])) > 0.95
    assert np.mean(predictions == y[test]) > 0.95


def test_it_is_right_where_concatenation_is_not():
    blocks, y = rings_and_moons(500)
    scores = []
    for fusion in (ConcatFusion(), KernelFusion(random_state=0)):
        model = make_pipeline(fusion, LogisticRegression()).fit(blocks[:300], y[:300])
        scores.append(model.score(blocks[300:], y[300:]))
    assert scores[0] < 0.9 < 0.95 < scores[1]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kernel": "sigmoid"}, "kernel='sigmoid' is not one of 'rbf', 'poly', 'linear', 'cosine'"),
        ({"kernel": {"text": "tanh"}}, r"kernel\['text'\]='tanh' is not one of 'rbf'"),
        ({"kernel": {"smell": "rbf"}}, "kernel names the block 'smell', but the blocks"),
        ({"gamma": "auto"}, "gamma='auto' is not one of 'scale'"),
        ({"gamma": 0}, "gamma=0 is not a number above 0"),
        ({"gamma": {"text": None}}, r"gamma\['text'\]=None is not a number above 0"),
        ({"n_components": 0}, "n_components=0 is not an integer of at least 1"),
        ({"degree": 1.5}, "degree=1.5 is not an integer of at least 1"),
        ({"scale": "minmax"}, "scale='minmax' is not one of 'standard', 'block', None"),
        ({"weights": "score"}, "weights='score' is not one of 'alignment', 'uniform'"),
        ({"weights": None}, "weights=None is not 'alignment', 'uniform', a mapping"),
        ({"weights": [1.0]}, "weights has 1 values, but there are 3 blocks"),
        ({"weights": [0, 0, 0]}, r"weights=\[0, 0, 0\] gives no block a say: all are 0"),
        ({"weights": {"text": -1}}, r"weights\['text'\]=-1 is not a number of at least 0"),
    ],
)
def test_refused_parameters(parts, y, parameters, message):
    with pytest.raises(ValueError, match=message):
        KernelFusion(**parameters).fit(FeatureBlocks(parts), y)


def test_refused_targets(parts, y):
    blocks = FeatureBlocks(parts)
    with pytest.raises(ValueError, match=r"weights='alignment' learns from y: call fit\(X, y\)"):
        KernelFusion().fit(blocks)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        KernelFusion().fit(blocks, y[:-1])


def test_memory_is_bounded(monkeypatch):
    """Rows of a narrow block are mapped in chunks by the width of what they become."""
    blocks = FeatureBlocks({"age": np.random.default_rng(0).normal(size=(20000, 1))})
    monkeypatch.setattr("mmsk.compose._stack.CELLS_AT_A_TIME", 2**14)
    fusion = KernelFusion(n_components=50, weights="uniform", random_state=0).fit(blocks)
    tracemalloc.start()
    fused = fusion.transform(blocks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < fused.nbytes + 2**20
