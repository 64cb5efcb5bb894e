"""MultiKernelSVC against SVC on explicit features and on kernels written out in NumPy."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from mmsk import FeatureBlocks, MultiKernelSVC, WeightedFusion
from mmsk.heads import _block_products
from mmsk.heads._kept_products import forget_tables, kept_tables

N_ROWS = 160
TRAIN, TEST = slice(0, 120), slice(120, N_ROWS)


@pytest.fixture(autouse=True)
def _nothing_kept():
    forget_tables()
    yield
    forget_tables()


def problem(n_classes=2, sparse_text=False, missing=False, dtype=np.float32):
    """Three blocks of different scale and offset, each telling of the target."""
    X, y = make_classification(
        N_ROWS, 18, n_informative=9, n_classes=n_classes, flip_y=0.1, random_state=1
    )
    text = np.where(X[:, 12:] > 0.5, X[:, 12:], 0)
    blocks = {
        "image": (20 * X[:, :6] + 90).astype(dtype),
        "sound": X[:, 6:12].astype(dtype),
        "text": sparse.csr_matrix(text, dtype=dtype) if sparse_text else text.astype(dtype),
    }
    present = np.ones((N_ROWS, 3), dtype=bool)
    if missing:
        present[::5, 0] = present[1::4, 2] = False
        blocks["image"][::5] = np.nan
    return FeatureBlocks(blocks, present=present), y


def scaled(head, name, blocks):
    """Rows of a block as the head scales them, in float64; zeros where they lack it."""
    block, present = blocks[name], blocks.present_in(name)
    rows = np.zeros(block.shape)
    rows[present] = (block.toarray() if sparse.issparse(block) else block)[present]
    scale = head.scales_[name]
    offset = 0 if scale.offset is None else scale.offset.astype(np.float64)
    return np.where(present[:, None], (rows - offset) * scale.factor.astype(np.float64), 0)


def values_of(kernel, X, Y):
    if kernel.name == "rbf":
        return np.exp(-kernel.gamma * ((X[:, None] - Y) ** 2).sum(axis=2))
    if kernel.name == "linear":
        return X @ Y.T
    inner = kernel.gamma * X @ Y.T + kernel.coef0
    return np.tanh(inner) if kernel.name == "sigmoid" else inner**kernel.degree


def reference_kernel(head, blocks, others):
    """The fused kernel by its definition."""
    values = []
    for name, kernel in head.kernel_.kernels.items():
        part = values_of(kernel, scaled(head, name, blocks), scaled(head, name, others))
        if head.combination == "product":
            values.append(part ** head.weights_[name])
        else:
            both = np.outer(blocks.present_in(name), others.present_in(name))
            values.append(head.weights_[name] * np.where(both, part, 0))
    return np.prod(values, axis=0) if head.combination == "product" else np.sum(values, axis=0)


KERNELS = {"image": "linear", "sound": "poly", "text": "sigmoid"}


@pytest.mark.parametrize("reuse_mib", [0, 100])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("scale", ["centred", "block", "standard"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kernel": "linear", "weights": {"image": 3.0, "text": 0.0}},
        {"kernel": KERNELS, "coef0": 0.4, "degree": 2, "gamma": {"sound": 0.3}},
        {"combination": "product", "weights": [0.2, 1.5, 1.0]},
        {"combination": "product", "gamma": 0.7, "weights": "alignment"},
        {"weights": "easymkl"},
    ],
    ids=str,
)
def test_decides_by_the_kernel_that_is_documented(settings, scale, missing, reuse_mib):
    blocks, y = problem(3, sparse_text=True, missing=missing)
    train, test = blocks[TRAIN], blocks[TEST]
    # Each is close to the one solution, however rounding takes it there.
    head = MultiKernelSVC(scale=scale, reuse_mib=reuse_mib, tol=1e-8, **settings)
    head.fit(train, y[TRAIN])
    svc = SVC(kernel="precomputed", tol=1e-8)
    svc.fit(reference_kernel(head, train, train), y[TRAIN])
    kernel = reference_kernel(head, test, train)
    np.testing.assert_allclose(
        head.decision_function(test), svc.decision_function(kernel), atol=1e-5
    )
    np.testing.assert_array_equal(head.predict(test), svc.predict(kernel))


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_block_has_the_bits_of_svc(dtype, n_classes):
    """libsvm rounds kernel values to float32, and the float64 ones here round alike."""
    X, y = make_classification(200, 30, n_informative=9, n_classes=n_classes, random_state=0)
    X = X.astype(dtype)
    head, svc = MultiKernelSVC(scale=None).fit(X, y), SVC().fit(X, y)
    assert head.kernel_.kernels["features"].gamma == pytest.approx(svc._gamma, rel=1e-12)
    for name in ("dual_coef_", "intercept_", "support_", "n_support_", "n_iter_"):
        np.testing.assert_array_equal(getattr(head.svc_, name), getattr(svc, name))
    np.testing.assert_array_equal(head.predict(X), svc.predict(X))
    np.testing.assert_allclose(head.decision_function(X), svc.decision_function(X), atol=1e-11)


@pytest.mark.parametrize("kernel", ["linear", "poly", "sigmoid"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_one_block_decides_like_svc(kernel, n_classes):
    X, y = make_classification(200, 30, n_informative=9, n_classes=n_classes, random_state=0)
    settings = {"kernel": kernel, "coef0": 0.3, "C": 0.5}
    head = MultiKernelSVC(scale=None, **settings).fit(X, y)
    svc = SVC(**settings).fit(X, y)
    np.testing.assert_allclose(head.decision_function(X), svc.decision_function(X), atol=1e-6)
    np.testing.assert_array_equal(head.predict(X), svc.predict(X))


@pytest.mark.parametrize("scale", ["block", None])
@pytest.mark.parametrize("gamma", ["scale", 0.02])
@pytest.mark.parametrize("missing", [False, True])
def test_product_is_svc_on_weighted_features(scale, gamma, missing):
    blocks, y = problem(3, sparse_text=True, missing=missing)
    weights = {"image": 0.5, "text": 2.0, "sound": 0.0}
    fused = make_pipeline(WeightedFusion(weights, scale), SVC(gamma=gamma))
    fused.fit(blocks[TRAIN], y[TRAIN])
    squares = {name: weight**2 for name, weight in weights.items()}
    head = MultiKernelSVC(combination="product", weights=squares, scale=scale, gamma=gamma)
    head.fit(blocks[TRAIN], y[TRAIN])
    assert head.kernel_.kernels["image"].gamma == pytest.approx(fused[-1]._gamma, rel=1e-5)
    expected = fused.decision_function(blocks[TEST])
    np.testing.assert_allclose(head.decision_function(blocks[TEST]), expected, atol=3e-3)
    np.testing.assert_array_equal(head.predict(blocks[TEST]), fused.predict(blocks[TEST]))


@pytest.mark.parametrize("scale", ["block", "standard", None])
def test_sum_of_linear_kernels_is_a_linear_svc_on_weighted_features(scale):
    blocks, y = problem(dtype=np.float64)
    blocks = FeatureBlocks({name: block - block.mean(axis=0) for name, block in blocks.items()})
    weights = {"image": 0.5, "text": 2.0}
    fused = make_pipeline(WeightedFusion(weights, scale), SVC(kernel="linear", C=0.1))
    squares = {name: weight**2 for name, weight in weights.items()}
    head = MultiKernelSVC(kernel="linear", weights=squares, scale=scale, C=0.1)
    fused.fit(blocks[TRAIN], y[TRAIN])
    head.fit(blocks[TRAIN], y[TRAIN])
    expected = fused.decision_function(blocks[TEST])
    np.testing.assert_allclose(head.decision_function(blocks[TEST]), expected, atol=3e-3)


def test_gamma_scale_is_that_of_svc_on_each_scaled_block():
    blocks, y = problem(sparse_text=True)
    for scale in ("centred", "block", "standard", None):
        head = MultiKernelSVC(scale=scale).fit(blocks, y)
        for name in blocks.names:
            rows = scaled(head, name, blocks)
            expected = 1 / (rows.shape[1] * rows.var())
            assert head.kernel_.kernels[name].gamma == pytest.approx(expected, rel=1e-5)


def test_gamma_of_constant_blocks_is_one():
    blocks, y = problem()
    constant = FeatureBlocks({"image": blocks["image"], "none": np.full((N_ROWS, 2), 0.1)})
    for scale in ("centred", "standard", None):
        head = MultiKernelSVC(scale=scale).fit(constant, y)
        assert head.kernel_.kernels["none"].gamma == 1.0
        assert np.isfinite(head.decision_function(constant)).all()


def n_different(blocks):
    whole = (block.toarray() if sparse.issparse(block) else block for _, block in blocks.items())
    return [len(np.unique(block, axis=0)) for block in whole]


SEARCHED = {
    "weights": [{}, {"image": 0.5, "text": 0.1}, {"sound": 0.0}],
    "gamma": [0.3, 1.0],
    "C": [0.5, 5.0],
}


@pytest.mark.parametrize("combination", ["sum", "product"])
def test_a_search_multiplies_each_pair_of_rows_once(combination):
    blocks, y = problem(3, sparse_text=True)
    head = MultiKernelSVC(combination=combination)
    first = GridSearchCV(head, {"C": [1.0]}, cv=5, refit=False).fit(blocks, y)
    tables = kept_tables()
    assert sorted(len(table.places) for table in tables) == sorted(n_different(blocks))
    search = GridSearchCV(head, SEARCHED, cv=5).fit(blocks, y)
    assert set(kept_tables()) == set(tables), "nothing was multiplied again"
    alone = GridSearchCV(head.set_params(reuse_mib=0), SEARCHED, cv=5).fit(blocks, y)
    for fold in range(5):
        name = f"split{fold}_test_score"
        np.testing.assert_array_equal(search.cv_results_[name], alone.cv_results_[name])
    assert first.best_score_ > 0.6


def test_a_search_gives_the_scores_of_svc_on_weighted_features():
    blocks, y = problem(3)
    blocks = FeatureBlocks({name: block / 10 for name, block in blocks.items()})
    weights = [{}, {"image": 0.5, "text": 0.25}, {"sound": 0.0}]
    fused = make_pipeline(WeightedFusion(scale=None), SVC())
    expected = GridSearchCV(
        fused,
        {"svc__C": [1, 10.0], "svc__gamma": [0.1, 0.5], "weightedfusion__weights": weights},
        cv=5,
    )
    head = MultiKernelSVC(combination="product", scale=None)
    squares = [{name: weight**2 for name, weight in some.items()} for some in weights]
    search = GridSearchCV(head, {"C": [1, 10.0], "gamma": [0.1, 0.5], "weights": squares}, cv=5)
    np.testing.assert_array_equal(
        search.fit(blocks, y).cv_results_["mean_test_score"],
        expected.fit(blocks, y).cv_results_["mean_test_score"],
    )


def test_kept_products_are_used_in_fit_and_predict():
    """With doubled rows behind the table's back, all is as of doubled rows."""
    blocks, y = problem()
    head = MultiKernelSVC(combination="product", scale=None, gamma=1e-3).fit(blocks, y)
    doubled = FeatureBlocks({name: 2 * block for name, block in blocks.items()})
    for table in kept_tables():
        table.products[...] *= 4
    again = clone(head).fit(blocks, y).decision_function(blocks)
    expected = head.fit(doubled, y).decision_function(doubled)
    np.testing.assert_allclose(again, expected, atol=1e-6)


