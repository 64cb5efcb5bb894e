"""What the three learned fusions share: training, targets, missing blocks, state."""

import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from mmsk import AttentionFusion, ConcatFusion, FeatureBlocks, GatedFusion, TensorFusion
from mmsk._learning import FEWEST_ROWS_STOPPED

N_ROWS = 80
FUSIONS = [GatedFusion, AttentionFusion, TensorFusion]
BRIEFLY = {"n_components": 8, "max_epochs": 4, "random_state": 0, "device": "cpu"}
every_fusion = pytest.mark.parametrize("fusion", FUSIONS)


@pytest.fixture
def y():
    return np.arange(N_ROWS) % 2


@pytest.fixture
def blocks(y):
    generator = np.random.default_rng(0)
    image = generator.normal(100, 20, size=(N_ROWS, 6)).astype(np.float32) + 10 * y[:, None]
    sound = generator.normal(size=(N_ROWS, 2)) + y[:, None]
    counts = generator.poisson(0.2 + 0.4 * y[:, None], size=(N_ROWS, 15))
    present = generator.random((N_ROWS, 3)) < 0.7
    present[~present.any(axis=1), 1] = True
    image[~present[:, 0]] = np.nan
    sound[~present[:, 1]] = np.nan
    parts = {"image": image, "sound": sound, "text": sparse.csr_array(counts.astype(np.float32))}
    return FeatureBlocks(parts, present=present)


def products(n_rows, seed):
    """Two blocks of which only the product tells of the target."""
    generator = np.random.default_rng(seed)
    one, other = generator.normal(size=(2, n_rows, 4))
    return FeatureBlocks({"one": one, "other": other}), one[:, 0] * other[:, 0]


def assert_equal_state(one, other):
    assert one.state_.keys() == other.state_.keys()
    for name, value in one.state_.items():
        np.testing.assert_array_equal(value, other.state_[name])


@pytest.mark.parametrize("fusion", [AttentionFusion, TensorFusion, GatedFusion])
def test_what_only_both_blocks_tell(fusion):
    """A linear head behind it finds what it cannot find behind a concatenation."""
    blocks, product = products(600, 0)
    test, test_product = products(500, 1)
    score = {}
    for each in (fusion(n_components=16, random_state=0), ConcatFusion()):
        model = make_pipeline(each, LogisticRegression()).fit(blocks, product > 0)
        score[type(each)] = model.score(test, test_product > 0)
    assert score[fusion] > 0.9
    assert score[ConcatFusion] < 0.6


@every_fusion
def test_real_targets(fusion):
    blocks, product = products(600, 0)
    test, test_product = products(500, 1)
    target = 1e4 + 300 * np.tanh(product)
    model = make_pipeline(fusion(n_components=16, random_state=0), Ridge()).fit(blocks, target)
    assert model.score(test, 1e4 + 300 * np.tanh(test_product)) > 0.7
    assert model[0].history_["loss"][0] == pytest.approx(1, abs=0.3)


@every_fusion
def test_the_same_seed_gives_the_same_bits(fusion, blocks, y):
    settings = BRIEFLY | {"dropout": 0.3, "modality_dropout": 0.3, "early_stopping": True}
    one, again = (fusion(**settings).fit(blocks, y) for _ in range(2))
    assert_equal_state(one, again)
    assert one.history_ == again.history_
    np.testing.assert_array_equal(one.transform(blocks), again.transform(blocks))
    other = fusion(**settings | {"random_state": 1}).fit(blocks, y)
    assert not np.allclose(one.transform(blocks), other.transform(blocks))


@every_fusion
def test_the_number_of_threads_changes_no_bit(fusion, blocks, y):
    before = torch.get_num_threads()
    fitted = []
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            fitted.append(fusion(**BRIEFLY).fit(blocks, y))
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert_equal_state(*fitted)


def test_random_state_is_that_of_scikit_learn(blocks, y):
    fitted = [
        TensorFusion(**BRIEFLY | {"random_state": np.random.RandomState(3)}).fit(blocks, y)
        for _ in range(2)
    ]
    assert_equal_state(*fitted)
    generator = np.random.RandomState(3)
    fusion = TensorFusion(**BRIEFLY | {"random_state": generator})
    first, second = fusion.fit_transform(blocks, y), fusion.fit_transform(blocks, y)
    assert not np.allclose(first, second)


@every_fusion
def test_rows_do_not_depend_on_each_other(fusion, blocks, y):
    fitted = fusion(**BRIEFLY).fit(blocks, y)
    fused = fitted.transform(blocks)
    assert fused.shape == (N_ROWS, 8)
    assert fused.dtype == np.float32
    many = fitted.transform(blocks[np.tile(np.arange(N_ROWS), 20)])
    np.testing.assert_allclose(many, np.tile(fused, (20, 1)), atol=1e-5)
    for row in (0, 7, -1):
        np.testing.assert_allclose(fitted.transform(blocks[row])[0], fused[row], atol=1e-5)
    assert fitted.transform(blocks[[]]).shape == (0, 8)


