"""Write the files of the format of today into files/, to be kept as long as mmsk is.

    PYTHONPATH=tests python tests/persistence/make_files.py

Files of formats that were published are never written again: `test_load.py` shows that each of
them still loads, and predicts what it did when it was written.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import mmsk
from mmsk import (
    ConcatFusion,
    LateFusionClassifier,
    ModalityTransformer,
    MultiKernelSVC,
    TfidfEmbedder,
)
from mmsk.persistence._manifest import FORMAT

FILES = Path(__file__).parent / "files"
TITLES = ["red shoe", "blue shirt", "old red shoe", "green hat", "blue hat", "red shirt"]


def shop():
    """Texts, sizes and prices, with missing cells; what is sold depends on all of them."""
    generator = np.random.default_rng(0)
    rows = generator.integers(0, len(TITLES), 30)
    table = pd.DataFrame(
        {
            "title": [TITLES[row] if number % 9 else None for number, row in enumerate(rows)],
            "price": np.round(20 + 10 * (rows % 3) + generator.normal(size=30), 2),
            "size": [["s", "m", "l"][row % 3] for row in rows],
        }
    )
    return table, np.array(["shoe", "shirt", "hat"])[(rows + rows // 3) % 3]


def features():
    return ModalityTransformer(
        [
            ("title", TfidfEmbedder(), "title"),
            ("price", StandardScaler(), ["price"]),
            ("size", OneHotEncoder(handle_unknown="ignore"), ["size"]),
        ]
    )


MODELS = {
    "svm": lambda: make_pipeline(features(), ConcatFusion(), SVC()),
    "kernels": lambda: make_pipeline(features(), MultiKernelSVC()),
    "late": lambda: make_pipeline(features(), LateFusionClassifier(SVC(), cv=3)),
}


def main():
    table, y = shop()
    for name, make in MODELS.items():
        path = FILES / f"format_{FORMAT}_{name}.mmsk"
        model = make().fit(table, y)
        mmsk.save(model, path)
        rows = table[:8].astype(object).where(table[:8].notna(), None)
        expected = {
            "format": FORMAT,
            "table": rows.to_dict("list"),
            "predicted": model.predict(table[:8]).tolist(),
            "decisions": model.decision_function(table[:8]).tolist(),
        }
        path.with_suffix(".json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
