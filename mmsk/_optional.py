"""One helper that imports optional packages and explains what is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from mmsk.exceptions import MissingDependencyError


def import_optional(module: str, *, needed_for: str, extra: str) -> ModuleType:
    """Import an optional package, or say who needs it and how to install it.

    Parameters
    ----------
    module : str
        Name of the module to import.
    needed_for : str
        What the user asked for, as it should stand in the message.
    extra : str
        Name of the mmsk extra that installs the package.

    Returns
    -------
    module : module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingDependencyError(
            f"{needed_for} needs the package {package!r}, which could not be imported ({error}). "
            f"Install it with: pip install 'mmsk[{extra}]'",
            name=package,
        ) from error
