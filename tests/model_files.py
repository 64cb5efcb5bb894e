"""Model files changed by hand, as somebody would who means harm or whose disk is full."""

import json
import zipfile
from hashlib import sha256

MANIFEST, SCHEMA = "manifest.json", "schema.json"


def read_members(path):
    """Return the members of a model file."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path, members):
    """Write a zip file of members: a mapping, or pairs where a name comes twice."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return path


def rewrite(path, schema=None, manifest=None, members=None):
    """Change a model file so that all digests are right again.

    `schema` and `manifest` are functions that change what they are given; `members` are put in.
    """
    found = read_members(path) | (members or {})
    listed = json.loads(found.pop(MANIFEST))
    if schema is not None:
        parsed = json.loads(found[SCHEMA])
        schema(parsed)
        found[SCHEMA] = json.dumps(parsed).encode()
    listed["members"] = {
        name: {"bytes": len(content), "sha256": sha256(content).hexdigest()}
        for name, content in found.items()
    }
    if manifest is not None:
        manifest(listed)
    return write_members(path, found | {MANIFEST: json.dumps(listed).encode()})


def nodes(value, loader=None, kind=None):
    """Yield the nodes of a schema, of one loader and class."""
    if isinstance(value, list):
        for part in value:
            yield from nodes(part, loader, kind)
    elif isinstance(value, dict):
        is_node = isinstance(value.get("__loader__"), str)
        if is_node and loader in (None, value["__loader__"]) and kind in (None, value["__class__"]):
            yield value
        for part in list(value.values()):
            yield from nodes(part, loader, kind)


def node(loader, name, **more):
    """Return a node as skops writes them."""
    module, _, kind = name.rpartition(".")
    return {"__class__": kind, "__module__": module, "__loader__": loader, **more}


def text(value):
    """Return the node of a plain value."""
    return node("JsonNode", "builtins.str", content=json.dumps(value), is_json=True)


def mapping(**parts):
    """Return the node of a dict with text as keys."""
    kinds = [node("TypeNode", "builtins.str") for _ in parts]
    keys = node("ListNode", "builtins.list", content=kinds)
    return node("DictNode", "builtins.dict", content=parts, key_types=keys)


def sequence(*parts):
    """Return the node of a list."""
    return node("ListNode", "builtins.list", content=list(parts))


def set_attribute(schema, name, value):
    """Give the model of a schema an attribute."""
    state = schema["content"]
    state["content"][name] = value
    state["key_types"]["content"].append(node("TypeNode", "builtins.str"))
