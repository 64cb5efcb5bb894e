"""Any transformer of scikit-learn, applied to each block on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from mmsk._progress import as_fit_task
from mmsk._validation import check_block_names
from mmsk.compose._block_transformer import BlockTransformer
from mmsk.compose._feature_blocks import FeatureBlocks, names_out
from mmsk.compose._present_rows import scatter
from mmsk.compose._to_blocks import to_blocks


class PerBlock(BlockTransformer):
    """Apply a transformer to each block on its own, on the rows that have the block.

    scikit-learn's normalizers and reductions see one matrix; this gives them one block at a
    time: ``PerBlock(Normalizer())`` brings the rows of every block to unit length,
    ``PerBlock({"image": PCA(64)})`` reduces one block and leaves the others alone.

    Parameters
    ----------
    transformer : estimator or mapping of str to estimator
        Cloned for every block, or given per block; blocks that a mapping leaves out pass
        unchanged.

    Attributes
    ----------
    transformers_ : dict of str to estimator
        The fitted transformer of each block that has one.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    Raises
    ------
    ValueError
        If `transformer` is none, a mapping names a block that is not there, or no row has a
        block.

    Notes
    -----
    A search reaches the parameters of a single estimator (``transformer__n_components``); of a
    mapping it can only try whole mappings.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import Normalizer
    >>> from mmsk import FeatureBlocks, PerBlock
    >>> blocks = FeatureBlocks({"image": np.array([[3.0, 4.0], [np.nan, np.nan]]),
    ...                         "sound": np.array([[2.0], [5.0]])})
    >>> normalized = PerBlock(Normalizer()).fit_transform(blocks)
    >>> normalized["image"]
    array([[0.6, 0.8],
           [nan, nan]])
    >>> normalized["sound"].ravel()
    array([1., 1.])
    """

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    @as_fit_task
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit one transformer per block.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features.
        y : array-like of shape (n_rows,), default=None
            Targets, for transformers that learn from them.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        self._check_transformers()
        blocks = to_blocks(self, X, reset=True)
        self.transformers_ = {}
        for name, transformer in self._chosen(blocks.names).items():
            block, targets = blocks[name], None if y is None else np.asarray(y)
            present = blocks.present_in(name)
            if not present.any():
                raise ValueError(f"No row has the block {name!r}: there is nothing to fit on.")
            if not present.all():
                rows = np.flatnonzero(present)
                block, targets = block[rows], None if targets is None else targets[rows]
            self.transformers_[name] = clone(transformer).fit(block, targets)
        self._block_names = blocks.feature_names
        for name, fitted in self.transformers_.items():
            self._block_names[name] = names_out(fitted, self._block_names[name])
        self._names_out = self._transformed(blocks[:1]).get_feature_names_out()
        return self

    def transform(self, X: Any) -> Any:
        """Transform each block.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        blocks : FeatureBlocks
            The transformed blocks under their old names, missing where they were missing. After
            ``set_output`` a dense DataFrame of them all, with NaN where one is missing.
        """
        check_is_fitted(self)
        return self._contained(self._transformed(to_blocks(self, X, reset=False)))

    @property
    def _given(self) -> list[Any]:
        many = isinstance(self.transformer, Mapping)
        return list(self.transformer.values()) if many else [self.transformer]

    def _check_transformers(self) -> None:
        for one in self._given:
            if isinstance(one, type) or not hasattr(one, "transform"):
                raise ValueError(
                    f"transformer={self.transformer!r} is not a transformer such as Normalizer(), "
                    "or a mapping from names of blocks to transformers."
                )

    def _chosen(self, names: list[str]) -> dict[str, Any]:
        """Return the transformer of each block that has one."""
        if not isinstance(self.transformer, Mapping):
            return dict.fromkeys(names, self.transformer)
        check_block_names("transformer", self.transformer, names)
        return dict(self.transformer)

    def _transformed(self, blocks: FeatureBlocks) -> FeatureBlocks:
        results = dict(blocks.items())
        for name, transformer in self.transformers_.items():
            results[name] = _on_rows(transformer, results[name], blocks.present_in(name))
        return FeatureBlocks(results, present=blocks.present, feature_names=self._block_names)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = all(get_tags(one).input_tags.sparse for one in self._given)
        return tags


def _on_rows(transformer: Any, block: Any, present: np.ndarray) -> Any:
    rows = np.flatnonzero(present)
    if 0 < len(rows) == len(present):
        return transformer.transform(block)
    # No row at all has the block: one row of zeros stands in to learn the output's form.
    zeros = np.zeros((1, block.shape[1]), dtype=block.dtype)
    stand_in = sparse.csr_matrix(zeros) if sparse.issparse(block) else zeros
    part = transformer.transform(block[rows] if len(rows) else stand_in)[: len(rows)]
    return scatter(part, rows, len(present), None)
