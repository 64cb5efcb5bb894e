"""What the docstrings say is what the code does."""

import ast
import inspect
import warnings
from pathlib import Path

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc
from public_objects import public_objects

import mmsk

OBJECTS = public_objects()
CLASSES = {name: value for name, value in OBJECTS.items() if inspect.isclass(value)}
METHODS = {
    f"{value.__module__}.{value.__qualname__}": value
    for owner in CLASSES.values()
    for method, value in inspect.getmembers(owner, callable)
    if not method.startswith("_") and str(getattr(value, "__module__", "")).startswith("mmsk.")
}
WITHOUT_EXAMPLES = {
    "mmsk.BadCellWarning": "warned, not made by users",
    "mmsk.MissingDependencyError": "raised, not made by users",
    "mmsk.ReadError": "raised, not made by users",
    "mmsk.extraction.BaseExtractor": "abstract; CONTRIBUTING.md shows how to write a leaf",
    "mmsk.extraction.CellExtractor": "abstract; CONTRIBUTING.md shows how to write a leaf",
    "mmsk.samples.AudioClip": "made by AudioReader, whose example shows it",
    "mmsk.samples.Image": "made by ImageReader, whose example shows it",
    "mmsk.datasets.fetch_flower_photos": "reaches the network",
    "mmsk.datasets.fetch_free_spoken_digits": "reaches the network",
}
FORBIDDEN = ["/work", "shared/", "FIXME", "XXX"]


def parsed(value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ClassDoc(value) if inspect.isclass(value) else FunctionDoc(value)


def documented_parameters(value):
    """Return name and type of each documented parameter, one by one."""
    return [
        (name.strip(), parameter.type)
        for parameter in parsed(value)["Parameters"]
        for name in parameter.name.split(",")
    ]


def signature_parameters(value):
    parameters = inspect.signature(value).parameters.values()
    stars = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.VAR_POSITIONAL: "*"}
    return {
        stars.get(parameter.kind, "") + parameter.name: parameter.default
        for parameter in parameters
        if parameter.name != "self"
    }


@pytest.mark.parametrize("name", [*OBJECTS, *METHODS])
def test_parameters_are_those_of_the_signature(name):
    value = (OBJECTS | METHODS)[name]
    if inspect.isclass(value) and issubclass(value, Warning | ImportError):
        pytest.skip("takes a message, as every exception")
    documented = documented_parameters(value)
    expected = signature_parameters(value)
    assert [parameter for parameter, _ in documented] == list(expected)
    for parameter, kind in documented:
        default = expected[parameter]
        if default is inspect.Parameter.empty or kind == "ignored":
            assert "default=" not in kind
            continue
        assert "default=" in kind, f"{parameter}: {kind!r} does not name the default {default!r}"
        assert literal(kind.partition("default=")[2]) in (default, NO_LITERAL), parameter


NO_LITERAL = object()


def literal(text):
    try:
        return ast.literal_eval(text.replace("\\", "").strip())
    except (ValueError, SyntaxError):
        return NO_LITERAL


@pytest.mark.parametrize("name", OBJECTS)
def test_there_is_an_example(name):
    examples = parsed(OBJECTS[name])["Examples"]
    if name in WITHOUT_EXAMPLES:
        assert not examples, f"{name} has an example: take it off the list"
    else:
        assert any(line.lstrip().startswith(">>>") for line in examples)


def test_exceptions_from_the_rule_exist():
    assert set(WITHOUT_EXAMPLES) <= set(OBJECTS)


@pytest.mark.parametrize("name", METHODS)
def test_methods_say_what_they_return_and_sum_up(name):
    value = METHODS[name]
    doc = parsed(value)
    assert doc["Summary"], f"{name} has no summary"
    returned = inspect.signature(value).return_annotation
    if returned not in (None, "None", inspect.Signature.empty):
        assert doc["Returns"] or doc["Yields"] or not doc["Parameters"], name


def test_source_names_no_workplace():
    package = Path(mmsk.__file__).parent
    for path in package.rglob("*.py*"):
        if path.suffix in (".py", ".pyi"):
            text = path.read_text(encoding="utf-8")
            for word in FORBIDDEN:
                assert word not in text, f"{path.relative_to(package)} holds {word!r}"
