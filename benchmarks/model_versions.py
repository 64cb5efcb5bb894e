"""Model files between two environments: other versions of scikit-learn, NumPy, SciPy, pandas.

A second environment is made in a temporary folder. It has the packages that are named, and finds
all others, mmsk also, where this one has them. Models are fitted and saved in each of the two, and
loaded in the other, where they predict for the same rows.

    python benchmarks/model_versions.py scikit-learn==1.9.0 numpy==2.3.5 scipy==1.16.3 pandas==3.0.6
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
import warnings
from pathlib import Path
from sysconfig import get_path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import mmsk
from mmsk import (
    ConcatFusion,
    DeepFusionClassifier,
    GatedFusion,
    HOGEmbedder,
    LateFusionClassifier,
    ModalityTransformer,
    MultiKernelSVC,
    SVMClassifier,
    TfidfEmbedder,
)
from mmsk.persistence._manifest import versions

N_ROWS = 60
TRAINED = {"max_epochs": 5, "random_state": 0, "device": "cpu"}


def goods() -> tuple[pd.DataFrame, np.ndarray]:
    """Titles, pictures, prices and sizes with gaps."""
    random = np.random.default_rng(0)
    kinds = random.integers(0, 3, N_ROWS)
    nouns = np.array(["shoe", "shirt", "hat"])
    prices = np.where(np.arange(N_ROWS) % 9, 10.0 * kinds + random.normal(size=N_ROWS), np.nan)
    titles = [f"{colour} {nouns[k]}" for k, colour in zip(kinds, ["red", "blue"] * 30, strict=True)]
    pictures = [random.integers(0, 80 * (k + 1), (32, 32)).astype(np.uint8) for k in kinds]
    table = pd.DataFrame(
        {
            "title": [None if row % 11 == 0 else title for row, title in enumerate(titles)],
            "photo": [None if row % 7 == 0 else photo for row, photo in enumerate(pictures)],
            "price": prices,
            "size": np.array(["s", "m", "l"])[random.integers(0, 3, N_ROWS)],
        }
    )
    return table, nouns[kinds]


def features() -> ModalityTransformer:
    return ModalityTransformer(
        [
            ("title", TfidfEmbedder(), "title"),
            ("photo", HOGEmbedder(32), "photo"),
            ("price", make_pipeline(SimpleImputer(), StandardScaler()), ["price"]),
            ("size", OneHotEncoder(), ["size"]),
        ]
    )


def models() -> dict[str, Any]:
    plain = ColumnTransformer(
        [("price", make_pipeline(SimpleImputer(), StandardScaler()), ["price"])]
    )
    return {
        "blocks, SVC": make_pipeline(features(), ConcatFusion(), SVC()),
        "blocks, SVMClassifier": make_pipeline(features(), ConcatFusion(), SVMClassifier()),
        "blocks, MultiKernelSVC": make_pipeline(features(), MultiKernelSVC()),
        "blocks, LateFusion": make_pipeline(features(), LateFusionClassifier()),
        "blocks, GatedFusion": make_pipeline(features(), GatedFusion(8, **TRAINED), SVC()),
        "blocks, deep head": make_pipeline(features(), DeepFusionClassifier((8,), **TRAINED)),
        "search": GridSearchCV(
            make_pipeline(features(), ConcatFusion(), SVC()), {"svc__C": [0.1, 1.0]}, cv=2
        ),
        "scikit-learn alone": make_pipeline(plain, LogisticRegression()),
        "TfidfVectorizer alone": make_pipeline(
            ColumnTransformer([("size", TfidfVectorizer(analyzer="char"), "size")]), SVC()
        ),
    }


def write(folder: Path) -> None:
    """Fit and save every model, and what it predicts."""
    table, y = goods()
    expected = {"versions": versions()}
    for number, (name, model) in enumerate(models().items()):
        mmsk.save(model.fit(table, y), folder / f"{number}.mmsk")
        expected[name] = np.asarray(model.decision_function(table)).tolist()
    (folder / "expected.json").write_text(json.dumps(expected))


def read(folder: Path) -> None:
    """Load every model, and print how it compares."""
    table, _ = goods()
    expected = json.loads((folder / "expected.json").read_text())
    found = {"versions": [expected.pop("versions"), versions()]}
    for number, (name, values) in enumerate(expected.items()):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                model = mmsk.load(folder / f"{number}.mmsk")
            except mmsk.ModelFileError as error:
                found[name] = f"refused: {error}"
                continue
            difference = np.abs(np.asarray(model.decision_function(table)) - values).max()
        warned = {str(warning.message) for warning in caught}
        found[name] = f"{difference:.1e}" + "".join(f"; {message}" for message in sorted(warned))
    print(json.dumps(found))


def second_environment(folder: Path, packages: list[str]) -> Path:
    """Make an environment with these packages that finds all others where this one has them."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", *packages], check=True)
    own = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    others = [get_path("purelib"), str(Path(mmsk.__file__).parents[1])]
    (Path(own.strip()) / "others.pth").write_text("\n".join(others) + "\n")
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=["scikit-learn==1.9.0"])
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write or arguments.read:
        (write if arguments.write else read)(arguments.write or arguments.read)
        return
    with tempfile.TemporaryDirectory() as folder:
        pythons = {"here": sys.executable}
        pythons["there"] = str(second_environment(Path(folder) / "venv", arguments.packages))
        for writer, reader in [("there", "here"), ("here", "there")]:
            files = Path(folder) / writer
            files.mkdir()
            subprocess.run([pythons[writer], __file__, "--write", files], check=True)
            out = subprocess.check_output([pythons[reader], __file__, "--read", files], text=True)
            found = json.loads(out.splitlines()[-1])
            wrote, read_by = found.pop("versions")
            print(f"\nwritten {writer}: {wrote}\nread {reader}: {read_by}\n")
            print("| model | largest difference of a decision, or what load said |\n|---|---|")
            print("\n".join(f"| {name} | {result} |" for name, result in found.items()))


if __name__ == "__main__":
    main()