def test_changed_content_is_computed_anew():
    blocks, y = problem()
    head = MultiKernelSVC().fit(blocks, y)
    changed = FeatureBlocks({name: block.copy() for name, block in blocks.items()})
    changed["image"][7] += 50
    found = clone(head).fit(changed, y).decision_function(changed)
    forget_tables()
    expected = clone(head).fit(changed, y).decision_function(changed)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.abs(found - head.decision_function(blocks)).max() > 1e-3


def test_memory_of_kept_products_is_bounded():
    blocks, y = problem()
    for reuse_mib in (0.25, 0.5, 1.0):
        head = MultiKernelSVC(reuse_mib=reuse_mib)
        GridSearchCV(head, {"C": [0.1, 1.0]}, cv=3).fit(blocks, y)
        kept = sum(table.nbytes for table in kept_tables())
        assert 0 < kept <= reuse_mib * 2**20


def test_predictions_do_not_depend_on_what_is_kept():
    blocks, y = problem(3, sparse_text=True, missing=True)
    for combination in ("sum", "product"):
        head = MultiKernelSVC(combination=combination).fit(blocks[TRAIN], y[TRAIN])
        MultiKernelSVC().fit(blocks, y)
        kept = head.decision_function(blocks)
        forget_tables()
        np.testing.assert_allclose(head.decision_function(blocks), kept, atol=1e-11)