@every_fusion
def test_what_fills_missing_rows_changes_no_bit(fusion, blocks, y):
    filled = {name: np.nan_to_num(blocks[name], nan=1e9) for name in ("image", "sound")}
    text = blocks["text"].toarray()
    text[~blocks.present_in("text")] = -7
    other = FeatureBlocks(filled | {"text": sparse.csr_array(text)}, present=blocks.present)
    one, same = fusion(**BRIEFLY).fit(blocks, y), fusion(**BRIEFLY).fit(other, y)
    assert_equal_state(one, same)
    np.testing.assert_array_equal(one.transform(blocks), same.transform(other))


@every_fusion
def test_a_block_that_no_training_row_has_counts_as_missing(fusion, blocks, y):
    present = blocks.present.copy()
    present[:, 1] = False
    present[~present.any(axis=1), 0] = True
    parts = {name: np.nan_to_num(blocks[name]) for name in ("image", "sound")}
    parts["text"] = blocks["text"]
    fitted = fusion(**BRIEFLY).fit(FeatureBlocks(parts, present=present), y)
    unseen = present.copy()
    unseen[:, 1] = True
    fused = [fitted.transform(FeatureBlocks(parts, present=each)) for each in (present, unseen)]
    np.testing.assert_array_equal(fused[0], fused[1])
    alone = np.zeros_like(present)
    alone[:, 1] = True
    nothing = fitted.transform(FeatureBlocks(parts, present=alone))
    assert np.isfinite(nothing).all()
    assert len(np.unique(nothing, axis=0)) == 1
    if hasattr(fitted, "modality_weights"):
        assert not fitted.modality_weights(FeatureBlocks(parts, present=alone)).any()


