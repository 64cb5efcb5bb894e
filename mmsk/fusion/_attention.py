"""Fusion by attention of the blocks to each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmsk._validation import check_number
from mmsk.fusion._learned import LearnedFusion


class AttentionFusion(LearnedFusion):
    """Learn with blocks that look at each other: a transformer layer over one token per block.

    Each block is projected to a token of `n_components`; multi-head self-attention and a small
    network let each token take up what the others say, and the fused row is a sum of the tokens by
    learned shares. What only several blocks say together becomes a feature of its own.

    Blocks are scaled as in ConcatFusion. The network is trained with a linear model of the target
    behind it, cross-entropy for classes and the squared error for real targets; the linear model
    is then dropped, and the fused rows go to any head.

    A missing block is masked: no token attends to it, and it has no share. A block that no
    training row has counts as missing later, too.

    Parameters
    ----------
    n_components : int, default=64
        Number of fused features, a multiple of `n_heads`.
    n_heads : int, default=4
        Number of attention heads, each of ``n_components / n_heads`` features.
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
    GatedFusion : Weighs blocks without mixing them first, in a third of the time.
    TensorFusion : Multiplies blocks.

    Notes
    -----
    Beside the projections, which keep sparse blocks sparse, a row costs 8 x blocks x
    `n_components`^2 products. A block takes 20 bytes x width x `n_components` in training. Torch
    uses one thread. Ctrl-C in `fit` ends training with a warning, and keeps what was learned.

    The layer is that of [1]_ with normalization before its parts.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", NeurIPS, 2017.
    .. [2] S. Abnar, W. Zuidema, "Quantifying attention flow in transformers", ACL, 2020.

    Examples
    --------
    A target that neither block tells of alone, and no sum of both:

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from mmsk import AttentionFusion, FeatureBlocks
    >>> generator = np.random.default_rng(0)
    >>> one, other = generator.normal(size=(2, 200, 1))
    >>> y = (one * other > 0).ravel()
    >>> blocks = FeatureBlocks({"one": one, "other": other})
    >>> round(LogisticRegression().fit(blocks, y).score(blocks, y), 1)
    0.5
    >>> fusion = AttentionFusion(n_components=16, max_epochs=40, random_state=0)
    >>> fused = fusion.fit_transform(blocks, y)
    >>> round(LogisticRegression().fit(fused, y).score(fused, y), 1)
    1.0
    """

    def __init__(
        self,
        n_components: int = 64,
        n_heads: int = 4,
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
        self.n_heads = n_heads

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_number("n_heads", self.n_heads, low=1, integer=True)
        if self.n_components % self.n_heads:
            raise ValueError(
                f"n_components={self.n_components} is not a multiple of n_heads={self.n_heads}: "
                f"take {self.n_heads * -(-self.n_components // self.n_heads)} components."
            )

    def _make_network(self) -> Any:
        from mmsk._nets.fusion import BlockAttention

        return BlockAttention(
            list(self.block_widths_.values()),
            self.n_components,
            self.n_heads,
            self.dropout,
            self.modality_dropout,
        )

    def modality_weights(self, X: Any) -> np.ndarray:
        """Share of each block in each fused row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        shares : ndarray of shape (n_rows, n_blocks), dtype float32
            By attention rollout [2]_: the share of each token, half of it its own block's and half
            of the blocks it attended to. Rows sum to 1, a missing block has 0. The
            blocks have the order of `block_widths_`. A row that has only blocks which no training
            row had is all 0.
        """
        return self._shares(X)
