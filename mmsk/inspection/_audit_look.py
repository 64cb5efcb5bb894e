"""What an audit learns from one cell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """What one readable cell showed: plain values, so that they may come from another process.

    Attributes
    ----------
    digest : bytes, default=None
        Digest of the content, None where it has none.
    size : float, default=None
        Pixels, seconds, points or characters; None where cells have no size.
    kind : str, default=None
        What most cells of a column share, in words, such as the number of channels.
    odd : tuple of str, default=()
        What is suspicious about the cell alone.
    repeats : bool, default=False
        Whether such content comes twice by nature, as short texts and numbers do.
    """

    digest: bytes | None = None
    size: float | None = None
    kind: str | None = None
    odd: tuple[str, ...] = ()
    repeats: bool = False
