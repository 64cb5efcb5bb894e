"""What skops writes of a model, looked through before it is read.

::

    {"__class__": "SVC", "__module__": "sklearn.svm._classes", "__loader__": "ObjectNode",
     "__id__": 2, "content": {"__class__": "dict", "__loader__": "DictNode", "content": {...}}}

Every such node is made by its loader. The loaders of skops check the type of each, but a trusted
type is trusted by all of them: one that calls what is trusted would call it with what the file
says. So each type that mmsk adds is bound to one loader here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mmsk.exceptions import ModelFileError
from mmsk.extraction._base import SENT
from mmsk.persistence._contents import why_not
from mmsk.persistence._trust import is_class, trusted_by_us

OLDEST_PROTOCOL = 2  # that of skops 0.16; older ones bring older loaders with them
LOADERS = {
    "BytearrayNode",
    "BytesNode",
    "ConstructorFromReduceNode",
    "DTypeNode",
    "DefaultDictNode",
    "DictNode",
    "FunctionNode",
    "JsonNode",
    "ListNode",
    "LossNode",
    "MaskedArrayNode",
    "NdArrayNode",
    "ObjectNode",
    "PartialNode",
    "RandomStateNode",
    "SetNode",
    "SliceNode",
    "SparseMatrixNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
}
# These make a value of what they name, or refer to it. The others call it.
NOT_CALLING = {"FunctionNode", "ObjectNode", "TypeNode"}
MEMBER_OF = {"NdArrayNode": "npy", "SparseMatrixNode": "npz", "BytesNode": "bin"}
MEMBER_OF |= {"BytearrayNode": "bin"}
LARGEST_NUMBER = 10**9  # of an object; larger ones can all have the same hash
_MEMBER = re.compile(r"\d{1,9}\.(npy|npz|bin)")


class Schema:
    """A schema that has been looked through.

    Parameters
    ----------
    schema : object
        As it was read.
    trusted : frozenset of str
        Full names that the user trusts.
    refused : callable
        Makes the error that is raised of its reason.

    Attributes
    ----------
    types : set of str
        Full names of all types and functions that it names.
    members : set of str
        Members of the file that it names.
    """

    def __init__(
        self, schema: Any, trusted: frozenset[str], refused: Callable[[str], ModelFileError]
    ) -> None:
        self.types: set[str] = set()
        self.members: set[str] = set()
        self._trusted = trusted
        self._refused = refused
        if not isinstance(schema, dict) or not isinstance(schema.get("protocol"), int):
            raise refused("its schema.json is not one of skops.")
        if schema["protocol"] < OLDEST_PROTOCOL:
            raise refused(f"protocol {schema['protocol']} of skops was never written by mmsk.")
        for node in self._nodes(schema):
            self._check(node)

    @property
    def added(self) -> list[str]:
        """Types beyond those that skops trusts which are trusted here."""
        return sorted(self.types & (trusted_by_us().keys() | self._trusted))

    def _nodes(self, schema: Any) -> Iterator[dict[str, Any]]:
        """Yield each node once; one that comes again must be the same again.

        skops takes the first one in its place: it would not be what stands there.
        """
        first: dict[int, Any] = {}
        waiting: list[Any] = [schema]
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, dict):
                number = value.get("__id__")
                if isinstance(value.get("__loader__"), str):
                    if not _is_number(number):
                        raise self._refused(f"the number of an object is {number!r}.")
                    if number in first:
                        if first[number] != value:
                            raise self._refused(f"two different objects have the number {number}.")
                        continue
                    if number is not None:
                        first[number] = value
                    yield value
                waiting.extend(value.values())

    def _check(self, node: dict[str, Any]) -> None:
        loader, kind, module = node["__loader__"], node.get("__class__"), node.get("__module__")
        if loader not in LOADERS and not (loader == "MethodNode" and self._trusted):
            raise self._refused(f"mmsk never writes what skops reads by {loader!r}.")
        if not isinstance(kind, str) or not isinstance(module, str):
            raise self._refused(f"a {loader} has no class.")
        if loader == "JsonNode":
            return
        self._check_type(f"{module}.{kind}", loader)
        self._check_content(node, loader, f"{module}.{kind}")

    def _check_type(self, name: str, loader: str) -> None:
        self.types.add(name)
        if name in self._trusted:
            if loader not in NOT_CALLING and not is_class(name):
                raise self._refused(f"it would call {name!r}, which is trusted as a value only.")
        elif loader not in trusted_by_us().get(name, {loader}):
            raise self._refused(f"mmsk never writes {name!r} as a {loader}.")

    def _check_content(self, node: dict[str, Any], loader: str, name: str) -> None:
        content = node.get("content")
        if loader == "DictNode" and (not isinstance(content, dict) or SENT in content):
            raise self._refused("it would change the settings of this process.")
        if loader == "ObjectNode" and not _is_state(content) and name not in self._trusted:
            raise self._refused(f"the state of {name!r} is no dict.")
        reason = why_not(node, name)
        if reason is not None:
            raise self._refused(reason)
        if loader in MEMBER_OF and node.get("type") != "json":
            self._check_member(node.get("file"), MEMBER_OF[loader])

    def _check_member(self, name: Any, suffix: str) -> None:
        match = _MEMBER.fullmatch(name) if isinstance(name, str) else None
        if match is None or match[1] != suffix:
            raise self._refused(f"it names {name!r} as a member that ends in .{suffix}.")
        self.members.add(name)


def _is_number(number: Any) -> bool:
    return number is None or (type(number) is int and 0 < number < LARGEST_NUMBER)


def _is_state(content: Any) -> bool:
    if not isinstance(content, dict):
        return content is None
    if content.get("__loader__") == "JsonNode":
        return content.get("content") == "null"
    return (content.get("__loader__"), content.get("__class__")) == ("DictNode", "dict")
