"""Imports point forward along the data, and importing stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mmsk

PACKAGE = Path(mmsk.__file__).parent
# A room may import only from itself and from the lines above it.
ORDER = [
    ["exceptions", "_version"],
    ["_optional", "_device", "_validation", "_files", "_replace", "_output"],
    ["_config", "_by_block", "_compact", "_targets"],
    ["_progress"],
    ["samples"],
    ["_decoding"],
    ["_nets"],
    ["_learning"],
    ["extraction"],
    ["text", "image", "audio", "series"],
    ["video"],
    ["encoders"],
    ["compose"],
    ["fusion"],
    ["heads"],
    ["pipelines"],
    ["compression"],
    ["persistence"],
    ["inspection"],
    ["datasets"],
    ["testing"],
]
PLACE = {room: place for place, rooms in enumerate(ORDER) for room in rooms}
HEAVY = ["torch", "torchvision", "librosa", "skimage", "numba", "matplotlib"]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
FOLDERS = sorted({path.parent.name for path in MODULES if path.parent != PACKAGE})


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path):
    """Absolute names of everything that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_every_room_has_its_place():
    assert {room_of(path) for path in MODULES} <= set(PLACE)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_forward(path):
    room = room_of(path)
    for name in imported_modules(path):
        assert not name.startswith("."), f"{name!r}: imports are absolute"
        package, _, rest = name.partition(".")
        if package != "mmsk":
            continue
        assert rest, "a module must import from a room, not from the package root"
        source = rest.partition(".")[0]
        same = source == room
        assert same or PLACE[source] < PLACE[room], f"{room} may not import from {source}"


def run(script):
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def loaded(script):
    script += f"\nimport sys\nprint(*(name for name in {HEAVY} if name in sys.modules))"
    return run(script)


def test_importing_mmsk_loads_next_to_nothing():
    script = "import mmsk, sys\nprint(*(m for m in ('pandas', 'sklearn') if m in sys.modules))\n"
    assert loaded(script) == []


def test_public_names_load_nothing_heavy():
    assert loaded("import mmsk\nfor name in mmsk.__all__: getattr(mmsk, name)") == []


def test_rooms_load_nothing_heavy():
    rooms = [room for room in FOLDERS if room != "_nets"]
    assert (
        loaded(f"import importlib\nfor room in {rooms}: importlib.import_module('mmsk.' + room)")
        == []
    )


def test_each_room_can_be_imported_first():
    """Each room in a process of its own, forked before any of mmsk is imported."""
    script = f"""
import importlib, os, pandas, sklearn.compose, sklearn.svm, sys, traceback
for room in {FOLDERS}:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module("mmsk." + room)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        print(room)
"""
    assert run(script) == []
