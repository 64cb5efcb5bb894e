"""Settings of a process: where the feature store is, how large it may grow, progress bars."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from mmsk._validation import check_choice, check_number

CACHE_DIR_VARIABLE = "MMSK_CACHE_DIR"
DEFAULT_CACHE_LIMIT_BYTES = 10 * 2**30
_OFF = ("", "0", "off", "none")


@dataclass(frozen=True)
class Config:
    """Settings that hold for every extractor of a process.

    Attributes
    ----------
    cache : bool
        Whether rows of features are kept.
    cache_dir : str or None
        Folder of the store; None is that of ``MMSK_CACHE_DIR``, or the user's cache folder.
    cache_limit_bytes : int
        Size to which the store may grow before old tables are removed.
    progress : bool
        Whether a pass over many cells shows a bar.
    """

    cache: bool = True
    cache_dir: str | None = None
    cache_limit_bytes: int = DEFAULT_CACHE_LIMIT_BYTES
    progress: bool = False

    @property
    def folder(self) -> Path | None:
        """Folder of the store; None where it is off. OSError where there is no home folder."""
        variable = os.environ.get(CACHE_DIR_VARIABLE)
        if not self.cache or (
            self.cache_dir is None and variable is not None and _is_off(variable)
        ):
            return None
        if self.cache_dir or variable:
            return Path(self.cache_dir or variable or "").expanduser().absolute()
        return _user_cache() / "mmsk" / "features"


def _user_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # a relative one is to be ignored, says its specification
        return Path(base)
    try:
        return Path.home() / ".cache"
    except RuntimeError as error:
        raise FileNotFoundError(
            f"this user has no home folder: set {CACHE_DIR_VARIABLE}, or give a folder with "
            "mmsk.set_config(cache_dir=...)"
        ) from error


_global = Config()
_set_in_process: int | None = None
_contexts: list[Config] = []
_local = threading.local()


def get_config() -> dict[str, Any]:
    """Return the settings that hold now.

    Returns
    -------
    settings : dict
        ``cache``, ``cache_dir``, ``cache_limit_bytes`` and ``progress``, as `set_config` takes
        them.

    Examples
    --------
    >>> import mmsk
    >>> mmsk.get_config()["cache_limit_bytes"] // 2**30
    10
    """
    config = current_config()
    return {field.name: getattr(config, field.name) for field in fields(config)}


def set_config(
    *,
    cache: bool | None = None,
    cache_dir: str | os.PathLike | None = None,
    cache_limit_bytes: int | None = None,
    progress: bool | None = None,
) -> None:
    """Move, bound or switch off the feature store, and show progress bars.

    What is set holds for this process and its workers, but workers show no bars.

    Parameters
    ----------
    cache : bool, default=None
        Whether rows of features are kept. None leaves this setting as it is.
    cache_dir : str or path, default=None
        Folder of the store. None leaves this setting as it is.
    cache_limit_bytes : int, default=None
        Size to which the store may grow; then the tables not used for longest are removed,
        never one in use. None leaves this setting as it is.
    progress : bool, default=None
        Whether a pass of an extractor over cells that takes longer than half a second shows a
        bar on stderr. None leaves this setting as it is; at first it is False.

    Raises
    ------
    ValueError
        If a setting is not accepted.

    See Also
    --------
    config_context : The same for a block of code.
    cache_info : What the store holds.

    Examples
    --------
    >>> import mmsk
    >>> mmsk.set_config(cache=False)
    >>> mmsk.get_config()["cache"]
    False
    >>> mmsk.set_config(cache=True)
    """
    global _global, _set_in_process
    _global = _changed(_global, cache, cache_dir, cache_limit_bytes, progress)
    _set_in_process = os.getpid()


@contextmanager
def config_context(
    *,
    cache: bool | None = None,
    cache_dir: str | os.PathLike | None = None,
    cache_limit_bytes: int | None = None,
    progress: bool | None = None,
) -> Iterator[None]:
    """Change settings for a block of code, in this thread and those that it starts.

    Other threads that are in no context of their own follow the one entered last.

    Parameters
    ----------
    cache : bool, default=None
        As in `set_config`.
    cache_dir : str or path, default=None
        As in `set_config`.
    cache_limit_bytes : int, default=None
        As in `set_config`.
    progress : bool, default=None
        As in `set_config`.

    Yields
    ------
    None
        The old settings hold again afterwards.

    Examples
    --------
    >>> import mmsk
    >>> with mmsk.config_context(cache=False):
    ...     mmsk.get_config()["cache"]
    False
    >>> mmsk.get_config()["cache"]
    True
    """
    before = getattr(_local, "config", None)
    config = _changed(current_config(), cache, cache_dir, cache_limit_bytes, progress)
    _local.config = config
    _contexts.append(config)
    try:
        yield
    finally:
        _local.config = before
        _contexts.remove(config)


@contextmanager
def off_the_record() -> Iterator[None]:
    """Work without the store and without bars, in this thread alone.

    For passes within a pass: of them nothing is worth keeping.
    """
    before = getattr(_local, "config", None)
    _local.config = replace(current_config(), cache=False, progress=False)
    try:
        yield
    finally:
        _local.config = before


def current_config() -> Config:
    """Return the settings of this thread, of the context entered last, or of the process."""
    config = getattr(_local, "config", None)
    if config is None:
        config = next(iter(_contexts[-1:]), _global)
    return config


def _changed(
    config: Config, cache: Any, cache_dir: Any, cache_limit_bytes: Any, progress: Any
) -> Config:
    for name, value in {"cache": cache, "progress": progress}.items():
        if value is not None:
            check_choice(name, value, [True, False])
            config = replace(config, **{name: value})
    if cache_dir is not None:
        if not isinstance(cache_dir, str | os.PathLike):
            raise ValueError(f"cache_dir={cache_dir!r} is not a path.")
        folder = os.path.abspath(os.path.expanduser(os.fspath(cache_dir)))
        config = replace(config, cache_dir=folder)
    if cache_limit_bytes is not None:
        check_number("cache_limit_bytes", cache_limit_bytes, low=0, integer=True)
        config = replace(config, cache_limit_bytes=cache_limit_bytes)
    return config


def _is_off(variable: str) -> bool:
    return variable.strip().lower() in _OFF


# Workers of joblib and Dask know nothing of set_config in the process that feeds them. So an
# extractor that travels to another process carries the settings of its sender, and they hold
# there if the sender is the parent: in a worker, but not in a model loaded some other day.
# What a worker has set itself goes before.


def config_to_send() -> dict[str, Any]:
    """Return the settings to travel with a pickled extractor."""
    config = replace(current_config(), progress=False)  # bars of several workers would mix
    try:
        folder = config.folder
    except OSError:
        return {"process": _process("self"), "config": vars(config)}
    # The folder as it is here: the environment of a worker may be older than that of its parent.
    sent = replace(
        config, cache=folder is not None, cache_dir=None if folder is None else str(folder)
    )
    return {"process": _process("self"), "config": vars(sent)}


def receive_config(sent: dict[str, Any]) -> None:
    """Take over the settings that an extractor brought from the parent process."""
    global _global
    if sent["process"] == _process(os.getppid()) and _set_in_process != os.getpid():
        _global = Config(**sent["config"])


def _process(number: Any) -> tuple[int, str]:
    """Return the number of a process, and when it was started where the system tells."""
    try:
        status = Path(f"/proc/{number}/stat").read_text()
        started = status.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        started = ""
    return os.getpid() if number == "self" else number, started
