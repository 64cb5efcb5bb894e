"""Every public class and function, by its full name."""

import importlib
import inspect
import pkgutil

import mmsk

MODULES = sorted(
    module.name for module in pkgutil.iter_modules(mmsk.__path__) if not module.name.startswith("_")
)


def public_objects():
    """Return the public classes and functions of the package and of each room."""
    found = {f"mmsk.{name}": getattr(mmsk, name) for name in mmsk.__all__}
    for place in MODULES:
        module = importlib.import_module(f"mmsk.{place}")
        names = getattr(module, "__all__", None) or [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
        ]
        found |= {f"mmsk.{place}.{name}": getattr(module, name) for name in names}
    unique = {id(value): name for name, value in reversed(found.items())}
    return {name: found[name] for name in sorted(unique.values()) if callable(found[name])}


def public_estimators():
    """Return the public estimator classes that can be made, by name."""
    return {
        value.__name__: value
        for value in public_objects().values()
        if inspect.isclass(value) and hasattr(value, "get_params") and not inspect.isabstract(value)
    }
