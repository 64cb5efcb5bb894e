"""Settings of a process: the feature store, progress bars, and where files are decoded."""

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
_CHOICES: dict[str, list] = {
    "cache": [True, False],
    "progress": [True, False],
    "decode_workers": ["thread", "process"],
}


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
    decode_workers : {"thread", "process"}
        Where cells are read.
    decode_seconds : float
        Time for a cell that is read in a process.
    """

    cache: bool = True
    cache_dir: str | None = None
    cache_limit_bytes: int = DEFAULT_CACHE_LIMIT_BYTES
    progress: bool = False
    decode_workers: str = "thread"
    decode_seconds: float = 60.0

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
        ``cache``, ``cache_dir``, ``cache_limit_bytes``, ``progress``, ``decode_workers`` and
        ``decode_seconds``, as `set_config` takes them.

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
    decode_workers: str | None = None,
    decode_seconds: float | None = None,
) -> None:
    """Move, bound or switch off the feature store, show progress bars, and isolate decoders.

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
    decode_workers : {"thread", "process"}, default=None
        Where extractors read their cells. ``"thread"``, the setting at first: in threads of this
        process, which is fastest. ``"process"``, for files that are not to be trusted: in
        processes that a file may kill, stall or fill without harm to the others; see the notes.
        None leaves this setting as it is.
    decode_seconds : float, default=None
        Time for a cell under ``"process"``; a process that takes longer is stopped. The first cell
        of a process has a minute more, since modules are imported then. None leaves this setting
        as it is; at first it is 60.

    Raises
    ------
    ValueError
        If a setting is not accepted, or the system has no such processes (Windows).

    See Also
    --------
    config_context : The same for a block of code.
    cache_info : What the store holds.

    Notes
    -----
    Under ``decode_workers="process"`` each reading thread hands its cells, one by one, to a
    process of its own. A cell of which the process dies (a decoder that crashes, the system that
    is out of memory), that takes more than `decode_seconds` or needs more than 4 GiB (a limit that
    Linux keeps), becomes a :class:`~mmsk.ReadError` of its row, and a new process takes the next
    one. Results are the same as with threads. Texts, and pictures that the program has opened
    with Pillow itself, are read in this process, and so are single cells given to a reader or
    to a method such as ``frames``. Processes start with the first cell, are kept for later ones
    until they were idle for 30 seconds, and end with this process. Starting one takes seconds.

    It holds off accidents, and one way of attack: what comes back is numbers and text in a plain
    format, never a pickle, so that a decoder that a file has taken over cannot run code here
    by its answer. It is no sandbox: such a decoder has the rights of the user, to files and to
    the network. Against that, run the whole program in a container. Where a worker of joblib
    itself is killed (``GridSearchCV(n_jobs=2)``), joblib ends the search with an error.

    Examples
    --------
    >>> import mmsk
    >>> mmsk.set_config(cache=False)
    >>> mmsk.get_config()["cache"]
    False
    >>> mmsk.set_config(cache=True)
    """
    global _global, _set_in_process
    _global = _changed(
        _global,
        cache=cache,
        cache_dir=cache_dir,
        cache_limit_bytes=cache_limit_bytes,
        progress=progress,
        decode_workers=decode_workers,
        decode_seconds=decode_seconds,
    )
    _set_in_process = os.getpid()


@contextmanager
def config_context(
    *,
    cache: bool | None = None,
    cache_dir: str | os.PathLike | None = None,
    cache_limit_bytes: int | None = None,
    progress: bool | None = None,
    decode_workers: str | None = None,
    decode_seconds: float | None = None,
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
    decode_workers : {"thread", "process"}, default=None
        As in `set_config`.
    decode_seconds : float, default=None
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
    config = _changed(
        current_config(),
        cache=cache,
        cache_dir=cache_dir,
        cache_limit_bytes=cache_limit_bytes,
        progress=progress,
        decode_workers=decode_workers,
        decode_seconds=decode_seconds,
    )
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


def _changed(config: Config, **settings: Any) -> Config:
    changed = {name: value for name, value in settings.items() if value is not None}
    for name, accepted in _CHOICES.items():
        if name in changed:
            check_choice(name, changed[name], accepted)
    if "cache_limit_bytes" in changed:
        check_number("cache_limit_bytes", changed["cache_limit_bytes"], low=0, integer=True)
    if "decode_seconds" in changed:
        check_number("decode_seconds", changed["decode_seconds"], low=0, high=86_400, low_open=True)
    if "cache_dir" in changed:
        changed["cache_dir"] = _absolute(changed["cache_dir"])
    if changed.get("decode_workers") == "process" and os.name != "posix":
        raise ValueError("decode_workers='process' needs Linux or macOS; use 'thread' here.")
    return replace(config, **changed)


def _absolute(folder: Any) -> str:
    if not isinstance(folder, str | os.PathLike):
        raise ValueError(f"cache_dir={folder!r} is not a path.")
    return os.path.abspath(os.path.expanduser(os.fspath(folder)))


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
