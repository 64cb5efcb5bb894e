"""How much of the gap between a student alone and a teacher on all modalities distillation closes.

Fashion: 55 kinds of products; the teacher sees photo, title and table, the student the photo. A
few hundred training rows have a label, drawn anew with each split; 1,000 rows test.
UTD-MHAD: 27 actions; the teacher sees inertial sensors, skeleton and depth, the student inertial
sensors. Subjects with even numbers test; of the four others two have labels, six choices.

Student, teacher, temperature and mixing weight are chosen by cross-validation among labelled
training rows. "+ rows without label" gives the rest of the training rows to the student too, named
by the teacher; "its own teacher" names them by the student alone, at the same temperature; "all
labels" is the student that knows the labels of all training rows, the most that names can give.

    python benchmarks/distillation.py [fashion-300] [fashion-1000] [movements]
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from fusion_sets import mobilenet
from motion import DepthMotionMaps, InertialStatistics, SkeletonStatistics
from real_sets import load_fashion, load_movements
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mmsk import ConcatFusion, DistilledClassifier, ModalityTransformer, TfidfEmbedder

N_SPLITS = 5
SEARCHED = {"head__C": [1.0, 10.0]}
TEMPERATURES = {"temperature": [0.25, 0.5]}
WITH_LABELS_ONLY = {"temperature": [0.5, 1.0], "mixing_weight": [0.1, 0.5]}


@dataclass
class Split:
    """Training rows, of which some are labelled, test rows, and what sees how much of them."""

    train: pd.DataFrame
    y_train: np.ndarray
    labelled: np.ndarray
    folds: list[tuple[np.ndarray, np.ndarray]]  # of the labelled rows, by their number among these
    test: pd.DataFrame
    y_test: np.ndarray
    teacher: Pipeline
    student: Pipeline


def pipeline(parts: list[tuple[str, Any, Any]], scale: str) -> Pipeline:
    steps = [("features", ModalityTransformer(parts)), ("fusion", ConcatFusion(scale))]
    return Pipeline([*steps, ("head", LogisticRegression(max_iter=100))])


def columns_of(name: str, features: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(features).add_prefix(f"{name}_")


def reduced(train: pd.DataFrame, test: pd.DataFrame, name: str, width: int) -> list[pd.DataFrame]:
    """Principal components of the features of a modality, learned in all training rows."""
    columns = [column for column in train if str(column).startswith(f"{name}_")]
    components = make_pipeline(StandardScaler(), PCA(width, random_state=0)).fit(train[columns])
    return [columns_of(name, components.transform(part[columns])) for part in (train, test)]


def all_reduced(
    train: pd.DataFrame, test: pd.DataFrame, widths: dict[str, int]
) -> tuple[list[pd.DataFrame], dict[str, list[str]]]:
    """Return both tables with features reduced, and the columns of each modality."""
    parts = {name: reduced(train, test, name, width) for name, width in widths.items()}
    kept = [column for column in train if str(column).rpartition("_")[0] not in widths]
    tables = [
        pd.concat(
            [table[kept].reset_index(drop=True), *(part[side] for part in parts.values())], axis=1
        )
        for side, table in enumerate([train, test])
    ]
    return tables, {name: list(part[0].columns) for name, part in parts.items()}


@cache
def fashion_table() -> tuple[pd.DataFrame, np.ndarray]:
    table = load_fashion()
    photo = columns_of("photo", mobilenet().fit_transform(table["photo"]))
    kept = table[["title", "gender", "baseColour", "usage"]]
    return pd.concat([kept, photo], axis=1), table["articleType"].to_numpy(str)


def fashion(n_labels: int) -> Iterator[Split]:
    table, y = fashion_table()
    for seed in range(N_SPLITS):
        split = {"stratify": y, "test_size": 1000, "random_state": seed}
        train, test, y_train, y_test = train_test_split(table, y, **split)
        labelled, _ = train_test_split(
            np.arange(len(y_train)), train_size=n_labels, stratify=y_train, random_state=seed
        )
        (train, test), columns = all_reduced(train, test, {"photo": 64})
        photo = ("photo", "passthrough", columns["photo"])
        kinds = OneHotEncoder(handle_unknown="ignore", dtype=np.float32)
        words = TfidfEmbedder(ngram_range=(1, 2), sublinear_tf=True)
        parts = [
            photo,
            ("title", words, "title"),
            ("table", kinds, ["gender", "baseColour", "usage"]),
        ]
        folds = StratifiedKFold(2, shuffle=True, random_state=seed)
        folds = list(folds.split(labelled, y_train[labelled]))
        models = pipeline(parts, "standard"), pipeline([photo], "standard")
        yield Split(train, y_train, labelled, folds, test, y_test, *models)


@cache
def movement_table() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    table, actions, subjects = load_movements()
    extractors = [InertialStatistics(), SkeletonStatistics(), DepthMotionMaps()]
    names = ["inertial", "skeleton", "depth"]
    parts = [
        columns_of(name, extractor.fit_transform(table[name]))
        for name, extractor in zip(names, extractors, strict=True)
    ]
    return pd.concat(parts, axis=1), actions, subjects


def movements() -> Iterator[Split]:
    table, actions, subjects = movement_table()
    is_train = subjects % 2 == 1
    widths = {"inertial": 60, "skeleton": 60, "depth": 60}
    (train, test), columns = all_reduced(table[is_train], table[~is_train], widths)
    parts = [(name, "passthrough", columns[name]) for name in widths]
    models = pipeline(parts, "block"), pipeline(parts[:1], "block")
    y_train, y_test = actions[is_train], actions[~is_train]
    for chosen in combinations([1, 3, 5, 7], 2):
        labelled = np.flatnonzero(np.isin(subjects[is_train], chosen))
        is_first = subjects[is_train][labelled] == chosen[0]
        folds = [np.flatnonzero(is_first), np.flatnonzero(~is_first)]
        yield Split(train, y_train, labelled, [(*folds,), (*folds[::-1],)], test, y_test, *models)


SETS = {
    "fashion-300": lambda: fashion(300),
    "fashion-1000": lambda: fashion(1000),
    "movements": movements,
}


def chosen(model: Any, grid: dict[str, list[Any]], X: Any, y: Any, folds: Any) -> Any:
    """Fit a model with the parameters that do best in cross-validation."""
    return GridSearchCV(model, grid, cv=folds, error_score="raise").fit(X, y).best_estimator_


def accuracies(split: Split) -> dict[str, float]:
    """Accuracy of each way to train on the test rows."""
    few, y_few = split.train.iloc[split.labelled], split.y_train[split.labelled]
    teacher = chosen(split.teacher, SEARCHED, few, y_few, split.folds)
    student = chosen(split.student, SEARCHED, few, y_few, split.folds)
    models = {"student alone": student, "teacher": teacher}
    distilled = DistilledClassifier(clone(teacher), clone(student), cv=3)
    models["distilled, labelled rows"] = chosen(
        distilled, WITH_LABELS_ONLY, few, y_few, split.folds
    )
    others = np.setdiff1d(np.arange(len(split.y_train)), split.labelled)
    folds = [
        (np.concatenate([split.labelled[train], others]), split.labelled[test])
        for train, test in split.folds
    ]
    gappy = split.y_train.astype(object)
    gappy[others] = None
    models["distilled, + rows without label"] = chosen(
        distilled, TEMPERATURES, split.train, gappy, folds
    )
    own = clone(models["distilled, + rows without label"]).set_params(teacher=clone(student))
    models["its own teacher, + rows without label"] = own.fit(split.train, gappy)
    models["student, all labels"] = clone(student).fit(split.train, split.y_train)
    scores = {name: model.score(split.test, split.y_test) for name, model in models.items()}
    print(scores, file=sys.stderr, flush=True)
    return scores


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", "The least populated class")
    warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
    for name in names or SETS:
        scores = pd.DataFrame([accuracies(split) for split in SETS[name]()])
        gap = scores["teacher"] - scores["student alone"]
        print(f"\n{name}, {len(scores)} splits\n\n| | accuracy, % | share of the gap, % |")
        print("|---|---|---|")
        for model in scores:
            share = (scores[model] - scores["student alone"]) / gap
            columns = [
                f"{100 * of.mean():.1f} ± {100 * of.std():.1f}" for of in (scores[model], share)
            ]
            print(f"| {model} | {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
