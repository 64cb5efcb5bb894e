"""What skops writes of a model, put in order for a file."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha256
from typing import Any


def in_order(dumped: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Renumber the objects and members of a skops file, so that equal models give equal files.

    Parameters
    ----------
    dumped : bytes
        What ``skops.io.dumps`` gives. It numbers by addresses in memory, and at random.

    Returns
    -------
    schema : dict
        Objects are numbered in order; one that comes again is repeated to the letter.
    members : dict of str to bytes
        Arrays and bytes; equal ones come once. Nothing in them is compressed.
    """
    with zipfile.ZipFile(io.BytesIO(dumped)) as archive:
        return _Ordering(archive).order()


class _Ordering:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._nodes: dict[int, dict[str, Any]] = {}
        self._names: dict[str, str] = {}  # by digest and suffix
        self.members: dict[str, bytes] = {}

    def order(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        schema = self._ordered(json.loads(self._archive.read("schema.json")))
        return schema, self.members

    def _ordered(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._ordered(part) for part in value]
        if not isinstance(value, dict):
            return value
        number = value.get("__id__")
        if isinstance(number, int) and number in self._nodes:
            return self._nodes[number]
        ordered: dict[str, Any] = {}
        if isinstance(number, int):
            self._nodes[number] = ordered
            ordered["__id__"] = len(self._nodes)
        if value.get("__loader__") == "SetNode":
            value = {**value, "content": sorted(value["content"], key=_as_text)}
        for key, part in value.items():
            if key == "file" and isinstance(part, str):
                ordered[key] = self._keep(part)
            elif key not in ordered:
                ordered[key] = self._ordered(part)
        return ordered

    def _keep(self, name: str) -> str:
        content = self._archive.read(name)
        suffix = name.rpartition(".")[2]
        if suffix == "npz":
            content = _not_compressed(content)
        same = f"{sha256(content).hexdigest()}.{suffix}"
        if same not in self._names:
            self._names[same] = f"{len(self._names)}.{suffix}"
            self.members[self._names[same]] = content
        return self._names[same]


def _as_text(node: dict[str, Any]) -> str:
    """Order members of a set by their content, which has another order in every process."""
    return json.dumps({key: part for key, part in node.items() if key != "__id__"})


def _not_compressed(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    return file.getvalue()
