import sys
import types
from pathlib import Path

import numpy as np
import pytest
from letter_counts import LetterCounts
from scripts import run
from sklearn.base import clone

from mmsk.audio import MFCC, AudioReader
from mmsk.extraction._fingerprint import NotPlainError, fingerprint
from mmsk.image import CNNEmbedder, HOGEmbedder, ImageReader


def digits(extractor):
    return fingerprint(extractor, 4)[0]


INERT = {
    "device": "cuda",
    "batch_size": 3,
    "n_jobs": 2,
    "on_error": "missing",
    "max_bad_fraction": 0.5,
}


@pytest.mark.parametrize("name", INERT)
def test_what_cannot_change_a_row_does_not_count(name):
    extractor = CNNEmbedder("squeezenet1_0", weights=None)
    assert digits(clone(extractor).set_params(**{name: INERT[name]})) == digits(extractor)


def test_the_root_of_a_reader_does_not_count():
    one, two = HOGEmbedder(reader=ImageReader()), HOGEmbedder(reader=ImageReader(root="/data"))
    assert digits(one) == digits(two)


@pytest.mark.parametrize(
    ("extractor", "parameters"),
    [
        (HOGEmbedder(), {"image_size": 32}),
        (HOGEmbedder(), {"reader": ImageReader(max_pixels=100)}),
        (HOGEmbedder(reader=ImageReader()), {"reader__background": (0, 0, 0)}),
        (MFCC(), {"reader": AudioReader(max_seconds=1)}),
        (MFCC(), {"precision": "float64"}),
        (CNNEmbedder("squeezenet1_0", weights=None), {"precision": "bfloat16"}),
        (CNNEmbedder("squeezenet1_0", weights=None), {"backbone": "squeezenet1_1"}),
        (CNNEmbedder("squeezenet1_0", weights=None), {"random_state": 1}),
        (CNNEmbedder("squeezenet1_0", weights=None), {"augmentation": "flip"}),
    ],
)
def test_what_can_change_a_row_counts(extractor, parameters):
    assert digits(clone(extractor).set_params(**parameters)) != digits(extractor)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (0.5, np.float64(0.5)),
        (3, np.int32(3)),
        ((1, 2), [1, 2]),
        ((1, 2), np.array([1, 2])),
        ("a/b", Path("a/b")),
        (True, np.bool_(True)),
        ({"a": 1, "b": (2,)}, {"b": [2], "a": 1}),
    ],
)
def test_values_that_mean_the_same_are_the_same(one, two):
    assert digits(LetterCounts(factor=one)) == digits(LetterCounts(factor=two))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (1, 1.0),
        (1, True),
        (1, "1"),
        (None, "None"),
        (0.1, np.float32(0.1)),
        ([1], 1),
        ([[1], 2], [1, [2]]),
        (b"a", "a"),
        (0.0, -0.0),
    ],
)
def test_values_that_may_mean_different_things_differ(one, two):
    assert digits(LetterCounts(factor=one)) != digits(LetterCounts(factor=two))


@pytest.mark.parametrize("value", [len, object(), {1, 2}, lambda x: x, {1: 2}, np.array([None])])
def test_a_parameter_that_is_not_plain_has_no_fingerprint(value):
    with pytest.raises(NotPlainError, match=r"factor=.* is no plain value, so its rows cannot be"):
        digits(LetterCounts(factor=value))


def test_the_width_and_the_version_count():
    class Newer(LetterCounts):
        pass

    before = digits(Newer())
    assert fingerprint(Newer(), 5)[0] != before
    Newer.extractor_version = 2
    assert digits(Newer()) != before


SOURCE = """
from byte_counts import ByteCounts
import numpy as np
SCALE = 2
LABELS = {"a": 1}

def helper(values):
    # a comment
    return inner(values) * SCALE + LABELS["a"]

def inner(values):
    return values + 1

def unrelated():
    return 3

class Base(ByteCounts):
    offset = 0

    def _move(self, rows):
        return rows + self.offset

class Mine(Base):
    def _extract(self, samples):
        return np.stack([helper(row) for row in self._move(super()._extract(samples))])
"""
CHANGES = {
    "SCALE = 2": "SCALE = 3",
    '{"a": 1}': '{"a": 2}',
    "values + 1": "values - 1",
    "offset = 0": "offset = 1",
    "rows + self.offset": "rows - self.offset",
    "helper(row) for": "inner(row) for",
    "class Mine(Base)": "class Other(Base): pass\nclass Mine(Other)",
}
NO_CHANGES = {
    "# a comment": "# another comment",
    "return 3": "return 4",
    "def unrelated": "\n\n\ndef unrelated",
}


def load(source, name="__main__"):
    module = {"__name__": name}
    exec(compile(source, "<cell>", "exec"), module)
    return module["Mine"]


@pytest.mark.parametrize("old", CHANGES)
def test_changed_code_counts(old):
    assert SOURCE.count(old) == 1
    assert digits(load(SOURCE)("log")) != digits(load(SOURCE.replace(old, CHANGES[old]))("log"))


@pytest.mark.parametrize("old", NO_CHANGES)
def test_what_a_row_does_not_depend_on_does_not_count(old):
    assert SOURCE.count(old) == 1
    assert digits(load(SOURCE)("log")) == digits(load(SOURCE.replace(old, NO_CHANGES[old]))("log"))


def test_code_counts_as_it_was_loaded(tmp_path, monkeypatch):
    """A file that is edited while a process runs changes nothing in that process."""
    file = tmp_path / "my_extractor.py"
    file.write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        import my_extractor

        before = digits(my_extractor.Mine("log"))
        file.write_text(SOURCE.replace("SCALE = 2", "SCALE = 3"))
        assert digits(my_extractor.Mine("log")) == before
    finally:
        sys.modules.pop("my_extractor", None)


def test_a_helper_that_a_notebook_defines_again_counts():
    module = types.ModuleType("__main__")
    exec(SOURCE, module.__dict__)
    before = digits(module.Mine("log"))
    exec("def inner(values):\n    return values + 5", module.__dict__)
    assert digits(module.Mine("log")) != before


def test_a_container_that_is_filled_in_use_does_not_count():
    seen = []

    class Noting(LetterCounts):
        def _extract(self, samples):
            seen.extend(samples)
            return super()._extract(samples)

    before = digits(Noting())
    Noting().transform(["a", "b"])
    assert seen
    assert digits(Noting()) == before


SCRIPT = """
from mmsk.extraction._fingerprint import fingerprint
from mmsk.audio import MFCC
from mmsk.image import HOGEmbedder

{source}
for extractor in (Mine("log"), HOGEmbedder(), MFCC()):
    print(fingerprint(extractor, 4)[0])
"""


def test_processes_agree(tmp_path):
    """Whatever the seed of hashes, and in a worker that got the class from a script."""
    script = SCRIPT.replace("{source}", SOURCE)
    outs = {run(script, PYTHONHASHSEED=seed)[0] for seed in ("1", "2")}
    assert len(outs) == 1
    mine, hog, mfcc = outs.pop().split()
    assert (hog, mfcc) == (digits(HOGEmbedder()), digits(MFCC()))
    assert mine == digits(load(SOURCE)("log"))
