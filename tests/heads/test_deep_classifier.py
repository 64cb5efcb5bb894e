"""DeepFusionClassifier: what it learns, from what, and what it refuses."""

import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_classifier_multioutput

import mmsk
from mmsk import DeepFusionClassifier, FeatureBlocks, SVMClassifier

N_ROWS = 80
FUSIONS = ["concat", "weighted", "gated", "attention", "tensor", "joint"]
BRIEFLY = {"hidden_layer_sizes": (8,), "n_components": 8, "max_epochs": 4}
BRIEFLY |= {"random_state": 0, "device": "cpu"}
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
    """Two blocks of which only the product tells of the class."""
    one, other = np.random.default_rng(seed).normal(size=(2, n_rows, 3)).astype(np.float32)
    same = one[:, 0] * other[:, 0] > 0
    return FeatureBlocks({"one": one, "other": other}), np.where(same, "same", "other")


def assert_equal_state(one, other):
    assert one.state_.keys() == other.state_.keys()
    for name, value in one.state_.items():
        np.testing.assert_array_equal(value, other.state_[name])


@every_fusion
def test_what_only_both_blocks_tell(fusion):
    head = DeepFusionClassifier(
        (32,), fusion=fusion, n_components=16, max_epochs=30, learning_rate=0.02, random_state=0
    )
    assert head.fit(*products(400, 0)).score(*products(300, 1)) > 0.85


def test_digits_as_a_plain_matrix():
    X, y = load_digits(return_X_y=True)
    X, y = X.astype(np.float32), y.astype(str)
    order = np.random.default_rng(0).permutation(len(y))
    train, test = order[:1000], order[1000:]
    head = DeepFusionClassifier((64,), max_epochs=30, learning_rate=0.01, random_state=0)
    head.fit(X[train], y[train])
    assert head.score(X[test], y[test]) > 0.95
    assert head.history_.keys() == {"loss", "validation_loss"}
    on_top = make_pipeline(head, SVMClassifier()).fit(X[train], y[train])
    assert on_top.score(X[test], y[test]) > 0.95


