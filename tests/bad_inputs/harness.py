"""What a bad cell is made of, and the column, table and search that it is put into."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from mmsk import ConcatFusion, ModalityTransformer

N_ROWS = 100
BAD_ROW = 7


@dataclass(frozen=True)
class Subject:
    """An extractor, and cells that it reads.

    Attributes
    ----------
    name : str
        Names the subject in the docs table and in what is remembered of clean runs.
    extractor : callable
        Makes the extractor from `on_error`, `n_jobs` and the parameters of a case.
    good : callable
        Returns a few cells that stand again and again around the bad one. They are no paths, so
        that a case may confine paths to a folder of its own.
    """

    name: str
    extractor: Callable[..., Any]
    good: Callable[[], list[Any]]


@dataclass(frozen=True)
class Case:
    """One bad cell and what becomes of it.

    Attributes
    ----------
    number : int
        Its number among the 66.
    title : str
        What the cell is, for the docs table; unique among the cases of a number.
    subject : Subject
        What reads it.
    make : callable
        Makes the cell, in an empty folder.
    outcome : {"raises", "accepted", "missing"}
        Whether it is a ReadError, gives a row, or is a missing cell under either policy.
    message : str
        Pattern that the reason of the ReadError fits from its start.
    stage : {"check", "decode", "extract"}
        Of the ReadError.
    cause : type
        Of the foreign error behind it; None where there is none.
    same_as : callable
        Makes a cell, in the same folder, that gives the very same features.
    parameters : dict or callable
        Of the extractor; a callable makes them from the folder.
    warns : str
        Pattern of the warning that an accepted cell gives.
    bomb : bool
        Whether reading it must keep within 200 MB.
    note : str
        What an accepted cell becomes, for the docs table.
    """

    number: int
    title: str
    subject: Subject
    make: Callable[[Path], Any]
    outcome: Literal["raises", "accepted", "missing"] = "raises"
    message: str = ""
    stage: str = "check"
    cause: type[BaseException] | None = None
    same_as: Callable[[Path], Any] | None = None
    parameters: dict[str, Any] | Callable[[Path], dict[str, Any]] = field(default_factory=dict)
    warns: str | None = None
    bomb: bool = False
    note: str = ""

    def __post_init__(self):
        if (self.outcome == "raises") != bool(self.message):
            raise ValueError(f"case {self.number}, {self.title}: message= goes with raises")

    @property
    def id(self) -> str:
        """The name of the case in test ids, such as ``3-file-of-zero-bytes``."""
        return f"{self.number}-{re.sub('[^a-z0-9]+', '-', self.title.lower()).strip('-')}"

    def extractor(self, folder: Path, on_error: str = "raise", n_jobs: int = 1) -> Any:
        """Make the extractor that reads the cell."""
        parameters = self.parameters(folder) if callable(self.parameters) else self.parameters
        return self.subject.extractor(on_error=on_error, n_jobs=n_jobs, **parameters)


@dataclass(frozen=True)
class Elsewhere:
    """A number of which the whole point is no single cell, and the tests that show it.

    Attributes
    ----------
    number : int
        Its number among the 66.
    title : str
        What is given.
    outcome : str
        What becomes of it, for the docs table.
    tests : tuple of str
        Where that is tested, as ``"tests/text/test_tfidf.py::test_name"``.
    """

    number: int
    title: str
    outcome: str
    tests: tuple[str, ...]


def file(name: str, content: bytes) -> Callable[[Path], str]:
    """Return what makes the path of a file with this content, for `make` and `same_as`."""

    def make(folder):
        path = folder / name
        path.write_bytes(content)
        return str(path)

    return make


def given(cell: Any) -> Callable[[Path], Any]:
    """Return what makes this very cell."""
    return lambda folder: cell


def each(cases: list[Case]) -> Any:
    """Parametrize a test by cases."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def column_around(subject: Subject, cell: Any) -> pd.Series:
    """Return a column of 100 cells of which row 7 is `cell` and the others are good."""
    good = subject.good()
    cells = np.empty(N_ROWS, dtype=object)
    for row in range(N_ROWS):
        cells[row] = cell if row == BAD_ROW else good[row % len(good)]
    labels = [f"r{row}" for row in range(N_ROWS)]
    return pd.Series(cells, index=labels, name="cell", dtype=object)


def search(extractor: Any, column: pd.Series, n_jobs: int | None = None) -> dict[str, Any]:
    """Fit a small search over a pipeline whose other modality is a number; return its results."""
    numbers = np.arange(N_ROWS)
    table = pd.DataFrame({"cell": column, "size": numbers % 5}, index=column.index)
    features = ModalityTransformer(
        [("cell", extractor, "cell"), ("size", StandardScaler(), ["size"])]
    )
    head = RidgeClassifier(solver="lsqr")
    model = Pipeline([("features", features), ("fusion", ConcatFusion()), ("head", head)])
    search = GridSearchCV(
        model,
        {"head__alpha": [1.0]},
        cv=[(numbers[:50], numbers[:20])],  # both parts hold the bad row
        error_score="raise",
        n_jobs=n_jobs,
        refit=False,
    )
    return search.fit(table, numbers % 2).cv_results_


def as_array(features: Any) -> np.ndarray:
    """Return the features as an array; an empty row of a sparse block is a missing one."""
    return features.toarray() if hasattr(features, "toarray") else np.asarray(features)
