"""Canonical coefficients and the guesses of missing projections, against float64 NumPy."""

import numpy as np
import pytest

from mmsk.fusion._canonical import (
    canonical_coefficients,
    guess_missing,
    relate,
    shared_covariances,
)

N_ROWS = 50


@pytest.fixture
def present():
    present = np.random.default_rng(1).random((N_ROWS, 3)) < 0.6
    present[~present.any(axis=1), 0] = True
    return present


@pytest.fixture
def scores(present):
    """Three blocks of whitened scores that share a factor."""
    generator = np.random.default_rng(0)
    factor = generator.normal(size=(N_ROWS, 2))
    scores = []
    for rank, here in zip((2, 3, 4), present.T, strict=True):
        rows = np.hstack([factor, np.zeros((N_ROWS, rank - 2))])[here]
        rows = rows + generator.normal(size=rows.shape)
        left = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[0]
        scores.append(np.zeros((N_ROWS, rank)))
        scores[-1][here] = left * np.sqrt(here.sum())
    return scores


def test_what_blocks_share_is_positive_definite_whatever_is_missing(scores, present):
    """With ones on the diagonal: so no correlation is beyond 1."""
    gains = [np.ones(score.shape[1]) for score in scores]
    for mask in (present, present & (np.arange(N_ROWS) < 12)[:, None]):
        masked = [score * here[:, None] for score, here in zip(scores, mask.T, strict=True)]
        lower = shared_covariances(masked, gains, present)
        assert np.linalg.eigvalsh(lower + lower.T + np.eye(9)).min() > -1e-12


def test_coefficients_solve_the_eigenproblem(scores, present):
    gains = [np.full(score.shape[1], 0.5) for score in scores]
    counts = present.sum(axis=0)
    matrix = np.vstack(
        [
            np.hstack(
                [
                    0.25 * (one.T @ other) / np.sqrt(counts[j] * counts[k]) * (j != k)
                    for k, other in enumerate(scores)
                ]
            )
            for j, one in enumerate(scores)
        ]
    )
    values, vectors = np.linalg.eigh(matrix)
    found = np.vstack(canonical_coefficients(scores, gains, present, 2))
    expected = 0.5 * np.sqrt(3) * vectors[:, ::-1][:, :2]
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-10)
    np.testing.assert_allclose(matrix @ found, found * values[::-1][:2], atol=1e-10)


def test_only_components_that_are_shared_are_given(scores, present):
    two = canonical_coefficients(scores[1:], [np.ones(3), np.ones(4)], present[:, 1:], 100)
    assert [part.shape for part in two] == [(3, 3), (4, 3)]
    np.testing.assert_allclose(np.square(two[0]).sum(axis=0), 1)
    np.testing.assert_allclose(np.square(two[1]).sum(axis=0), 1)


def test_blocks_that_share_nothing_have_their_own_components(scores, present):
    apart = present & (np.arange(N_ROWS)[:, None] % 2 == [0, 1, 1])
    scores = [score * here[:, None] for score, here in zip(scores, apart.T, strict=True)][:2]
    gains = [np.array([2.0, 1.0]), np.array([3.0, 2.0, 1.0])]
    first, second = canonical_coefficients(scores, gains, apart[:, :2], 2)
    np.testing.assert_array_equal(first, [[2, 0], [0, 1]])
    np.testing.assert_array_equal(second, [[3, 0], [0, 2], [0, 0]])


def test_nothing_that_varies_still_gives_a_component(present):
    empty = [np.zeros((N_ROWS, 0))] * 3
    parts = canonical_coefficients(empty, [np.zeros(0)] * 3, present, 5)
    assert [part.shape for part in parts] == [(0, 1)] * 3


def test_relations_are_least_squares_in_the_rows_with_both(present):
    generator = np.random.default_rng(0)
    projected = generator.normal(size=(N_ROWS, 3, 2)) + generator.normal(size=(N_ROWS, 1, 2))
    projected *= present[:, :, None]
    correlations, slopes = relate(projected, present)
    cosines = np.zeros((3, 2))
    for pair, (one, other) in enumerate([(0, 1), (0, 2), (1, 2)]):
        both = present[:, one] & present[:, other]
        for component in range(2):
            u, v = projected[both, one, component], projected[both, other, component]
            expected = np.linalg.lstsq(u[:, None], v, rcond=None)[0][0]
            assert slopes[one, other, component] == pytest.approx(expected)
            cosines[pair, component] = u @ v / np.sqrt((u @ u) * (v @ v))
    np.testing.assert_allclose(correlations, cosines.mean(axis=0))


def test_blocks_without_common_rows_are_not_related():
    present = np.array([[True, False, True], [False, True, True], [True, False, True]])
    projected = np.where(present, [1.0, 2.0, 3.0], 0)[:, :, None]
    correlations, slopes = relate(projected, present)
    np.testing.assert_allclose(slopes[:, :, 0], [[1, 0, 3], [0, 1, 1.5], [1 / 3, 2 / 3, 1]])
    np.testing.assert_allclose(correlations, 1)  # of the two pairs that do have some
    none = relate(np.zeros((3, 2, 4)), present[:, :2])
    assert not none.correlations.any()
    assert not none.slopes.any()


def test_guesses_are_means_over_the_present_blocks():
    slopes = np.array([[1, 0.5, 0.0], [2.0, 1, 0.8], [0.0, 0.4, 1]])[:, :, None]
    present = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1]], dtype=bool)
    projected = np.where(present, [10.0, 20.0, 30.0], 0)[:, :, None]
    guesses = guess_missing(projected, present, slopes)[:, :, 0]
    expected = [
        [0, 0, 20 * 0.8],  # the first block was never seen beside the third: it has no say
        [0, (10 * 0.5 + 30 * 0.4) / 2, 0],
        [20 * 2.0, 0, 20 * 0.8],
        [0, 10 * 0.5, 0],
        [0, 0, 0],
    ]
    np.testing.assert_allclose(guesses, expected)
