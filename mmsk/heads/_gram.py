"""Kernel matrices by BLAS, in tiles that stay in the cache.

An SVM solver asks for one kernel row at a time, and libsvm computes each entry in a loop of
its own. All entries at once are one matrix product, which BLAS does 10 times faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from mmsk.heads._mixed_columns import MixedColumns
from mmsk.heads._shared_products import shared_products

KERNELS = ("linear", "poly", "rbf", "sigmoid")

_TILE_BYTES = 2**19  # a tile and its temporaries stay in the second-level cache
_CHUNK_BYTES = 2**26  # kernel values held at a time in prediction
_LARGEST_ERROR = 1e-4  # a tenth of the solver's default tolerance


@dataclass(frozen=True)
class Kernel:
    """A kernel function with its numbers, as libsvm defines it.

    Attributes
    ----------
    name : {"linear", "poly", "rbf", "sigmoid"}
        ``x.y``, ``(gamma x.y + coef0)^degree``, ``exp(-gamma |x - y|^2)`` or
        ``tanh(gamma x.y + coef0)``.
    gamma, coef0 : float
        The numbers in the formula.
    degree : int
        The exponent of ``"poly"``.
    """

    name: str
    gamma: float
    degree: int
    coef0: float

    def values(self, products: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Kernel values from inner products and the squared norms of both sides."""
        if self.name == "linear":
            return products
        if self.name != "rbf":
            values = products * self.gamma
            values += self.coef0
            return np.tanh(values, out=values) if self.name == "sigmoid" else self._power(values)
        values = products * products.dtype.type(2)
        values -= rows[:, None]
        values -= columns
        np.minimum(values, 0, out=values)
        values *= products.dtype.type(self.gamma)
        return np.exp(values, out=values)

    def _power(self, base: np.ndarray) -> np.ndarray:
        # By squaring: several times faster than numpy's power, and rounded as in libsvm.
        result, exponent = np.ones_like(base), self.degree
        while exponent:
            if exponent % 2:
                result *= base
            base = base * base
            exponent //= 2
        return result


def gram_matrix(kernel: Kernel, X: Any, C: float, reuse_mib: float) -> np.ndarray:
    """Kernel matrix of the rows of `X` with themselves.

    Parameters
    ----------
    kernel : Kernel
        The kernel.
    X : ndarray or CSR of shape (n_rows, n_features)
        Training rows.
    C : float
        Regularization parameter of the SVM, which decides what rounding can matter.
    reuse_mib : float
        Inner products of up to this size, in MiB, are kept for the next call on the same rows.

    Returns
    -------
    gram : ndarray of shape (n_rows, n_rows), dtype float64
        The kernel matrix, symmetric.
    """
    Z, _ = _ready(kernel, X, X[:0], C)
    n_rows = Z.shape[0]
    gram = np.empty((n_rows, n_rows))
    # The products lie in the last part of the matrix itself: each tile of kernel values, written
    # from the front, covers only products that were read.
    place = gram.reshape(-1).view(Z.dtype)[-(n_rows**2) :].reshape(n_rows, n_rows)
    products = shared_products(Z, partial(_self_products, Z), place, reuse_mib)
    norms = products.diagonal().copy()
    _fill(kernel, products, norms, norms, gram)
    return gram


def kernel_chunks(
    kernel: Kernel, X: Any, vectors: Any, C: float
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield row slices of `X` with their kernel values against `vectors`, in float64.

    Parameters
    ----------
    kernel : Kernel
        The kernel.
    X : ndarray or CSR of shape (n_rows, n_features)
        Rows to predict.
    vectors : ndarray or CSR of shape (n_vectors, n_features), dtype float64
        Support vectors.
    C : float
        Regularization parameter of the SVM.

    Yields
    ------
    rows : slice
        Rows of `X`.
    values : ndarray of shape (n_rows_of_slice, n_vectors), dtype float64
        Their kernel values. At most 64 MiB at a time.
    """
    Z, V = _ready(kernel, vectors, X, C)
    mixed = MixedColumns(Z) if sparse.issparse(Z) else None
    norms = squared_norms(Z).astype(Z.dtype, copy=False)
    step = max(1, _CHUNK_BYTES // (8 * max(1, Z.shape[0])))
    for start in range(0, V.shape[0], step):
        rows = slice(start, start + step)
        products = np.empty((V[rows].shape[0], Z.shape[0]), dtype=Z.dtype)
        if mixed is None:
            np.matmul(V[rows], Z.T, out=products)
        else:
            mixed.products(MixedColumns(V[rows], mixed.full), products)
        values = np.empty(products.shape)
        _fill(kernel, products, squared_norms(V[rows]).astype(V.dtype, copy=False), norms, values)
        yield rows, values


def _ready(kernel: Kernel, X: Any, Y: Any, C: float) -> tuple[Any, Any]:
    """Both sides as the product takes them: moved by the mean of `X` for RBF, in one precision.

    Distances do not change with the move, but no digits are lost to a common offset. float32 is
    taken only for float32 rows and RBF, whose values are at most 1, and while its rounding of
    the exponents, times C, stays below a tenth of the solver's tolerance. libsvm itself rounds
    its kernel rows to float32.
    """
    if kernel.name != "rbf" or sparse.issparse(X) or X.shape[0] == 0:
        return X.astype(np.float64, copy=False), Y.astype(np.float64, copy=False)
    mean = X.mean(axis=0, dtype=np.float64)
    Z, V = (np.subtract(side, mean, dtype=np.float64) for side in (X, Y))
    error = 8 * kernel.gamma * squared_norms(Z).max() * np.finfo(np.float32).eps
    if Y.dtype != np.float32 or error * max(C, 1.0) > _LARGEST_ERROR:
        return Z, V
    return Z.astype(np.float32), V.astype(np.float32)


def _self_products(Z: Any, out: np.ndarray) -> None:
    if not sparse.issparse(Z):
        np.matmul(Z, Z.T, out=out)
        return
    mixed = MixedColumns(Z)
    mixed.products(mixed, out)


def _fill(
    kernel: Kernel, products: np.ndarray, rows: np.ndarray, columns: np.ndarray, out: np.ndarray
) -> None:
    step = max(1, _TILE_BYTES // max(1, products[:1].nbytes))
    for start in range(0, products.shape[0], step):
        tile = slice(start, start + step)
        out[tile] = kernel.values(products[tile], rows[tile], columns)


def squared_norms(Z: Any) -> np.ndarray:
    """Squared norm of each row, in float64."""
    if sparse.issparse(Z):
        Z = Z.astype(np.float64, copy=False)
        return np.asarray(Z.multiply(Z).sum(axis=1)).ravel()
    return np.einsum("ij,ij->i", Z, Z, dtype=np.float64)
