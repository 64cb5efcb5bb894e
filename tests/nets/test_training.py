"""The training loop: steps, early stopping, and what it leaves alone."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from mmsk._nets.dropout import Dropout
from mmsk._nets.state import build_seeded, from_arrays, to_arrays
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


def trainer(network, data, how=HOW, loss=squared_error, seed=0, **options):
    rows, targets = data
    take = lambda places: rows[torch.from_numpy(places)]  # noqa: E731
    return Trainer(network, take, targets, loss, how, seed, **options)


def run(network, data, *, rows=None, held_out=NO_ROWS, **options):
    rows = np.arange(len(data[1])) if rows is None else rows
    return trainer(network, data, **options).run(rows, held_out)


@pytest.mark.parametrize("norm", [None, 0.1])
def test_the_steps_are_those_of_a_plain_loop(network, data, norm):
    rows, targets = data
    plain = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=0.01, weight_decay=0.0)
    for _ in range(30):
        optimizer.zero_grad()
        squared_error(plain(rows), targets).mean().backward()
        if norm is not None:
            torch.nn.utils.clip_grad_norm_(plain.parameters(), norm)
        optimizer.step()
    run(network, data, how=changed(batch_size=40, max_epochs=30, max_gradient_norm=norm))
    torch.testing.assert_close(network.weight, plain.weight)
    torch.testing.assert_close(network.bias, plain.bias)


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
    with pytest.warns(UserWarning, match=r"Interrupted after \d epochs; what was learned is kept"):
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
    with pytest.raises(ValueError, match=message + r"\.01, for example to 0\.001, or set max_"):
        run(network, (rows, targets))
    with pytest.raises(ValueError, match=message):
        run(network, (rows, targets), rows=np.arange(4, 40), held_out=np.arange(4))


def test_steps_that_are_too_large(data):
    network = build_seeded(lambda: nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 1)), 0)
    with pytest.raises(ValueError, match=r"Lower learning_rate=1e\+18, for example to 1e\+17"):
        run(network, data, how=changed(learning_rate=1e18, max_epochs=20))


def test_rows_count_as_often_as_their_weight_says(data):
    rows, targets = data
    repeats = torch.arange(40) % 3
    one, other = (build_seeded(lambda: nn.Linear(3, 1), 0) for _ in range(2))
    how = changed(batch_size=100, max_epochs=10, optimizer="sgd", weight_decay=0.1)
    weights = repeats / repeats.float().mean()
    run(one, data, how=how, weights=weights, rows=np.arange(40))
    repeated = rows.repeat_interleave(repeats, 0), targets.repeat_interleave(repeats)
    run(other, repeated, how=how)
    torch.testing.assert_close(one.weight, other.weight)


def test_steps_shrink_by_half_a_cosine():
    how = changed(schedule="cosine")
    assert [how.share(progress) for progress in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert HOW.share(0.7) == 1


def test_the_schedule_is_followed_step_by_step(network, data):
    rows, targets = data
    plain = copy.deepcopy(network)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20)
    for _ in range(20):
        optimizer.zero_grad()
        squared_error(plain(rows), targets).mean().backward()
        optimizer.step()
        schedule.step()
    how = changed(
        learning_rate=0.1, batch_size=40, max_epochs=20, optimizer="sgd", schedule="cosine"
    )
    run(network, data, how=how)
    torch.testing.assert_close(network.weight, plain.weight)


def test_frozen_weights_stay(data):
    network = build_seeded(lambda: nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1)), 0)
    before = to_arrays(network)
    run(network, data, how=changed(weight_decay=1.0), rates={"0.": 0.0})
    after = to_arrays(network)
    np.testing.assert_array_equal(after["0.weight"], before["0.weight"])
    assert not np.array_equal(after["1.weight"], before["1.weight"])


def test_rows_are_augmented_in_steps_only(network, data):
    seen = []

    def augment(inputs, generator):
        seen.append(torch.rand(1, generator=generator).item())
        return torch.zeros_like(inputs)

    before = copy.deepcopy(network)
    options = {"rows": np.arange(30), "held_out": np.arange(30, 40), "augment": augment}
    history = run(network, data, how=changed(batch_size=30), **options)
    assert len(set(seen)) == len(seen) == 5
    assert torch.equal(network.weight, before.weight)
    assert not torch.equal(network.bias, before.bias)
    with torch.no_grad():
        judged = squared_error(network(data[0][30:]), data[1][30:]).mean().item()
    assert judged == pytest.approx(min(history["validation_loss"]))


def test_listeners_hear_of_each_epoch(network, data):
    heard = []
    rows, held_out = np.arange(30), np.arange(30, 40)

    def listen(epoch):
        losses = epoch.history["validation_loss"]
        heard.append((epoch.number, len(losses), epoch.is_best, losses[-1] == min(losses)))
        assert epoch.network is network

    run(network, data, rows=rows, held_out=held_out, listeners=[listen])
    assert [number for number, *_ in heard] == [1, 2, 3, 4, 5]
    assert all(number == count and best == lowest for number, count, best, lowest in heard)


def test_products_in_half_precision(network, data):
    exact = copy.deepcopy(network)
    run(network, data, how=changed(precision="bfloat16"))
    run(exact, data)
    assert network.weight.dtype == torch.float32
    assert not torch.equal(network.weight, exact.weight)
    torch.testing.assert_close(network.weight, exact.weight, rtol=0.05, atol=0.01)


def test_rows_held_out_pass_a_few_at_a_time(network, data):
    seen = []
    subject = trainer(network, data, changed(max_epochs=1, batch_size=40, rows_per_pass=4))
    take = subject.take
    subject.take = lambda places: seen.append(len(places)) or take(places)
    subject.run(np.arange(30), np.arange(30, 40))
    assert seen == [30, 4, 3, 3]


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_rows_held_out_are_alike_in_their_targets(fraction):
    classes = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [200, 100, 20]))
    rows, held_out = hold_out(classes, fraction, 0)
    np.testing.assert_array_equal(np.sort(np.r_[rows, held_out]), np.arange(320))
    counts = np.bincount(classes[held_out], minlength=3)
    np.testing.assert_allclose(counts, fraction * np.array([200, 100, 20]), atol=1)
    other, _ = hold_out(classes, fraction, 1)
    assert not np.array_equal(np.sort(rows), np.sort(other))


def test_of_several_outputs_rows_are_held_out_at_random():
    rows, held_out = hold_out(np.ones((20, 2)), 0.25, 0)
    np.testing.assert_array_equal(np.sort(np.r_[rows, held_out]), np.arange(20))
    assert len(held_out) == 5


@pytest.mark.parametrize(("n_rows", "expected"), [(1, 0), (2, 1), (3, 1), (10, 1), (25, 2)])
def test_one_row_at_least_is_held_out_and_one_is_not(n_rows, expected):
    rows, held_out = hold_out(np.zeros(n_rows), 0.1, 0)
    assert (len(rows), len(held_out)) == (n_rows - expected, expected)


@pytest.mark.parametrize("n_rows", [0, 1, ROWS_PER_PASS, 2 * ROWS_PER_PASS + 1])
def test_rows_are_computed_some_at_a_time(n_rows):
    values = torch.arange(2.0 * n_rows).view(n_rows, 2)
    sizes = []

    def take(rows):
        sizes.append(len(rows))
        return values[torch.from_numpy(rows)]

    np.testing.assert_array_equal(compute(lambda part: part + 1, take, n_rows), values + 1)
    assert max(sizes) <= ROWS_PER_PASS
