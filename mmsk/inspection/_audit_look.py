"""What an audit learns from one cell."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """What one readable cell showed.

    Attributes
    ----------
    digest : bytes or None
        Digest of the content, None where it has none.
    size : float or None
        Pixels, seconds, points or characters; None where cells have no size.
    kind : str or None
        What most cells of a column share, in words, such as the number of channels.
    odd : tuple of str
        What is suspicious about the cell alone.
    repeats : bool
        Whether such content comes twice by nature, as short texts and numbers do.
    """

    digest: bytes | None = None
    size: float | None = None
    kind: str | None = None
    odd: tuple[str, ...] = ()
    repeats: bool = False
