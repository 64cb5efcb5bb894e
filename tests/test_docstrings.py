"""What the docstrings say is what the code does."""

import ast
import inspect
import warnings
from pathlib import Path

import pytest
from contract_table import COLUMNS, EXTRACTORS, FUSIONS, HEADS
from numpydoc.docscrape import ClassDoc, FunctionDoc
from public_objects import public_objects
from sklearn.base import clone
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils import get_tags

import mmsk
from mmsk.compose import ModalityDropout, ModalityTransformer, PerBlock
from mmsk.heads import SVMClassifier
from mmsk.testing._example_blocks import as_frame, example_blocks, example_target

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
    "mmsk.CacheWarning": "warned, not made by users",
    "mmsk.MissingDependencyError": "raised, not made by users",
    "mmsk.ModelFileError": "raised, not made by users",
    "mmsk.ModelFileWarning": "warned, not made by users",
    "mmsk.ReadError": "raised, not made by users",
    "mmsk.extraction.BaseExtractor": "abstract; CONTRIBUTING.md shows how to write a leaf",
    "mmsk.extraction.CellExtractor": "abstract; CONTRIBUTING.md shows how to write a leaf",
    "mmsk.samples.AudioClip": "made by AudioReader, whose example shows it",
    "mmsk.samples.Image": "made by ImageReader, whose example shows it",
    "mmsk.samples.Series": "made by SeriesReader, whose example shows it",
}
FORBIDDEN = ["FIXME", "TODO", "XXX"]


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


# A small method may say all in one line.
LONG_METHODS = {name: value for name, value in METHODS.items() if "\n\n" in inspect.getdoc(value)}


@pytest.mark.parametrize("name", [*OBJECTS, *LONG_METHODS])
def test_parameters_are_those_of_the_signature(name):
    value = (OBJECTS | METHODS)[name]
    is_error = inspect.isclass(value) and issubclass(value, BaseException)
    if is_error and "__init__" not in vars(value):
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
        return ast.literal_eval(text.strip())
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


def fitted_estimators():
    """Fitted instances of each estimator, on data without and with names of features."""
    y = example_target()
    for entry in EXTRACTORS.values():
        yield clone(entry.estimator).fit(entry.cells, entry.y)
    transformers = [entry.estimator for entry in FUSIONS.values()]
    heads = [entry.estimator for entry in HEADS.values()]
    for estimator in [*transformers, PerBlock(MaxAbsScaler()), ModalityDropout()]:
        blocks = example_blocks(with_text=get_tags(estimator).input_tags.sparse)
        yield clone(estimator).fit(blocks, y)
        yield clone(estimator).fit(as_frame(example_blocks()), y)
    for estimator in [*heads, SVMClassifier(probability=True), ModalityTransformer(COLUMNS)]:
        yield clone(estimator).fit(as_frame(example_blocks()), y)


def learned(estimator):
    return {name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")}


def test_fitted_attributes_are_documented_and_exist():
    found, existing = {}, {}
    for estimator in fitted_estimators():
        kind = type(estimator)
        found[kind] = found.get(kind, set()) | learned(estimator)
        names = {name for name in documented_attributes(kind) if hasattr(estimator, name)}
        existing[kind] = existing.get(kind, set()) | names
    for kind, names in found.items():
        documented = documented_attributes(kind)
        inherited = {
            name
            for parent in kind.__mro__
            if parent.__module__.startswith("sklearn.")
            for name in documented_attributes(parent)
        }
        assert names <= documented | inherited, f"{kind.__name__} documents not all of {names}"
        assert documented == existing[kind], f"{kind.__name__} has not all of {documented}"


def documented_attributes(kind):
    return {attribute.name for attribute in ClassDoc(kind)["Attributes"]}


def test_source_has_no_loose_ends():
    package = Path(mmsk.__file__).parent
    for path in package.rglob("*.py*"):
        if path.suffix in (".py", ".pyi"):
            text = path.read_text(encoding="utf-8")
            for word in FORBIDDEN:
                assert word not in text, f"{path.relative_to(package)} holds {word!r}"