@pytest.mark.parametrize("weights", ["alignment", "easymkl"])
@pytest.mark.parametrize("combination", ["sum", "product"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_learned_weights_prefer_what_tells(weights, combination, n_classes):
    generator = np.random.default_rng(0)
    y = np.arange(N_ROWS) % n_classes
    blocks = FeatureBlocks(
        {
            "noise": generator.normal(size=(N_ROWS, 3)),
            "telling": np.eye(3)[y] + 0.3 * generator.normal(size=(N_ROWS, 3)),
            "nobody": np.full((N_ROWS, 2), np.nan),
        }
    )
    head = MultiKernelSVC(weights=weights, combination=combination).fit(blocks[TRAIN], y[TRAIN])
    assert list(head.weights_) == blocks.names
    assert head.weights_["telling"] > 2 * head.weights_["noise"]
    assert head.weights_["nobody"] == 0
    assert sum(head.weights_.values()) == pytest.approx(2), "a mean of 1 over blocks that are there"
    assert head.score(blocks[TEST], y[TEST]) > 0.9


def test_a_missing_block_adds_nothing_to_a_sum():
    blocks, y = problem(missing=True)
    head = MultiKernelSVC().fit(blocks[TRAIN], y[TRAIN])
    present = blocks.present.copy()
    present[TEST, 1:] = False
    present[TEST, 0] = True
    alone = FeatureBlocks(dict(problem()[0].items()), present=present)[TEST]
    kernel = values_of(
        head.kernel_.kernels["image"],
        scaled(head, "image", alone),
        scaled(head, "image", blocks[TRAIN]),
    )
    kernel *= blocks.present_in("image")[TRAIN]
    expected = kernel[:, head.svc_.support_] @ head.svc_.dual_coef_.T + head.svc_.intercept_
    np.testing.assert_allclose(head.decision_function(alone), expected.ravel(), atol=1e-6)


@pytest.mark.parametrize("combination", ["sum", "product"])
def test_values_of_missing_rows_have_no_say(combination):
    blocks, y = problem(missing=True)
    other = FeatureBlocks(
        {name: np.where(blocks.present_in(name)[:, None], block, 1e6)
         for name, block in blocks.items()},
        present=blocks.present,
    )  # fmt: skip
    head = MultiKernelSVC(combination=combination)
    expected = clone(head).fit(blocks, y).decision_function(blocks)
    np.testing.assert_array_equal(head.fit(other, y).decision_function(other), expected)


@pytest.mark.parametrize("combination", ["sum", "product"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_a_block_that_no_training_row_has_says_nothing_later(combination, form):
    blocks, y = problem()
    parts = {"sound": blocks["sound"], "late": form(np.ones((N_ROWS, 2)))}
    present = np.ones((N_ROWS, 2), dtype=bool)
    present[TRAIN, 1] = False
    with_late = FeatureBlocks(parts, present=present)
    head = MultiKernelSVC(combination=combination).fit(with_late[TRAIN], y[TRAIN])
    alone = with_late.select(["sound"])
    expected = MultiKernelSVC(combination=combination).fit(alone[TRAIN], y[TRAIN])
    np.testing.assert_allclose(
        head.decision_function(with_late[TEST]), expected.decision_function(alone[TEST]), atol=1e-9
    )
    assert head.weights_["late"] == 0


@pytest.mark.parametrize("combination", ["sum", "product"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_support_vectors_that_all_lack_a_block(combination, form):
    """The outermost rows alone have it, and its zeros say nothing."""
    value = np.linspace(-1, 1, 60)[:, None]
    y = (value[:, 0] > 0).astype(int)
    present = np.ones((60, 2), dtype=bool)
    present[1:-1, 1] = False
    blocks = FeatureBlocks({"a": value, "b": form(np.zeros((60, 3)))}, present=present)
    kernel = "rbf" if combination == "product" else "linear"
    head = MultiKernelSVC(kernel=kernel, combination=combination, scale="block", C=1e3)
    head.fit(blocks, y)
    assert not head.support_present_[:, 1].any()
    kept = head.decision_function(blocks)
    forget_tables()
    np.testing.assert_allclose(head.decision_function(blocks), kept, atol=1e-9)
    assert head.score(blocks, y) == 1


def test_a_row_without_any_block_is_named():
    blocks, y = problem()
    present = blocks.present.copy()
    present[[3, 9]] = False
    lost = FeatureBlocks(dict(blocks.items()), present=present)
    with pytest.raises(ValueError, match="Rows 3, 9 have no modality at all"):
        MultiKernelSVC().fit(lost, y)
    head = MultiKernelSVC().fit(blocks, y)
    with pytest.raises(ValueError, match="Rows 3, 9 have no modality at all"):
        head.predict(lost)


def test_only_support_vectors_are_kept_in_the_model():
    blocks, y = problem(sparse_text=True, missing=True)
    head = MultiKernelSVC(weights={"sound": 0.0}, C=10.0).fit(blocks, y)
    rows = blocks[head.svc_.support_]
    assert 0 < len(rows) < N_ROWS
    assert list(head.support_vectors_) == ["image", "text"]
    np.testing.assert_array_equal(head.support_vectors_["image"], rows["image"])
    assert (head.support_vectors_["text"] != rows["text"]).nnz == 0
    np.testing.assert_array_equal(head.support_present_, rows.present[:, [0, 2]])
    copy = pickle.loads(pickle.dumps(head))
    forget_tables()
    found = copy.decision_function(blocks)
    np.testing.assert_allclose(found, head.decision_function(blocks), atol=1e-12)


def test_svc_takes_kernel_values_with_all_training_rows():
    blocks, y = problem(3)
    head = MultiKernelSVC().fit(blocks[TRAIN], y[TRAIN])
    kernel = reference_kernel(head, blocks[TEST], blocks[TRAIN])
    np.testing.assert_array_equal(head.svc_.predict(kernel), head.predict(blocks[TEST]))
    np.testing.assert_allclose(
        head.svc_.decision_function(kernel), head.decision_function(blocks[TEST]), atol=1e-5
    )


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("reuse_mib", [0, 100])
def test_wide_sparse_blocks_stay_sparse(kernel, reuse_mib):
    generator = np.random.default_rng(0)
    wide = sparse.random_array((N_ROWS, 10**7), density=1e-6, rng=generator, format="csr")
    y = np.arange(N_ROWS) % 2
    blocks = FeatureBlocks({"text": wide.astype(np.float32), "number": y[:, None] + 0.0})
    head = MultiKernelSVC(kernel=kernel, reuse_mib=reuse_mib).fit(blocks, y)
    assert head.support_vectors_["text"].nnz > 0
    assert head.score(blocks, y) == 1


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("zeros", [0, 30])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 4.0}])
def test_weights_of_rows_and_classes_are_those_of_svc(n_classes, zeros, class_weight):
    X, y = make_classification(200, 20, n_informative=8, n_classes=n_classes, random_state=0)
    y[(y == 1) & (X[:, 0] > 0)] = 0
    factors = np.random.default_rng(0).random(200) * 3
    factors[:zeros] = 0
    settings = {"class_weight": class_weight, "gamma": 0.05}
    head = MultiKernelSVC(scale=None, **settings).fit(X, y, sample_weight=factors)
    svc = SVC(**settings).fit(X, y, sample_weight=factors)
    np.testing.assert_allclose(head.decision_function(X), svc.decision_function(X), atol=1e-6)
    assert head.svc_.support_.min() >= zeros
    kernel = rbf_kernel(X, X, 0.05)
    np.testing.assert_array_equal(head.svc_.predict(kernel), svc.predict(X))


@pytest.mark.parametrize("labels", [["no", "yes", "so"], [7, -3, 0], [2.0, 1.0, 5.0]])
def test_labels_of_any_type(labels):
    blocks, codes = problem(3)
    y = np.asarray(labels)[codes]
    head = MultiKernelSVC().fit(blocks, y)
    assert head.classes_.tolist() == sorted(labels)
    assert head.score(blocks, y) > 0.8


@pytest.mark.parametrize(
    "settings",
    [
        {"decision_function_shape": "ovo"},
        {"break_ties": True},
        {"tol": 1e-6},
        {"max_iter": 10**6},
    ],
    ids=str,
)
def test_parameters_mean_what_they_mean_to_svc(settings):
    X, y = make_classification(200, 20, n_informative=8, n_classes=4, random_state=0)
    head, svc = MultiKernelSVC(scale=None, **settings).fit(X, y), SVC(**settings).fit(X, y)
    np.testing.assert_allclose(head.decision_function(X), svc.decision_function(X), atol=1e-9)
    np.testing.assert_array_equal(head.predict(X), svc.predict(X))


def test_blocks_in_another_order_and_single_rows():
    blocks, y = problem(3, sparse_text=True, missing=True)
    head = MultiKernelSVC(combination="product").fit(blocks, y)
    forget_tables()
    expected = head.decision_function(blocks)
    turned = blocks.select(["text", "image", "sound"])
    np.testing.assert_array_equal(head.decision_function(turned), expected)
    one_by_one = [head.decision_function(blocks[row]) for row in range(20)]
    np.testing.assert_allclose(np.vstack(one_by_one), expected[:20], atol=1e-11)


@pytest.mark.parametrize("reuse_mib", [0, 100])
@pytest.mark.parametrize("combination", ["sum", "product"])
def test_many_small_tiles(combination, reuse_mib, monkeypatch):
    blocks, y = problem(3, sparse_text=True, missing=True)
    head = MultiKernelSVC(combination=combination, reuse_mib=reuse_mib)
    expected = clone(head).fit(blocks, y).decision_function(blocks)
    monkeypatch.setattr(_block_products, "_TILE_BYTES", 1)
    monkeypatch.setattr(_block_products, "_FEWEST_ROWS", 7)
    found = head.fit(blocks, y).decision_function(blocks)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("reuse_mib", [0, 100])
@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_time_stamps_keep_their_digits(kernel, reuse_mib):
    seconds = np.random.default_rng(0).normal(size=(N_ROWS, 1))
    y = (seconds[:, 0] > 0).astype(int)
    near = MultiKernelSVC(kernel=kernel).fit(seconds, y).decision_function(seconds)
    far = MultiKernelSVC(kernel=kernel, reuse_mib=reuse_mib).fit(1.7e9 + seconds, y)
    np.testing.assert_allclose(far.decision_function(1.7e9 + seconds), near, atol=1e-3)


def test_threads_share_tables():
    blocks, y = problem(3)
    heads = [MultiKernelSVC(C=C, tol=1e-8) for C in (0.1, 1.0, 10.0)]
    cuts = [slice(start, None) for start in (0, 10, 20)]
    with ThreadPoolExecutor(4) as pool:
        work = [(head, cut) for head in heads for cut in cuts]
        found = list(pool.map(lambda w: clone(w[0]).fit(blocks[w[1]], y[w[1]]), work))
    for head, (parameters, cut) in zip(found, work, strict=True):
        expected = clone(parameters).set_params(reuse_mib=0).fit(blocks[cut], y[cut])
        np.testing.assert_allclose(
            head.decision_function(blocks), expected.decision_function(blocks), atol=1e-6
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"C": 0}, "C=0 is not a number above 0"),
        ({"combination": "mean"}, "combination='mean' is not one of 'sum', 'product'"),
        ({"kernel": "rbff"}, "kernel='rbff' is not one of 'linear', 'poly', 'rbf', 'sigmoid'"),
        ({"kernel": {"text": "rbff"}}, r"kernel\['text'\]='rbff' is not one of"),
        ({"kernel": {"txt": "rbf"}}, "kernel names the block 'txt', but the blocks are 'image'"),
        ({"weights": "guess"}, "weights='guess' is not one of 'uniform', 'alignment', 'easymkl'"),
        ({"weights": [1.0]}, "weights has 1 values, but there are 3 blocks"),
        ({"weights": {"txt": 1.0}}, "weights names the block 'txt'"),
        ({"weights": 2.0}, "weights=2.0 is not 'uniform', 'alignment', 'easymkl', a mapping"),
        ({"weights": [0, 0, 0]}, r"weights=\[0, 0, 0\] gives no block a say: all are 0"),
        ({"gamma": "auto"}, "gamma='auto' is not one of 'scale'"),
        ({"gamma": -1.0}, "gamma=-1.0 is not a number above 0"),
        ({"gamma": {"text": 0}}, r"gamma\['text'\]=0 is not a number above 0"),
        ({"gamma": {"text": None}}, r"gamma\['text'\]=None is not a number"),
        ({"degree": 1.5}, "degree=1.5 is not an integer"),
        ({"coef0": None}, "coef0=None is not a number"),
        ({"scale": "unit"}, "scale='unit' is not one of 'centred', 'block', 'standard', None"),
        ({"class_weight": "even"}, "class_weight='even' is not one of None, 'balanced'"),
        ({"tol": 0.0}, "tol=0.0 is not a number above 0"),
        ({"max_iter": 0.5}, "max_iter=0.5 is not an integer"),
        ({"reuse_mib": -1}, "reuse_mib=-1 is not a number of at least 0"),
        (
            {"max_gram_mib": 0.1},
            "matrix of 160 rows needs 0.2 MiB, but max_gram_mib=0.1",
        ),
        ({"combination": "product", "kernel": "linear"}, "kernel='linear' is not 'rbf', the only"),
        ({"combination": "product", "gamma": {"text": 1.0}}, "has one for all. Use weights"),
        (
            {"break_ties": True, "decision_function_shape": "ovo"},
            "break_ties=True needs decision_function_shape='ovr'",
        ),
    ],
    ids=str,
)
def test_refused(settings, message):
    blocks, y = problem()
    with pytest.raises(ValueError, match=message):
        MultiKernelSVC(**settings).fit(blocks, y)


