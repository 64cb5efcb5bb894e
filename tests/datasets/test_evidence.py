"""The information plan: exact shares, exact meaning, honest noise."""

import numpy as np
import pytest

from mmsk.datasets._evidence import NOTHING, Evidence, draw_missing, draw_plan

MODALITIES = ["text", "image", "audio"]
MIX = {
    "redundant": 0.4,
    "unique:text": 0.2,
    "unique:image": 0.05,
    "unique:audio": 0.05,
    "synergistic:text+image": 0.1,
    "synergistic:text+audio": 0.1,
    "synergistic:image+audio": 0.1,
}


def plan_of(shares, noise=0.0, n_samples=1000, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return draw_plan(n_samples, MODALITIES, n_classes, shares, noise, rng)


def test_shares_are_exact_and_labels_balanced():
    plan = plan_of(MIX)
    for source, share in MIX.items():
        assert (plan.source == source).sum() == round(1000 * share)
    assert np.ptp(np.bincount(plan.y)) <= 1


def test_each_source_shows_what_its_name_says():
    plan = plan_of(MIX)
    shows, has_piece = plan.shown != NOTHING, plan.piece != NOTHING
    redundant = plan.source == "redundant"
    assert shows[redundant].all()
    for column, name in enumerate(MODALITIES):
        unique = plan.source == f"unique:{name}"
        assert (shows[unique].sum(axis=1) == 1).all()
        assert shows[unique, column].all()
    right = plan.shown == plan.y[:, None]
    assert right[shows].all()
    pair = plan.source == "synergistic:text+audio"
    assert has_piece[pair].tolist() == [[True, False, True]] * pair.sum()
    assert not shows[pair].any()
    assert not has_piece[redundant].any()


def test_pieces_sum_to_the_label_and_one_alone_tells_nothing():
    plan = plan_of({"synergistic:text+image": 1.0}, n_samples=30_000)
    pieces = plan.piece[:, :2]
    np.testing.assert_array_equal(pieces.sum(axis=1) % 3, plan.y)
    for column in range(2):
        table = np.histogram2d(pieces[:, column], plan.y, bins=3)[0] / 30_000
        np.testing.assert_allclose(table, 1 / 9, atol=0.006)


@pytest.mark.parametrize(("noise", "right"), [(0.0, 1.0), (0.3, 0.8), (1.0, 1 / 3)])
def test_noise_replaces_evidence_at_random(noise, right):
    plan = plan_of({"redundant": 1.0}, noise, n_samples=30_000)
    agreement = (plan.shown == plan.y[:, None]).mean(axis=0)
    np.testing.assert_allclose(agreement, right, atol=0.01)


def test_noise_makes_no_evidence_where_there_is_none():
    plan = plan_of({"unique:image": 1.0}, noise=1.0)
    assert (plan.shown[:, [0, 2]] == NOTHING).all()
    assert (plan.piece == NOTHING).all()


def test_cell_gives_plain_values():
    plan = plan_of({"unique:image": 1.0}, n_samples=1)
    assert plan.cell(0, 0) == Evidence(None, None, 3)
    assert plan.cell(0, 1) == Evidence(int(plan.y[0]), None, 3)


@pytest.mark.parametrize("percents", [[0, 0], [50, 50], [100, 0], [29, 71], [60, 70, 70]])
def test_missing_shares_are_exact_and_no_row_is_empty(percents):
    missing = draw_missing(100, [share / 100 for share in percents], np.random.default_rng(0))
    assert missing.sum(axis=0).tolist() == percents
    assert not missing.all(axis=1).any()
