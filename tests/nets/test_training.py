"""The training loop: steps, early stopping, and what it leaves alone."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from torch import nn

from mmsk._nets.dropout import Dropout, ModalityDropout, seed_dropout
from mmsk._nets.state import build_seeded, from_arrays, to_arrays
from mmsk._nets.supervised import train_supervised
from mmsk._nets.threads import one_thread
from mmsk._nets.training import ROWS_PER_PASS, Trainer, Training, compute, hold_out

HOW = Training(learning_rate=0.01, weight_decay=0.0, batch_size=8, max_epochs=5, n_iter_no_change=3)
NO_ROWS = np.arange(0)


def changed(**values):
    return Training(**(vars(HOW) | values))


def squared_error(outputs, targets):
    return (outputs.squeeze(1) - targets).square()


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(40, 3)).astype(np.float32)
    return torch.tensor(rows), torch.tensor(rows @ np.array([1.0, -2.0, 0.5], dtype=np.float32))


@pytest.fixture
def network():
    return build_seeded(lambda: nn.Linear(3, 1), 0)


def trainer(network, data, how=HOW, loss=squared_error, seed=0):
    rows, targets = data
    return Trainer(network, lambda places: rows[torch.from_numpy(places)], targets, loss, how, seed)


def run(network, data, *, rows=None, held_out=NO_ROWS, **options):
    rows = np.arange(len(data[1])) if rows is None else rows
    return trainer(network, data, **options).run(rows, held_out)


def numpy_adamw(rows, targets, weight, bias, how, n_steps):
    """AdamW on full batches of a linear model, in float64; the bias does not decay."""
    weights = [weight.astype(np.float64), bias.astype(np.float64)]
    moments = [[np.zeros_like(each), np.zeros_like(each)] for each in weights]
    for step in range(1, n_steps + 1):
        error = rows @ weights[0].ravel() + weights[1] - targets
        gradients = [2 * error @ rows / len(rows), 2 * error.mean(keepdims=True)]
        if how.max_gradient_norm is not None:
            norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
            gradients = [each * min(1, how.max_gradient_norm / norm) for each in gradients]
        for place, decay in enumerate([how.weight_decay, 0.0]):
            first, second = moments[place]
            gradient = gradients[place].reshape(weights[place].shape)
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            step_size = how.learning_rate / (1 - 0.9**step)
            spread = np.sqrt(second / (1 - 0.999**step)) + 1e-8
            weights[place] *= 1 - how.learning_rate * decay
            weights[place] -= step_size * first / spread
    return weights


@pytest.mark.parametrize(
    "values", [{}, {"weight_decay": 5.0}, {"max_gradient_norm": 0.1}], ids=lambda v: ",".join(v)
)
def test_the_steps_are_those_of_adamw(network, data, values):
    how = changed(batch_size=40, max_epochs=30, **values)
    before = to_arrays(network)
    run(network, data, how=how)
    rows, targets = (tensor.numpy().astype(np.float64) for tensor in data)
    expected = numpy_adamw(rows, targets, before["weight"], before["bias"], how, 30)
    np.testing.assert_allclose(network.weight.detach().numpy(), expected[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(network.bias.detach().numpy(), expected[1], rtol=1e-4, atol=1e-6)


def test_each_epoch_sees_each_row_once_in_batches_of_alike_size(network, data):
    seen = []
    subject = trainer(network, data, changed(batch_size=9, max_epochs=3))
    take = subject.take
    subject.take = lambda places: seen.append(places) or take(places)
    subject.run(np.arange(2, 40), NO_ROWS)
    assert [len(batch) for batch in seen[:5]] == [8, 8, 8, 7, 7]
    epochs = [np.concatenate(seen[first : first + 5]) for first in (0, 5, 10)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(2, 40))
    assert not np.array_equal(epochs[0], epochs[1])


def test_the_loss_is_that_of_each_epoch_and_falls(network, data):
    rows, targets = data
    with torch.no_grad():
        first = squared_error(network(rows), targets).mean().item()
    history = run(network, data, how=changed(batch_size=40, max_epochs=200))
    assert history.keys() == {"loss"}
    assert history["loss"][0] == pytest.approx(first, rel=1e-5)
    assert history["loss"][-1] < first / 10
    assert not network.training


def test_the_best_weights_are_restored(data):
    """Targets of the rows held out are negated: the better the fit, the worse their loss."""
    rows, targets = data
    targets = targets.clone()
    targets[30:] *= -1
    held_out = np.arange(30, 40)

    def train(max_epochs):
        network = build_seeded(lambda: nn.Linear(3, 1), 3)
        how = changed(max_epochs=max_epochs, n_iter_no_change=4)
        history = run(network, (rows, targets), how=how, rows=np.arange(30), held_out=held_out)
        return to_arrays(network), history

    weights, history = train(500)
    losses = history["validation_loss"]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 4 < 500
    assert len(history["loss"]) == len(losses)
    until_best, _ = train(best)
    for name, value in weights.items():
        np.testing.assert_array_equal(value, until_best[name])
    with torch.no_grad():
        network = from_arrays(lambda: nn.Linear(3, 1), weights)
        judged = squared_error(network(rows[30:]), targets[30:]).mean().item()
    assert judged == pytest.approx(min(losses), rel=1e-5)


def test_the_same_seed_gives_the_same_bits(data):
    def weights(seed):
        network = build_seeded(
            lambda: nn.Sequential(nn.Linear(3, 8), Dropout(0.5), nn.Linear(8, 1)), 0
        )
        run(network, data, seed=seed)
        return network[0].weight.detach().numpy()

    np.testing.assert_array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1), weights(2))


def test_generators_and_threads_are_left_as_they_were(data):
    threads = torch.get_num_threads()
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    network = build_seeded(lambda: nn.Sequential(nn.Linear(3, 1), Dropout(0.5)), 0)
    run(network, data)
    from_arrays(lambda: nn.Sequential(nn.Linear(3, 1)), to_arrays(network))
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state[1], np.random.get_state()[1])  # noqa: NPY002
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("held_out", [NO_ROWS, np.arange(30, 40)])
def test_ctrl_c_keeps_what_was_learned(network, data, held_out):
    calls = []

    def interrupted(outputs, targets):
        calls.append(len(targets))
        if len(calls) == 33:  # in the sixth epoch or later
            raise KeyboardInterrupt
        return squared_error(outputs, targets)

    before = to_arrays(network)
    with pytest.warns(UserWarning, match=r"Training was interrupted after \d epochs; it ends"):
        history = run(
            network,
            data,
            rows=np.arange(30),
            held_out=held_out,
            how=changed(max_epochs=50),
            loss=interrupted,
        )
    assert 5 < len(history["loss"]) < 10
    assert history["loss"][-1] < history["loss"][0]
    assert not np.array_equal(network.weight.detach().numpy(), before["weight"])
    assert not network.training


def test_a_loss_that_is_not_finite(network, data):
    rows, targets = data
    targets = targets.clone()
    targets[3] = np.nan
    message = "The loss became nan in epoch 1: the steps are too large. Lower learning_rate=0"
    with pytest.raises(ValueError, match=message + r"\.01, for example to 0\.001\."):
        run(network, (rows, targets))
    with pytest.raises(ValueError, match=message):
        run(network, (rows, targets), rows=np.arange(4, 40), held_out=np.arange(4))


def test_steps_that_are_too_large(data):
    network = build_seeded(lambda: nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 1)), 0)
    with pytest.raises(ValueError, match=r"Lower learning_rate=1e\+18, for example to 1e\+17"):
        run(network, data, how=changed(learning_rate=1e18, max_epochs=20))


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_rows_held_out_are_alike_in_their_targets(fraction):
    classes = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [200, 100, 20]))
    rows, held_out = hold_out(classes, fraction, 0)
    np.testing.assert_array_equal(np.sort(np.r_[rows, held_out]), np.arange(320))
    counts = np.bincount(classes[held_out], minlength=3)
    np.testing.assert_allclose(counts, fraction * np.array([200, 100, 20]), atol=1)
    other, _ = hold_out(classes, fraction, 1)
    assert not np.array_equal(np.sort(rows), np.sort(other))


@pytest.mark.parametrize(("n_rows", "expected"), [(1, 0), (2, 1), (3, 1), (10, 1), (25, 2)])
def test_one_row_at_least_is_held_out_and_one_is_not(n_rows, expected):
    rows, held_out = hold_out(np.zeros(n_rows), 0.1, 0)
    assert (len(rows), len(held_out)) == (n_rows - expected, expected)


def test_dropout_keeps_the_mean_and_draws_in_training_only():
    dropout = Dropout(0.25)
    seed_dropout(nn.Sequential(dropout), torch.Generator().manual_seed(0))
    values = torch.full((200, 100), 3.0)
    dropped = dropout(values)
    assert set(dropped.unique().tolist()) == {0.0, 4.0}
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert dropout.eval()(values) is values


def test_modality_dropout_leaves_a_block_in_each_row():
    dropout = ModalityDropout(0.7)
    seed_dropout(dropout, torch.Generator().manual_seed(0))
    present = torch.ones(20_000, 3, dtype=torch.bool)
    present[::2, 1] = False
    kept = dropout(present)
    assert not (kept & ~present).any()
    assert kept.any(dim=1).all()
    # Three blocks are all dropped with chance 0.7^3, and then one of them stays.
    expected = 0.3 + 0.7**3 / 3
    np.testing.assert_allclose(kept[1::2].float().mean(dim=0), expected, atol=0.02)
    np.testing.assert_allclose(kept[::2, [0, 2]].float().mean(dim=0), 0.3 + 0.7**2 / 2, atol=0.02)
    assert dropout.eval()(present) is present


def test_weights_to_arrays_and_back():
    def make():
        return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))

    network = build_seeded(make, 7)
    arrays = to_arrays(network)
    assert list(arrays) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    for value in arrays.values():
        value.flags.writeable = False
    back = from_arrays(make, arrays)
    rows = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(back(rows), network(rows))
    assert not back.training
    with torch.no_grad():
        network[0].weight.zero_()
        back[0].weight.zero_()
    assert arrays["0.weight"].all()


def test_seeds_give_weights():
    one, again, other = (build_seeded(lambda: nn.Linear(3, 4), seed) for seed in (1, 1, 2))
    assert torch.equal(one.weight, again.weight)
    assert not torch.equal(one.weight, other.weight)


@pytest.mark.parametrize("n_rows", [0, 1, ROWS_PER_PASS, 2 * ROWS_PER_PASS + 1])
def test_rows_are_computed_some_at_a_time(n_rows):
    values = torch.arange(2.0 * n_rows).view(n_rows, 2)
    sizes = []

    def take(rows):
        sizes.append(len(rows))
        return values[torch.from_numpy(rows)]

    np.testing.assert_array_equal(compute(lambda part: part + 1, take, n_rows), values + 1)
    assert max(sizes) <= ROWS_PER_PASS


def test_classes_and_real_targets():
    generator = np.random.default_rng(0)
    rows = torch.tensor(generator.normal(size=(60, 2)), dtype=torch.float32)

    def train(targets, fraction):
        return train_supervised(
            lambda: nn.Linear(2, 4),
            4,
            lambda places: rows[torch.from_numpy(places)],
            targets,
            changed(max_epochs=40),
            validation_fraction=fraction,
            seed=0,
            device="cpu",
        )

    sums = rows.sum(dim=1).numpy()
    trained, history = train(np.digitize(sums, [-1, 1]), 0.0)
    assert trained[1].out_features == 3
    assert history["loss"][0] == pytest.approx(np.log(3), abs=0.4)
    assert history["loss"][-1] < 0.6
    assert history.keys() == {"loss"}
    trained, history = train(sums, 0.2)
    assert trained[1].out_features == 1
    assert history["validation_loss"][-1] < 0.1


def test_one_thread_and_then_as_many_as_before():
    """Also where two threads are inside at once, and the first leaves first."""
    outside = torch.get_num_threads()
    torch.set_num_threads(2)
    first_inside, second_inside, first_left = (threading.Event() for _ in range(3))
    inside = []

    def second():
        first_inside.wait(60)
        with one_thread():
            inside.append(torch.get_num_threads())
            second_inside.set()
            first_left.wait(60)

    thread = threading.Thread(target=second)
    thread.start()
    try:
        with one_thread():
            inside.append(torch.get_num_threads())
            first_inside.set()
            second_inside.wait(60)
        first_left.set()
        thread.join()
        assert inside == [1, 1]
        assert torch.get_num_threads() == 2
        later = []
        thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert later == [2]
    finally:
        torch.set_num_threads(outside)


def test_training_does_not_load_the_compiler_of_torch():
    """It takes seconds and much memory in each worker process of a search."""
    script = """
import sys, numpy as np
from mmsk import FeatureBlocks, TensorFusion
rows = np.eye(8)
TensorFusion(max_epochs=2, early_stopping=True).fit_transform(rows, np.arange(8) % 2)
print("torch" in sys.modules, "torch._dynamo" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.stdout.split() == ["True", "False"], run.stderr