def test_weights_of_missing_blocks_alone_are_refused():
    blocks, y = problem()
    lost = FeatureBlocks(dict(blocks.items()) | {"sound": np.full_like(blocks["sound"], np.nan)})
    with pytest.raises(ValueError, match="leaves no block with a weight above 0"):
        MultiKernelSVC(weights={"image": 0, "text": 0}).fit(lost, y)


def test_refused_targets_and_row_weights():
    blocks, y = problem()
    with pytest.raises(ValueError, match="got 1 class, 0"):
        MultiKernelSVC().fit(blocks, np.zeros(N_ROWS, dtype=int))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MultiKernelSVC().fit(blocks, y[:-1])
    with pytest.raises(ValueError, match="No row of the class 1 has a sample_weight above 0"):
        MultiKernelSVC().fit(blocks, y, sample_weight=(y == 0).astype(float))


@pytest.mark.parametrize("combination", ["sum", "product"])
@pytest.mark.parametrize("weights", ["uniform", "alignment", "easymkl"])
def test_a_block_without_columns_decides_nothing(weights, combination):
    blocks, y = problem()
    with_empty = FeatureBlocks(dict(blocks.items()) | {"none": np.ones((N_ROWS, 0))})
    plain = MultiKernelSVC(weights={"none": 0}, combination=combination).fit(with_empty, y)
    head = MultiKernelSVC(weights=weights, combination=combination).fit(with_empty, y)
    if weights == "uniform":  # its kernel is the same for all rows, which moves the constant
        one, other = (each.decision_function(with_empty) for each in (plain, head))
        np.testing.assert_allclose(one, other, atol=1e-2)
    else:
        assert head.weights_["none"] == pytest.approx(0, abs=1e-9)


def test_no_target():
    with pytest.raises(ValueError, match="MultiKernelSVC learns from y"):
        MultiKernelSVC().fit(problem()[0], None)