def test_the_steps_are_those_of_a_plain_torch_loop():
    """One dense block, one batch: what torch's own layers and optimizer do."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 5)).astype(np.float32)
    y = generator.integers(0, 3, 40)
    settings = {"hidden_layer_sizes": (7,), "scale": None, "batch_size": 40, "device": "cpu"}
    first = []
    head = DeepFusionClassifier(**settings, max_epochs=1, random_state=0)
    head.set_params(learning_rate=1e-12).fit(X, y)
    network = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.ReLU(), torch.nn.Linear(7, 3))
    first, *rest = head.state_.values()
    values = [first.T, *rest]
    names = network.state_dict()
    network.load_state_dict({n: torch.tensor(v) for n, v in zip(names, values, strict=True)})
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01, weight_decay=0.0)
    rows, classes = torch.tensor(X), torch.tensor(y)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(rows), classes)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    head = DeepFusionClassifier(
        **settings, max_epochs=20, learning_rate=0.01, weight_decay=0.0, random_state=0
    ).fit(X, y)
    np.testing.assert_allclose(head.loss_curve_, losses, rtol=1e-4)
    expected = network(rows).detach().numpy()
    np.testing.assert_allclose(head.decision_function(X), expected, atol=1e-4)
    np.testing.assert_allclose(head.predict_proba(X), softmax(expected, axis=1), atol=1e-4)
    np.testing.assert_allclose(np.exp(head.predict_log_proba(X)), head.predict_proba(X))


def test_several_labels(blocks):
    X, y = make_multilabel_classification(300, 10, n_classes=4, random_state=0)
    settings = {"max_epochs": 40, "learning_rate": 0.01, "random_state": 0, "device": "cpu"}
    head = DeepFusionClassifier((32,), **settings).fit(X, y)
    assert np.mean(head.predict(X) == y) > np.mean((y.mean(axis=0) > 0.5) == y) + 0.1
    np.testing.assert_allclose(head.predict_proba(X), expit(head.decision_function(X)), atol=1e-6)
    np.testing.assert_allclose(np.exp(head.predict_log_proba(X)), head.predict_proba(X))
    assert head.classes_.tolist() == [0, 1, 2, 3]
    again = clone(head).fit(X, sparse.csr_matrix(y))
    assert_equal_state(head, again)
    with pytest.raises(ValueError, match="class_weight='balanced' weighs classes, but y has sev"):
        clone(head).set_params(class_weight="balanced").fit(X, y)
    check_classifier_multioutput("head", DeepFusionClassifier(**BRIEFLY))


@every_fusion
def test_same_seed_same_bits_and_nothing_else_changes(fusion, blocks, y):
    settings = BRIEFLY | {"fusion": fusion, "dropout": 0.3, "modality_dropout": 0.3}
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()  # noqa: NPY002
    one, again = (DeepFusionClassifier(**settings).fit(blocks, y) for _ in range(2))
    assert before[0].equal(torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
    assert before[2] == torch.get_num_threads()
    assert_equal_state(one, again)
    assert one.history_ == again.history_
    other = DeepFusionClassifier(**settings | {"random_state": 1}).fit(blocks, y)
    assert other.history_ != one.history_


@every_fusion
def test_a_row_is_what_it_is_alone(fusion, blocks, y):
    head = DeepFusionClassifier(**BRIEFLY, fusion=fusion).fit(blocks, y)
    alone = np.concatenate([head.predict_proba(blocks[[row]]) for row in range(10)])
    np.testing.assert_array_equal(alone, head.predict_proba(blocks)[:10])


@every_fusion
def test_what_a_missing_row_holds_does_not_matter(fusion, blocks, y):
    filled = {name: np.nan_to_num(blocks[name], nan=1e6) for name in ("image", "sound")}
    other = FeatureBlocks(filled | {"text": blocks["text"]}, present=blocks.present)
    settings = BRIEFLY | {"fusion": fusion}
    one, same = (DeepFusionClassifier(**settings).fit(X, y) for X in (blocks, other))
    assert_equal_state(one, same)
    np.testing.assert_array_equal(one.transform(blocks), same.transform(other))


@every_fusion
def test_a_block_that_no_training_row_has_counts_as_missing(fusion, blocks, y):
    parts = {name: np.nan_to_num(blocks[name]) for name in ("image", "sound")}
    present = np.ones((N_ROWS, 2), dtype=bool)
    present[:, 1] = False
    head = DeepFusionClassifier(**BRIEFLY, fusion=fusion)
    head.fit(FeatureBlocks(parts, present=present), y)
    both = FeatureBlocks(parts)
    lacking = FeatureBlocks(parts, present=present)
    np.testing.assert_array_equal(head.predict_proba(both), head.predict_proba(lacking))
    only_unseen = head.predict_proba(FeatureBlocks(parts, present=~present))
    assert np.isfinite(only_unseen).all()
    assert len(np.unique(only_unseen, axis=0)) == 1


def test_forms_of_the_features(blocks, y):
    dense = {name: np.nan_to_num(blocks[name]).astype(np.float32) for name in ("image", "sound")}
    X = FeatureBlocks(dense)
    names = X.get_feature_names_out()
    frame = pd.DataFrame(np.asarray(X), columns=names)
    head = DeepFusionClassifier(**BRIEFLY)
    assert_equal_state(clone(head).fit(X, y), clone(head).fit(frame, y))
    text = blocks["text"]
    for form in (sparse.csr_matrix(text), sparse.csc_array(text), text.astype(np.float64)):
        assert_equal_state(clone(head).fit(text, y), clone(head).fit(form, y))
    assert np.isfinite(clone(head).fit(text.toarray(), y).predict_proba(text.toarray())).all()


@every_fusion
def test_sparse_rows_are_not_made_dense(fusion, monkeypatch):
    for kind in (sparse.csr_array, sparse.csr_matrix):
        monkeypatch.setattr(kind, "toarray", None)
    generator = np.random.default_rng(0)
    text = sparse.random_array((60, 20_000), density=1e-3, rng=generator, format="csr")
    head = DeepFusionClassifier(**BRIEFLY | {"n_components": 4}, fusion=fusion)
    assert np.isfinite(head.fit(text, np.arange(60) % 2).predict_proba(text)).all()


@pytest.mark.parametrize(
    "labels",
    [["no", "yes"], [False, True], [-5, 17], [0.0, 1.0], np.array(["a", "b"], dtype=object)],
    ids=["str", "bool", "gappy", "float", "object"],
)
def test_labels_of_any_kind(labels, blocks, y):
    numbers = DeepFusionClassifier(**BRIEFLY).fit(blocks, y)
    head = DeepFusionClassifier(**BRIEFLY).fit(blocks, np.asarray(labels)[y])
    assert_equal_state(head, numbers)
    assert head.classes_.tolist() == list(labels)
    assert head.predict(blocks).tolist() == np.asarray(labels)[numbers.predict(blocks)].tolist()
    categories = pd.Series(np.asarray(labels)[y], dtype="category")
    assert_equal_state(DeepFusionClassifier(**BRIEFLY).fit(blocks, categories), numbers)


def test_rows_of_weight_zero_are_not_looked_at(blocks, y):
    weight = (np.arange(N_ROWS) % 3 > 0).astype(float)
    kept = np.flatnonzero(weight)
    nonsense = np.where(weight > 0, y, 1 - y)
    settings = BRIEFLY | {"max_epochs": 30, "batch_size": N_ROWS}
    one = DeepFusionClassifier(**settings).fit(blocks, nonsense, weight)
    other = DeepFusionClassifier(**settings).fit(blocks[kept], y[kept])
    np.testing.assert_allclose(one.predict_proba(blocks), other.predict_proba(blocks), atol=1e-4)
    for name, scale in one.scales_.items():
        np.testing.assert_array_equal(scale.factor, other.scales_[name].factor)


def test_weights_of_rows_and_classes(blocks, y):
    settings = BRIEFLY | {"max_epochs": 20, "scale": None, "learning_rate": 0.01}
    rare = np.flatnonzero((y == 0) | (np.arange(N_ROWS) % 10 == 1))
    X, labels = blocks["text"][rare], y[rare]
    weight = np.where(labels, 5.0, 1.0)
    share = {}
    for name, head, given in [
        ("plain", DeepFusionClassifier(**settings), None),
        ("rows", DeepFusionClassifier(**settings), weight),
        ("dict", DeepFusionClassifier(**settings, class_weight={1: 5.0}), None),
        ("balanced", DeepFusionClassifier(**settings, class_weight="balanced"), None),
    ]:
        share[name] = head.fit(X, labels, given).predict_proba(X)[:, 1]
    np.testing.assert_array_equal(share["rows"], share["dict"])
    np.testing.assert_allclose(share["balanced"], share["dict"], atol=1e-5)
    assert share["rows"].mean() > share["plain"].mean() + 0.03


def test_warm_start(blocks, y):
    head = DeepFusionClassifier(**BRIEFLY, warm_start=True).fit(blocks, y)
    first, scales = list(head.loss_curve_), head.scales_
    head.fit(blocks, y)
    assert head.n_epochs_ == head.n_iter_ == 8
    assert head.loss_curve_[:4] == first
    assert head.loss_curve_[4] < first[3]
    assert head.scales_ is scales
    assert head.set_params(warm_start=False).fit(blocks, y).loss_curve_ == first
    head.set_params(warm_start=True)
    with pytest.raises(ValueError, match=r"y holds 2, which is not one of the classes \[0, 1\]"):
        head.fit(blocks, np.where(y, 2, 0))
    with pytest.raises(ValueError, match=r"was fitted on the blocks 'image' .* but got 'image'"):
        head.fit(blocks.select(["image", "text"]), y)
    with pytest.raises(ValueError, match=r"shape \(80, 2\), but training goes on with 2 classes"):
        head.fit(blocks, np.c_[y, 1 - y])


def test_partial_fit(blocks, y):
    head = DeepFusionClassifier(**BRIEFLY)
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        head.partial_fit(blocks, y)
    head.partial_fit(blocks[:40], y[:40], classes=[1, 0])
    for _ in range(40):
        head.partial_fit(blocks, y)
    assert head.n_epochs_ == 41
    assert head.score(blocks, y) > 0.8
    assert head.loss_curve_[-1] < head.loss_curve_[0]
    head.partial_fit(blocks[[0]], y[[0]])  # one row, one class
    with pytest.raises(ValueError, match=r"classes=\[0, 2\] is not the same as on the first call"):
        head.partial_fit(blocks, y, classes=[0, 2])
    with pytest.raises(ValueError, match="class_weight='balanced' needs the rows of all calls"):
        head.set_params(class_weight="balanced").partial_fit(blocks, y)
    labels = np.c_[y, 1 - y]
    several = DeepFusionClassifier(**BRIEFLY).partial_fit(blocks, labels)
    assert several.partial_fit(blocks, labels).predict(blocks).shape == (N_ROWS, 2)


@every_fusion
def test_shares_of_blocks(fusion, blocks, y):
    head = DeepFusionClassifier(**BRIEFLY, fusion=fusion).fit(blocks, y)
    if fusion in ("concat", "tensor", "joint"):
        assert not hasattr(head, "modality_weights")
        with pytest.raises(AttributeError, match="modality_weights") as error:
            head.modality_weights(blocks)
        assert "modality_weights is there for 'weighted'" in str(error.value.__cause__)
        return
    shares = head.modality_weights(blocks)
    assert shares.shape == (N_ROWS, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert not shares[~blocks.present].any()


def test_modality_dropout_prepares_for_missing_blocks():
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 300)
    clear = 4 * y[:, None] + 0.1 * generator.normal(size=(300, 1))
    vague = np.c_[1.5 * y + generator.normal(size=300), generator.normal(size=(300, 3))]
    blocks = FeatureBlocks({"clear": clear, "vague": vague})
    alone = FeatureBlocks({"clear": np.full_like(clear, np.nan), "vague": vague})
    scores = []
    for chance in (0.0, 0.5):
        head = DeepFusionClassifier((16,), modality_dropout=chance, max_epochs=30, random_state=0)
        scores.append(head.fit(blocks, y).score(alone, y))
    assert scores[1] > max(0.7, scores[0])


def test_early_stopping():
    settings = {"hidden_layer_sizes": (32,), "learning_rate": 0.01, "random_state": 0}
    head = DeepFusionClassifier(**settings, n_iter_no_change=3, max_epochs=200)
    losses = head.fit(*products(600, 0)).history_["validation_loss"]
    assert head.n_epochs_ == len(losses) == np.argmin(losses) + 4 < 200
    message = "=0.1 of 10 rows holds out 1, fewer than the 2 classes: raise it to 0.2 or more"
    with pytest.raises(ValueError, match=message):
        head.set_params(early_stopping=True).fit(*products(10, 0))


@pytest.mark.parametrize(
    "values",
    [
        {"optimizer": "sgd", "learning_rate": 0.1},
        {"optimizer": "adam"},
        {"schedule": "cosine"},
        {"max_gradient_norm": 1e-3},
        {"weight_decay": 5.0},
        {"precision": "bfloat16"},
        {"activation": "gelu"},
        {"dropout": 0.5},
    ],
    ids=lambda values: next(iter(values)),
)
def test_settings_that_learn(values, blocks, y):
    settings = BRIEFLY | {"max_epochs": 20, "learning_rate": 0.01}
    plain = DeepFusionClassifier(**settings).fit(blocks, y)
    head = DeepFusionClassifier(**settings | values).fit(blocks, y)
    assert head.loss_curve_[-1] < head.loss_curve_[0]
    assert head.history_ != plain.history_


def test_threads_of_torch(blocks, y):
    threads = []
    callbacks = [lambda epoch: threads.append(torch.get_num_threads())]
    for n_jobs in (None, 1, 2):
        settings = BRIEFLY | {"max_epochs": 1, "n_jobs": n_jobs, "callbacks": callbacks}
        DeepFusionClassifier(**settings).fit(blocks[:16], y[:16])
    assert threads == [1, 1, 2]


def test_callbacks_hear_of_each_epoch(blocks, y):
    heard = []
    head = DeepFusionClassifier(**BRIEFLY, callbacks=[lambda epoch: heard.append(epoch)])
    head.fit(blocks, y)
    assert [epoch.number for epoch in heard] == [1, 2, 3, 4]
    assert heard[-1].history == head.history_
    last = heard[-1].weights()
    for name, value in head.state_.items():
        np.testing.assert_array_equal(last[name], value)


def test_ctrl_c_keeps_what_was_learned(blocks, y):
    def interrupt(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt  # as Ctrl-C does, unless the process was told to ignore it

    head = DeepFusionClassifier(**BRIEFLY, callbacks=[interrupt])
    with pytest.warns(UserWarning, match="Interrupted after 2 epochs; what was learned is kept"):
        head.fit(blocks, y)
    two = DeepFusionClassifier(**BRIEFLY | {"max_epochs": 2}).fit(blocks, y)
    assert head.n_epochs_ == 2
    assert_equal_state(head, two)


def test_a_bar_counts_epochs(blocks, y, capsys, monkeypatch):
    monkeypatch.setattr("mmsk._progress.SECONDS_BEFORE_A_BAR", 0)
    with mmsk.config_context(progress=True):
        DeepFusionClassifier(**BRIEFLY).fit(blocks, y)
    assert "DeepFusionClassifier: 100%" in (text := capsys.readouterr().err)
    assert "4/4" in text


@every_fusion
def test_what_is_fitted_is_arrays(fusion, blocks, y):
    head = DeepFusionClassifier(**BRIEFLY, fusion=fusion).fit(blocks, y)
    assert all(type(value) is np.ndarray for value in head.state_.values())
    assert b"torch" not in pickle.dumps(head)
    file = io.BytesIO()
    joblib.dump(head, file)
    file.seek(0)
    np.testing.assert_array_equal(joblib.load(file).predict(blocks), head.predict(blocks))
    names = head.get_feature_names_out()
    assert names[[0, -1]].tolist() == ["deepfusionclassifier0", "deepfusionclassifier7"]
    assert head.transform(blocks).shape == (N_ROWS, 8)
    assert head.transform(blocks).dtype == np.float32


def test_no_hidden_layers(blocks, y):
    head = DeepFusionClassifier(**BRIEFLY | {"hidden_layer_sizes": (), "n_components": None})
    assert head.fit(blocks, y).transform(blocks).shape == (N_ROWS, 3 * 128)
    LogisticRegression().fit(head.transform(blocks), y)


def test_search_in_two_processes(blocks, y):
    grid = {"fusion": ["concat", "gated"], "dropout": [0.0, 0.3]}
    searches = [
        GridSearchCV(
            DeepFusionClassifier(**BRIEFLY), grid, cv=2, n_jobs=n_jobs, error_score="raise"
        ).fit(blocks, y)
        for n_jobs in (1, 2)
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_array_equal(*scores)
    np.testing.assert_array_equal(*(search.predict_proba(blocks) for search in searches))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden_layer_sizes": 5}, "hidden_layer_sizes=5 is not a sequence of integers above 0"),
        ({"hidden_layer_sizes": (5, 0)}, r"hidden_layer_sizes=\(5, 0\) is not a sequence"),
        ({"hidden_layer_sizes": "64"}, "hidden_layer_sizes='64' is not a sequence"),
        ({"n_jobs": 0}, "n_jobs=0 is no number of threads"),
        ({"fusion": "mean"}, "fusion='mean' is not one of 'concat', 'weighted'"),
        ({"n_components": 0}, "n_components=0 is not an integer of at least 1"),
        ({"activation": "swish"}, "activation='swish' is not one of 'identity', 'logistic'"),
        ({"dropout": 1.0}, "dropout=1.0 is not a number of at least 0 and at most 0.99"),
        ({"modality_dropout": -0.1}, "modality_dropout=-0.1 is not a number of at least 0"),
        ({"scale": "none"}, "scale='none' is not one of 'standard', 'block', None"),
        ({"class_weight": "even"}, "class_weight='even' is not one of None, 'balanced'"),
        ({"optimizer": "lbfgs"}, "optimizer='lbfgs' is not one of 'adamw', 'adam', 'sgd'"),
        ({"learning_rate": 0}, "learning_rate=0 is not a number above 0"),
        ({"schedule": "step"}, "schedule='step' is not one of 'constant', 'cosine'"),
        ({"weight_decay": -1}, "weight_decay=-1 is not a number of at least 0"),
        ({"max_gradient_norm": 0}, "max_gradient_norm=0 is not a number above 0"),
        ({"batch_size": 0}, "batch_size=0 is not an integer of at least 1"),
        ({"batch_size": "all"}, "batch_size='all' is not one of 'auto'"),
        ({"max_epochs": 2.5}, "max_epochs=2.5 is not an integer of at least 1"),
        ({"early_stopping": "no"}, "early_stopping='no' is not one of 'auto', True, False"),
        ({"validation_fraction": 0}, "validation_fraction=0 is not a number above 0"),
        ({"n_iter_no_change": 0}, "n_iter_no_change=0 is not an integer of at least 1"),
        ({"precision": "float8"}, "precision='float8' is not one of 'float32', 'bfloat16'"),
        ({"warm_start": 1}, "warm_start=1 is not one of True, False"),
        ({"callbacks": print}, "callbacks=.* is not a list of callables, such as"),
        ({"callbacks": ["epoch"]}, r"callbacks=\['epoch'\] is not a list of callables"),
        ({"device": "gpu"}, "device='gpu' is not one of 'auto', 'cpu'"),
    ],
)
def test_refused_parameters(values, message, blocks, y):
    with pytest.raises(ValueError, match=message):
        DeepFusionClassifier(**BRIEFLY | values).fit(blocks, y)


def test_refused_targets(blocks, y):
    head = DeepFusionClassifier(**BRIEFLY)
    for target, message in [
        (None, r"DeepFusionClassifier learns from y: call fit\(X, y\)"),
        (y[:-1], "inconsistent numbers of samples"),
        (np.c_[y, y][:-1], "inconsistent numbers of samples"),
        (np.full(N_ROWS, "cat"), "y holds 1 class, 'cat': DeepFusionClassifier learns from what"),
        (np.where(y, np.nan, 1.0), "Input y contains NaN"),
        (np.linspace(0, 1, N_ROWS), "Unknown label type"),
        (np.c_[y, y + 1], "y should be a 1d array"),
    ]:
        with pytest.raises(ValueError, match=message):
            head.fit(blocks, target)
    with pytest.raises(ValueError, match=r"y holds 1 class, 0: .* Only rows of a weight above 0"):
        head.fit(blocks, y, sample_weight=1.0 - y)
    with pytest.raises(ValueError, match="y holds 1 class, 0"):
        head.fit(blocks[[0]], y[[0]])


def test_refused_rows(blocks, y):
    head = DeepFusionClassifier(**BRIEFLY).fit(blocks, y)
    image = np.nan_to_num(blocks["image"])
    empty = np.full_like(image, np.nan)
    with pytest.raises(ValueError, match="Row 3 has no modality at all"):
        head.fit(
            FeatureBlocks({"image": np.where(np.arange(N_ROWS)[:, None] == 3, empty, image)}), y
        )
    image[4, 2] = np.nan
    for method in (lambda X: head.fit(X, y), head.predict):
        X = FeatureBlocks({"image": image, "sound": blocks["sound"], "text": blocks["text"]})
        with pytest.raises(ValueError, match="Block 'image' contains NaN or infinity: row 4"):
            method(X)


def test_a_loss_that_is_not_finite(blocks, y):
    message = r"The loss became (nan|inf) in epoch \d.*Lower learning_rate=1e\+30"
    with pytest.raises(ValueError, match=message):
        DeepFusionClassifier(**BRIEFLY | {"learning_rate": 1e30}).fit(blocks, y)


def test_gradients_that_explode():
    """Rows of enormous values in a block that is not scaled, with and without a greatest norm."""
    generator = np.random.default_rng(0)
    y = np.arange(200) % 2
    X = (generator.normal(size=(200, 3)) + y[:, None]).astype(np.float32)
    X[::20] *= 1e12
    settings = {"hidden_layer_sizes": (8,), "scale": None, "optimizer": "sgd", "max_epochs": 20}
    settings |= {"learning_rate": 0.05, "random_state": 0, "device": "cpu"}
    with pytest.raises(ValueError, match="set max_gradient_norm"):
        DeepFusionClassifier(**settings).fit(X, y)
    head = DeepFusionClassifier(**settings, max_gradient_norm=1.0).fit(X, y)
    assert np.isfinite(head.loss_curve_).all()


@pytest.mark.gpu
@every_fusion
def test_the_gpu_gives_alike_predictions(fusion, blocks, y):
    head = DeepFusionClassifier(**BRIEFLY | {"device": "cuda"}, fusion=fusion).fit(blocks, y)
    on_cpu = pickle.loads(pickle.dumps(head)).set_params(device="cpu")
    expected = on_cpu.predict_proba(blocks)
    np.testing.assert_allclose(head.predict_proba(blocks), expected, atol=1e-3)


class Recorder:
    """A callback of scikit-learn that notes the tasks of a fit."""

    max_propagation_depth = None

    def __init__(self):
        self.begun, self.ended = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.task_name, context.max_subtasks))

    def on_fit_task_end(self, estimator, context):
        self.ended.append((context.task_name, context.max_subtasks))


def test_callbacks_of_sklearn_hear_of_epochs(blocks, y):
    recorder = Recorder()
    DeepFusionClassifier(**BRIEFLY).set_callbacks(recorder).fit(blocks, y)
    assert [subtasks for _, subtasks in recorder.begun] == [4, 0, 0, 0, 0]
    assert [name for name, _ in recorder.begun[1:]] == ["epochs"] * 4
    assert len(recorder.ended) == 5
