"""What a pass asks for known rows and gives new ones to, whatever becomes of the disk."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import numpy as np

from mmsk._config import Config
from mmsk.exceptions import CacheWarning
from mmsk.extraction._store import Session

Result = TypeVar("Result")
_warned: set[str] = set()


class Keeper:
    """The feature store during one pass; without it every item is new and nothing is kept.

    What goes wrong on disk never ends a pass: one warning, and the pass goes on without.

    Parameters
    ----------
    config : Config
        Where the store is, or that it is off.
    name : str
        Fingerprint of the extractor.
    width : int
        Numbers in a row.
    about : dict
        What the fingerprint covers.
    """

    def __init__(self, config: Config, name: str, width: int, about: dict[str, Any]) -> None:
        self.config = config
        self.name = name
        self.width = width
        self.about = about
        self.session: Session | None = None

    def __enter__(self) -> Self:
        store = self.config.folder
        if store is not None:
            arguments = (store, self.name, self.width, self.about, self.config.cache_limit_bytes)
            self.session = self._try(lambda: Session(*arguments), None)
        return self

    def __exit__(self, *exception: object) -> None:
        if self.session is not None:
            self._try(self.session.close, None)
            self._tell_of_damage()

    def read(self, digests: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Return the rows that are known."""
        session = self.session
        return {} if session is None else self._try(lambda: session.read(digests), {})

    def claim(self, digests: Sequence[bytes]) -> list[bytes]:
        """Return the items to compute here; the others are being computed elsewhere."""
        session, everything = self.session, list(digests)
        return (
            everything if session is None else self._try(lambda: session.claim(digests), everything)
        )

    def write(self, digests: Sequence[bytes], rows: np.ndarray) -> None:
        """Keep rows."""
        session = self.session
        if session is not None:
            self._try(lambda: session.write(digests, rows), None)

    def release(self) -> None:
        """Give up claims on items that were not written."""
        if self.session is not None:
            self._try(self.session.release, None)

    def _try(self, action: Callable[[], Result], otherwise: Result) -> Result:
        try:
            return action()
        except OSError as error:
            self.session = None
            self._warn(f"cannot be used ({error})")
            return otherwise

    def _tell_of_damage(self) -> None:
        if self.session is not None and self.session.table.n_damaged:
            n_damaged, self.session.table.n_damaged = self.session.table.n_damaged, 0
            self._warn(f"had {n_damaged} damaged rows, which were computed anew")

    def _warn(self, what: str) -> None:
        message = f"The feature store in {str(self.config.folder)!r} {what}."
        if message not in _warned:
            _warned.add(message)
            warnings.warn(message, CacheWarning)
