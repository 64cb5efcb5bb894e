"""What may stand in a node of a skops schema, so that making it does no more than hold it.

skops looks at types only. NumPy and Python do more with what is in them: ``np.array`` of an object
with ``__array_interface__`` reads memory at any address, ``frozenset(range(10**10))`` fills it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LONGEST_RANGE = 10**6
PLAIN = ("JsonNode", "NdArrayNode")


def why_not(node: dict[str, Any], name: str) -> str | None:
    """Say why a node is not made; None for one that may be.

    Parameters
    ----------
    node : dict
        The node.
    name : str
        Full name of its type.
    """
    rule = _RULES.get(node["__loader__"])
    return None if rule is None else rule(node, name)


def _dict(node: dict[str, Any], name: str) -> str | None:
    kinds = node.get("key_types")
    if not _is(kinds, "ListNode") or not _all(kinds, "TypeNode"):
        return "it would call something to get the keys of a dict."
    return None if name == "builtins.dict" else _hook_in(node)


def _object(node: dict[str, Any], name: str) -> str | None:
    return _hook_in(node.get("content"))


def _hook_in(state: Any) -> str | None:
    """Name an attribute by which Python or NumPy would ask an object what to do with it."""
    attributes = state.get("content") if isinstance(state, dict) else None
    for name in attributes if isinstance(attributes, dict) else ():
        if name.startswith("__"):
            return f"it has {name!r} as a value, in the place of an object's own code."
    return None


def _array(node: dict[str, Any], name: str) -> str | None:
    if name == "numpy.void":
        return "mmsk never writes a 'numpy.void', which takes the memory that it asks for."
    if node.get("type") != "json":
        return None
    shape = node.get("shape")
    if not _is(shape, "TupleNode"):
        return "an array of objects has no shape."
    if len(shape["content"]) != 1 and not all(_is(leaf, *PLAIN) for leaf in _leaves(node)):
        return "a table of objects in it holds more than text and numbers."
    return None


def _masked(node: dict[str, Any], name: str) -> str | None:
    content = node.get("content")
    parts = (content.get("data"), content.get("mask")) if isinstance(content, dict) else (None,)
    return None if all(_is(part, *PLAIN) for part in parts) else "a masked array is of no array."


def _call(node: dict[str, Any], name: str) -> str | None:
    arguments = node.get("content")
    if not _is(arguments, "TupleNode"):
        return f"what {name!r} is made of is no tuple."
    if name == "builtins.frozenset" and not _all(arguments, "ListNode"):
        return "a frozenset in it is made of no list."
    if name == "builtins.range" and not _is_short(arguments):
        return f"a range in it is none, or has over {LONGEST_RANGE:,} numbers."
    return None


def _reduced(node: dict[str, Any], name: str) -> str | None:
    reduced = node.get("__reduce__")
    is_tuple = isinstance(reduced, dict) and _is(reduced.get("args"), "TupleNode")
    return None if is_tuple else f"what {name!r} is made of is no tuple."


def _is(node: Any, *loaders: str) -> bool:
    """Tell whether this is a node of one of these loaders; those of many parts have a list."""
    if not isinstance(node, dict) or node.get("__loader__") not in loaders:
        return False
    return node["__loader__"] not in ("ListNode", "TupleNode") or isinstance(
        node.get("content"), list
    )


def _all(node: dict[str, Any], loader: str) -> bool:
    return all(_is(part, loader) for part in node["content"])


def _leaves(node: dict[str, Any]) -> Iterator[Any]:
    waiting = [node.get("content")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif _is(value, "ListNode"):
            waiting.extend(value["content"])
        else:
            yield value


def _is_short(arguments: dict[str, Any]) -> bool:
    try:
        numbers = range(*(json.loads(part["content"]) for part in arguments["content"]))
        return _all(arguments, "JsonNode") and len(numbers) <= LONGEST_RANGE
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError):
        return False


_RULES = {
    "ConstructorFromReduceNode": _call,
    "DictNode": _dict,
    "LossNode": _reduced,
    "MaskedArrayNode": _masked,
    "NdArrayNode": _array,
    "ObjectNode": _object,
    "TreeNode": _reduced,
}
