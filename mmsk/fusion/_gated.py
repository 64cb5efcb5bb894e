"""Fusion by gates that say, row by row, how much each block counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmsk.fusion._learned import LearnedFusion


class GatedFusion(LearnedFusion):
    """Learn, row by row, how much each block counts.

    Each block is projected to `n_components`; gates that look at all projections give the blocks
    their shares in each component, and the fused row is the sum by shares: a noisy picture can
    yield to a clear caption in one row and not in the next.

    Blocks are scaled as in ConcatFusion. The network is trained with a linear model of the target
    behind it, cross-entropy for classes and the squared error for real targets; the linear model
    is then dropped, and the fused rows go to any head.

    A missing block has no share: those of the others sum to 1. A block that no training row has
    counts as missing later, too.

    Parameters
    ----------
    n_components : int, default=64
        Number of fused features.
    dropout : float, default=0.0
        Chance in training that a component is left out; 0.2 may help with few rows.
    modality_dropout : float, default=0.0
        Chance in training that a block is left out of a row that has it; one always stays. About
        0.2 prepares for more missing blocks than the training rows have, and keeps one strong
        block from hiding the others.
    learning_rate : float, default=0.01
        Step size of AdamW. Lower it where `history_` shows a loss that leaps.
    weight_decay : float, default=0.01
        Decay of the weights towards zero per step, as a share of the step size.
    batch_size : int or "auto", default="auto"
        Most rows per step. ``"auto"`` is an eighth of the rows, within 16 and 256.
    max_epochs : int, default=100
        Most passes over the training rows.
    early_stopping : bool or "auto", default="auto"
        Whether to hold rows out, to end training when their loss stops falling, and to keep the
        weights with which it was lowest. ``"auto"`` does so from 500 rows on.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out.
    n_iter_no_change : int, default=10
        Epochs without a lower loss of these rows after which training ends.
    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the order of the rows and what is left out. An int gives the same
        bits again on a CPU.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the network runs. ``"auto"`` is the first CUDA GPU, else the CPU.

    Attributes
    ----------
    state_ : dict of str to ndarray
        The weights of the network, without the linear model.
    history_ : dict of str to list of float
        ``"loss"`` of each epoch (cross-entropy, or the squared error in variances of `y`), and
        ``"validation_loss"`` where rows were held out.
    n_epochs_ : int
        Number of epochs that were run.
    scales_ : dict of str to BlockScale
        Offset and factors of each block.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    See Also
    --------
    AttentionFusion : Blocks look at each other before they are weighed.
    TensorFusion : Multiplies blocks instead of weighing them.

    Notes
    -----
    Beside the projections, which keep sparse blocks sparse, a row costs (blocks x
    `n_components`)^2 products. A block takes 20 bytes x width x `n_components` in training. Torch
    uses one thread. Ctrl-C in `fit` ends training with a warning, and keeps what was learned.

    For two blocks this is the unit of [1]_, with gates that look at the projections instead of
    the raw blocks; for more, the gates are a softmax over the blocks.

    References
    ----------
    .. [1] J. Arevalo, T. Solorio, M. Montes-y-Gomez, F. A. Gonzalez, "Gated multimodal units for
       information fusion", ICLR workshop, 2017.

    Examples
    --------
    Two sensors, of which in every row one is broken and shows large values:

    >>> import numpy as np
    >>> from mmsk import FeatureBlocks, GatedFusion
    >>> generator = np.random.default_rng(0)
    >>> y, broken = generator.integers(0, 2, size=(2, 200))
    >>> one, other = generator.normal(size=(2, 200, 2)) + 2 * y[:, None]
    >>> one[broken == 0] = generator.normal(8, 3, size=((broken == 0).sum(), 2))
    >>> other[broken == 1] = generator.normal(8, 3, size=((broken == 1).sum(), 2))
    >>> blocks = FeatureBlocks({"one": one, "other": other})
    >>> fusion = GatedFusion(n_components=8, random_state=0).fit(blocks, y)
    >>> fusion.transform(blocks).shape
    (200, 8)
    >>> shares = fusion.modality_weights(blocks)
    >>> bool(shares[broken == 0, 0].mean() < 0.4), bool(shares[broken == 1, 0].mean() > 0.6)
    (True, True)
    """

    def __init__(
        self,
        n_components: int = 64,
        *,
        dropout: float = 0.0,
        modality_dropout: float = 0.0,
        learning_rate: float = 0.01,
        weight_decay: float = 0.01,
        batch_size: int | str = "auto",
        max_epochs: int = 100,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
    ) -> None:
        super().__init__(
            n_components,
            dropout=dropout,
            modality_dropout=modality_dropout,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            random_state=random_state,
            device=device,
        )

    def _make_network(self) -> Any:
        from mmsk._nets.fusion import GatedUnit

        widths = list(self.block_widths_.values())
        return GatedUnit(widths, self.n_components, self.dropout, self.modality_dropout)

    def modality_weights(self, X: Any) -> np.ndarray:
        """Share of each block in each fused row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        shares : ndarray of shape (n_rows, n_blocks), dtype float32
            The mean of its gates over the components; rows sum to 1, a missing block has 0. The
            blocks have the order of `block_widths_`. A row that has only blocks which no training
            row had is all 0.
        """
        return self._shares(X)