@pytest.mark.parametrize("fusion", [GatedFusion, AttentionFusion])
def test_modality_dropout_prepares_for_missing_blocks(fusion):
    """One block says all, so that only its absence teaches to read the other."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 400)
    clear = 4 * y[:, None] + 0.1 * generator.normal(size=(400, 1))
    vague = np.c_[1.5 * y + generator.normal(size=400), generator.normal(size=(400, 3))]
    blocks = FeatureBlocks({"clear": clear, "vague": vague})
    alone = FeatureBlocks({"clear": np.full_like(clear, np.nan), "vague": vague})
    scores = []
    for modality_dropout in (0.0, 0.5):
        step = fusion(8, modality_dropout=modality_dropout, max_epochs=10, random_state=0)
        model = make_pipeline(step, LogisticRegression()).fit(blocks, y)
        assert model.score(blocks, y) > 0.99
        scores.append(model.score(alone, y))
    assert scores[1] > scores[0] + 0.1


@every_fusion
@pytest.mark.parametrize(
    "form",
    [
        list,
        pd.Series,
        lambda y: y[:, None],
        lambda y: y == 1,
        lambda y: y.astype(float),
        lambda y: np.where(y, "yes", "no"),
        lambda y: np.where(y, "yes", "no").astype(object),
        lambda y: pd.Series(y, dtype="category"),
    ],
    ids=["list", "Series", "column", "bool", "float", "str", "object", "category"],
)
def test_any_form_of_classes(fusion, blocks, y, form):
    settings = BRIEFLY | {"max_epochs": 1}
    assert_equal_state(fusion(**settings).fit(blocks, y), fusion(**settings).fit(blocks, form(y)))


def test_a_target_that_does_not_vary(blocks):
    fusion = TensorFusion(**BRIEFLY).fit(blocks, 0.1 * np.arange(N_ROWS) * 0 + np.pi)
    assert np.isfinite(fusion.transform(blocks)).all()


def test_early_stopping(blocks, y):
    def history(**values):
        return TensorFusion(**BRIEFLY | values).fit(blocks, y).history_.keys()

    assert history() == {"loss"}
    assert history(early_stopping=True) == {"loss", "validation_loss"}
    wide, product = products(FEWEST_ROWS_STOPPED, 0)
    fewer = wide[: FEWEST_ROWS_STOPPED - 1], product[:-1]
    for X, target, stopped in ((wide, product, True), (*fewer, False)):
        fusion = TensorFusion(**BRIEFLY).fit(X, target)
        assert ("validation_loss" in fusion.history_) == stopped
        assert fusion.n_epochs_ == len(fusion.history_["loss"]) == 4
    fusion = TensorFusion(**BRIEFLY | {"max_epochs": 500, "n_iter_no_change": 3})
    losses = fusion.fit(*products(600, 0)).history_["validation_loss"]
    assert fusion.n_epochs_ == len(losses) == np.argmin(losses) + 4 < 500


@every_fusion
def test_what_is_fitted_is_arrays(fusion, blocks, y):
    fitted = fusion(**BRIEFLY).fit(blocks, y)
    assert all(type(value) is np.ndarray for value in fitted.state_.values())
    assert b"torch" not in pickle.dumps(fitted)
    names = fitted.get_feature_names_out()
    assert names[[0, -1]].tolist() == [f"{fusion.__name__.lower()}{i}" for i in (0, 7)]


def test_weights_that_are_mapped_from_a_file(blocks, y, tmp_path):
    fitted = TensorFusion(**BRIEFLY).fit(blocks, y)
    joblib.dump(fitted, tmp_path / "fusion.joblib")
    loaded = joblib.load(tmp_path / "fusion.joblib", mmap_mode="r")
    np.testing.assert_array_equal(loaded.transform(blocks), fitted.transform(blocks))


@every_fusion
def test_sparse_rows_are_not_made_dense(fusion, monkeypatch):
    for kind in (sparse.csr_array, sparse.csr_matrix):
        monkeypatch.setattr(kind, "toarray", None)
    generator = np.random.default_rng(0)
    text = sparse.random_array((60, 20_000), density=1e-3, rng=generator, format="csr")
    fused = fusion(**BRIEFLY | {"n_components": 4}).fit_transform(text, np.arange(60) % 2)
    assert np.isfinite(fused).all()


def test_search_in_two_processes(blocks, y):
    model = make_pipeline(GatedFusion(**BRIEFLY), LogisticRegression())
    grid = {"gatedfusion": [GatedFusion(**BRIEFLY), AttentionFusion(**BRIEFLY)]}
    results = [
        GridSearchCV(model, grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(blocks, y)
        for n_jobs in (1, 2)
    ]
    scores = [search.cv_results_["mean_test_score"] for search in results]
    np.testing.assert_array_equal(*scores)
    fused = [search.best_estimator_[0].transform(blocks) for search in results]
    np.testing.assert_array_equal(*fused)


@every_fusion
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_components": 0}, "n_components=0 is not an integer of at least 1"),
        ({"max_epochs": 2.5}, "max_epochs=2.5 is not an integer of at least 1"),
        ({"n_iter_no_change": 0}, "n_iter_no_change=0 is not an integer of at least 1"),
        ({"batch_size": 0}, "batch_size=0 is not an integer of at least 1"),
        ({"batch_size": "all"}, "batch_size='all' is not one of 'auto'"),
        ({"dropout": 1.0}, "dropout=1.0 is not a number of at least 0 and at most 0.99"),
        ({"modality_dropout": -0.1}, "modality_dropout=-0.1 is not a number of at least 0"),
        ({"learning_rate": 0}, "learning_rate=0 is not a number above 0"),
        ({"weight_decay": -1}, "weight_decay=-1 is not a number of at least 0"),
        ({"early_stopping": "no"}, "early_stopping='no' is not one of 'auto', True, False"),
        ({"validation_fraction": 0}, "validation_fraction=0 is not a number above 0 and at most"),
        ({"device": "gpu"}, "device='gpu' is not one of 'auto', 'cpu'"),
    ],
)
def test_refused_parameters(fusion, blocks, y, values, message):
    with pytest.raises(ValueError, match=message):
        fusion(**BRIEFLY | values).fit(blocks, y)


@every_fusion
def test_refused_targets(fusion, blocks, y):
    name = fusion.__name__
    for target, message in [
        (None, rf"{name} learns from y: call fit\(X, y\)"),
        (y[:-1], "inconsistent numbers of samples"),
        (np.full(N_ROWS, "cat"), f"y holds 1 class, 'cat': {name} learns from what tells two"),
        (np.where(y, np.nan, 1.0), "Input y contains NaN"),
        (np.c_[y, y], "y should be a 1d array"),
    ]:
        with pytest.raises(ValueError, match=message):
            fusion(**BRIEFLY).fit(blocks, target)


@every_fusion
def test_a_loss_that_is_not_finite(fusion, blocks, y):
    message = (
        r"The loss became nan in epoch \d: the steps are too large. Lower learning_rate=1e\+30"
    )
    with pytest.raises(ValueError, match=message):
        fusion(**BRIEFLY | {"learning_rate": 1e30}).fit(blocks, y)


@every_fusion
def test_tags(fusion):
    assert get_tags(fusion()).target_tags.required
    assert get_tags(fusion()).input_tags.sparse


@pytest.mark.gpu
@every_fusion
def test_the_gpu_gives_alike_rows(fusion, blocks, y):
    fitted = fusion(**BRIEFLY | {"device": "cuda"}).fit(blocks, y)
    file = io.BytesIO()
    joblib.dump(fitted, file)
    on_cpu = joblib.load(file).set_params(device="cpu")
    np.testing.assert_allclose(fitted.transform(blocks), on_cpu.transform(blocks), atol=1e-3)


@every_fusion
def test_numbers_in_an_object_array_are_numbers(fusion, blocks):
    y = np.random.default_rng(1).normal(size=N_ROWS)
    plain = fusion(**BRIEFLY).fit(blocks, y)
    assert_equal_state(fusion(**BRIEFLY).fit(blocks, y.astype(object)), plain)
