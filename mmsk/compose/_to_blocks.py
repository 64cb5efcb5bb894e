"""Whatever a fusion or head may be given, as FeatureBlocks."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import validate_data

from mmsk.compose._feature_blocks import FeatureBlocks


def to_blocks(estimator: Any, X: Any, *, reset: bool) -> FeatureBlocks:
    """Return `X` as FeatureBlocks and check or set the estimator's input features.

    Parameters
    ----------
    estimator : estimator
        Gets ``block_widths_``, ``n_features_in_``, and ``feature_names_in_`` from a DataFrame.
    X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
        An array becomes one block named ``features``. NaN and infinity are let through.
    reset : bool
        True in fit, False later.

    Returns
    -------
    blocks : FeatureBlocks
        The blocks, not copied where that can be; later in the order of fit.

    Raises
    ------
    ValueError
        If there is no row or column in fit, or the blocks are not those of fit.
    """
    blocks = _read(estimator, X, reset)
    if reset:
        if 0 in blocks.shape:
            raise ValueError(f"There is nothing to fit on: the blocks have shape {blocks.shape}.")
        estimator.block_widths_ = blocks.widths
        return blocks
    if blocks.widths != estimator.block_widths_:
        raise ValueError(
            f"{type(estimator).__name__} was fitted on the blocks "
            f"{_listed(estimator.block_widths_)}, but got {_listed(blocks.widths)}."
        )
    names = list(estimator.block_widths_)
    return blocks if blocks.names == names else blocks.select(names)


def _read(estimator: Any, X: Any, reset: bool) -> FeatureBlocks:
    if isinstance(X, FeatureBlocks):
        if reset:
            validate_data(estimator, X, reset=True, skip_check_array=True)
        return X
    if hasattr(X, "columns"):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        return FeatureBlocks.from_frame(X)
    X = validate_data(
        estimator,
        X,
        reset=reset,
        accept_sparse="csr",
        dtype="numeric",  # FeatureBlocks makes floats of the rest; lists of floats stay float64
        ensure_all_finite=False,
    )
    names = {"features": [f"x{number}" for number in range(X.shape[1])]}
    return FeatureBlocks({"features": X}, feature_names=names)


def _listed(widths: dict[str, int]) -> str:
    return ", ".join(f"{name!r} ({width} columns)" for name, width in widths.items())
