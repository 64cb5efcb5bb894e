"""What `set_output` asks for, also where the features are sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils._set_output import _get_output_config

MOST_DENSE_BYTES = 2**30


def contain_sparse(features: Any, estimator: Any, index: Any = None) -> Any:
    """Put CSR features into the container that the estimator's `set_output` names.

    scikit-learn refuses sparse features under pandas or polars output. Called at the end of
    ``transform``, this gives them a container first, and scikit-learn then leaves it as it is.

    Parameters
    ----------
    features : sparse matrix or array of shape (n_rows, n_features)
        The features.
    estimator : estimator
        Its ``set_output`` is read, or the global configuration; its ``get_feature_names_out``
        names the columns.
    index : sequence, default=None
        Index labels of a pandas DataFrame; None counts rows from 0.

    Returns
    -------
    container : sparse matrix, pandas DataFrame or polars DataFrame
        `features` itself by default; a DataFrame of sparse columns for pandas; a dense one for
        polars, which has no sparse columns.

    Raises
    ------
    ValueError
        For polars, if the dense table would take more than 1 GiB.
    """
    kind = _get_output_config("transform", estimator)["dense"]
    if kind == "default":
        return features
    names = estimator.get_feature_names_out()
    if kind == "pandas":
        return pd.DataFrame.sparse.from_spmatrix(sp.csr_matrix(features), index, names)
    check_dense_size(
        features.shape,
        features.dtype,
        "polars has no sparse columns. Use set_output(transform='pandas') or 'default', or fewer "
        "features",
    )
    import polars

    return polars.DataFrame(features.toarray(), schema=list(names), orient="row")


def check_dense_size(shape: tuple[int, ...], dtype: Any, advice: str) -> None:
    """Raise ValueError if sparse features of `shape` would take more than 1 GiB when dense.

    Parameters
    ----------
    shape : tuple of int
        Rows and features.
    dtype : dtype
        Kind of the numbers.
    advice : str
        Ends the message: why it would be dense, and what to do instead.
    """
    size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if size > MOST_DENSE_BYTES:
        raise ValueError(
            f"{shape[0]:,} rows x {shape[1]:,} features would take {size / 2**30:,.1f} GiB when "
            f"dense, over the limit of {MOST_DENSE_BYTES / 2**30:g} GiB: {advice}."
        )
