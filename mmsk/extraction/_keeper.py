"""What a pass asks for known rows and gives new ones to, whatever becomes of the disk."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from mmsk._config import Config
from mmsk.exceptions import CacheWarning
from mmsk.extraction._fingerprint import NotPlainError, fingerprint
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
    extractor : CellExtractor
        Whose rows they are.
    """

    def __init__(self, config: Config, extractor: Any) -> None:
        self.config = config
        self.extractor = extractor
        self.width = extractor._n_features()
        self.store: Path | None = None
        self.session: Session | None = None

    def __enter__(self) -> Self:
        self.session = self._try(self._open, None)
        return self

    def _open(self) -> Session | None:
        self.store = self.config.folder
        if self.store is None or not self.width:
            return None
        name, about = fingerprint(self.extractor, self.width)
        return Session(self.store, name, self.width, about, self.config.cache_limit_bytes)

    def __exit__(self, *exception: object) -> None:
        if self.session is not None:
            self._tell_of_damage(self.session)
            if not self._try(self.session.close, True):
                self._warn(
                    f"did not keep the rows of {type(self.extractor).__name__}, which are more "
                    f"than cache_limit_bytes={self.config.cache_limit_bytes}: raise it with "
                    "mmsk.set_config"
                )

    def read(self, digests: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
        """Return which items are known, and their rows."""
        session = self.session
        nothing = np.zeros(len(digests), dtype=bool), np.empty((0, self.width), dtype=np.float32)
        return nothing if session is None else self._try(lambda: session.read(digests), nothing)

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
        except (OSError, NotPlainError, NotImplementedError) as error:
            session, self.session = self.session, None
            if session is not None:
                session.abandon()
            self._warn(f"cannot be used: {getattr(error, 'strerror', None) or error}")
            return otherwise

    def _tell_of_damage(self, session: Session) -> None:
        n_damaged, session.table.n_damaged = session.table.n_damaged, 0
        if n_damaged:
            self._warn(f"had {n_damaged} damaged rows, which were computed anew")

    def _warn(self, what: str) -> None:
        place = "" if self.store is None else f" in {str(self.store)!r}"
        message = f"The feature store{place} {what}."
        if message not in _warned:
            _warned.add(message)
            warnings.warn(message, CacheWarning)
