"""Dropout of whole modalities in training, so that what follows learns to do without."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from mmsk._by_block import by_block
from mmsk._progress import as_fit_task
from mmsk._validation import check_number
from mmsk.compose._block_transformer import BlockTransformer
from mmsk.compose._feature_blocks import FeatureBlocks
from mmsk.compose._present_rows import scatter
from mmsk.compose._to_blocks import to_blocks


class ModalityDropout(BlockTransformer):
    """Take whole modalities away from random training rows, and from no row later.

    A model that saw all modalities of every training row may lean on one of them, and is lost
    where that one is missing. Between the features and the fusion of a pipeline, this makes
    some training rows lack modalities, so that what follows learns to do without each of them::

        features -> ModalityDropout(0.2) -> fusion -> head

    ``fit_transform`` drops, ``transform`` does not. A Pipeline calls the first on training rows
    and the second on all rows to predict, so that nothing else is to be done; but
    ``fit_transform(X)`` and ``fit(X).transform(X)`` differ, on purpose, as those of
    scikit-learn's ``TargetEncoder`` do. A dropped block is a missing one in every respect: the
    mask says so, and the row is NaN, or empty in a sparse block. No row loses the last modality
    that it has.

    Parameters
    ----------
    p : float or mapping of str to float, default=0.2
        The probability with which a row loses a modality that it has, each on its own. A mapping
        names blocks; those it leaves out are never dropped.
    random_state : int, RandomState instance or None, default=None
        Decides which rows lose what. An int makes every fit drop the same.

    Attributes
    ----------
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    Raises
    ------
    ValueError
        If `p` is no probability, or a mapping names a block that is not there.

    See Also
    --------
    ConcatFusion : Its `add_indicator` tells the head which modality is missing.

    Notes
    -----
    What learns from whole rows afterwards, such as the scale of a fusion, learns from the rows
    that are left: with ``p=0.2`` about four fifths of those that have a block. Time and memory
    are those of one copy of the blocks. The number of rows stays, so the targets do.

    References
    ----------
    Neverova, N., Wolf, C., Taylor, G., Nebout, F. (2016). ModDrop: Adaptive multi-modal gesture
    recognition. IEEE Transactions on Pattern Analysis and Machine Intelligence 38(8).

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import FeatureBlocks, ModalityDropout
    >>> blocks = FeatureBlocks({"image": np.ones((1000, 2)), "sound": np.ones((1000, 3))})
    >>> dropout = ModalityDropout({"image": 0.3}, random_state=0)
    >>> dropout.fit_transform(blocks)
    FeatureBlocks(1000 rows; image: 2 float64, 311 missing; sound: 3 float64)
    >>> dropout.transform(blocks)
    FeatureBlocks(1000 rows; image: 2 float64; sound: 3 float64)
    """

    def __init__(self, p: float | Mapping[str, float] = 0.2, *, random_state: Any = None) -> None:
        self.p = p
        self.random_state = random_state

    @as_fit_task
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and learn the blocks; nothing is dropped.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features.
        y : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        self._learn(X)
        return self

    @as_fit_task
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Drop modalities of random rows: what a Pipeline does with its training rows.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features.
        y : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        blocks : FeatureBlocks
            As many rows, some with fewer modalities. After ``set_output`` a dense DataFrame of
            all blocks, with NaN where one is missing.
        """
        blocks, p = self._learn(X)
        generator = check_random_state(self.random_state)
        kept = _kept(blocks.present, p, generator.random_sample(blocks.present.shape))
        return self._contained(_masked(blocks, kept))

    def transform(self, X: Any) -> Any:
        """Return the blocks as they are: what a Pipeline does with rows to predict.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        blocks : FeatureBlocks
            The blocks. After ``set_output`` a dense DataFrame of them all, with NaN where one
            is missing.
        """
        check_is_fitted(self)
        return self._contained(to_blocks(self, X, reset=False))

    def _learn(self, X: Any) -> tuple[FeatureBlocks, np.ndarray]:
        """Return the blocks and the probability of each, checked."""
        blocks = to_blocks(self, X, reset=True)
        self._names_out = blocks.get_feature_names_out()
        return blocks, self._probabilities(blocks.names)

    def _probabilities(self, names: list[str]) -> np.ndarray:
        p = by_block("p", self.p, names, 0.0, partial(check_number, low=0, high=1))
        return np.array(list(p.values()), dtype=np.float64)


def _kept(present: np.ndarray, p: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Mask of what stays; `drawn` holds uniform numbers in [0, 1) of the shape of `present`."""
    kept = present & (drawn >= p)
    bare = np.flatnonzero(present.any(axis=1) & ~kept.any(axis=1))
    # Below p they are uniform in [0, p): divided by it, each modality is as likely to be spared.
    shares = np.where(present[bare], drawn[bare] / np.where(p > 0, p, 1), -1)
    kept[bare, shares.argmax(axis=1)] = True
    return kept


def _masked(blocks: FeatureBlocks, kept: np.ndarray) -> FeatureBlocks:
    parts = zip(blocks.items(), kept.T, strict=True)
    return FeatureBlocks(
        {name: _only(block, rows) for (name, block), rows in parts},
        present=kept,
        feature_names=blocks._given_names,
    )


def _only(block: Any, kept: np.ndarray) -> Any:
    if sparse.issparse(block):
        rows = np.flatnonzero(kept)
        return scatter(block[rows], rows, len(kept), None)
    return np.where(kept[:, None], block, np.nan)
