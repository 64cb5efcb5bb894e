"""Inner products of recent training rows, shared by the candidates of a search.

A search over C or gamma fits the same rows of a fold again and again; only the kernel values
change. The products are kept by the content of the rows, in this process, oldest out first.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from scipy import sparse

_products: OrderedDict[str, np.ndarray] = OrderedDict()
_lock = Lock()


def shared_products(
    Z: Any, compute: Callable[[np.ndarray], Any], place: np.ndarray, max_mib: float
) -> np.ndarray:
    """Inner products of the rows of `Z`, from memory where they were kept.

    Parameters
    ----------
    Z : ndarray or CSR of shape (n_rows, n_features)
        The rows.
    compute : callable
        Writes the products into the array that it is given.
    place : ndarray of shape (n_rows, n_rows)
        Where products that are not kept are written.
    max_mib : float
        What all kept products may take, in MiB. Products that alone take more are not kept.

    Returns
    -------
    products : ndarray of shape (n_rows, n_rows)
        The inner products: `place`, or a read-only array that is kept.
    """
    if place.nbytes > max_mib * 2**20:
        compute(place)
        return place
    key = _digest(Z)
    with _lock:
        products = _products.pop(key, None)
    if products is None:
        products = np.empty_like(place)
        compute(products)
        products.flags.writeable = False
    with _lock:
        _products[key] = products
        while sum(kept.nbytes for kept in _products.values()) > max_mib * 2**20:
            _products.popitem(last=False)
    return products


def clear_products() -> None:
    """Forget all kept products."""
    with _lock:
        _products.clear()


def _digest(Z: Any) -> str:
    parts = [Z.data, Z.indices, Z.indptr] if sparse.issparse(Z) else [Z]
    digest = hashlib.sha256(f"{Z.shape} {[part.dtype.str for part in parts]}".encode())
    for part in parts:
        digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()
