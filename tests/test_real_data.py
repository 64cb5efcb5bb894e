"""Real data sets, where they are at hand: the public API reaches what it is known to reach."""

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from mmsk import MFCC, ConcatFusion, MiniRocketEmbedder, SVMClassifier, TfidfEmbedder

DATA = Path(os.environ.get("MMSK_TEST_DATA", Path(__file__).parents[1] / "../shared/data"))
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="no real data: MMSK_TEST_DATA names no folder"
)


@needs_data
def test_spoken_digits():
    clips = sorted((DATA / "fsdd").glob("*.wav"))
    test = [clip for clip in clips if int(clip.stem.split("_")[2]) < 5]
    train = [clip for clip in clips if clip not in set(test)]
    model = make_pipeline(MFCC(sample_rate=8000), ConcatFusion(), SVMClassifier())
    model.fit(train, [clip.name[0] for clip in train])
    assert model.score(test, [clip.name[0] for clip in test]) > 0.95


@needs_data
def test_trec_questions():
    def read(name):
        lines = (DATA / "text" / name).read_text(encoding="latin-1").split("\n")
        pairs = [line.partition(" ") for line in lines if line.strip()]
        return [text for _, _, text in pairs], [label for label, _, _ in pairs]

    embedder = TfidfEmbedder(
        token_pattern=r"(?u)\b\w+\b", stemming="english", ngram_range=(1, 2), sublinear_tf=True
    )
    model = make_pipeline(embedder, LinearSVC()).fit(*read("TREC.train.all"))
    assert model.score(*read("TREC.test.all")) >= 0.89


@needs_data
@pytest.mark.parametrize(("name", "least"), [("BasicMotions", 1.0), ("JapaneseVowels", 0.97)])
def test_series(name, least):
    def read(part):
        text = (DATA / "series" / name / f"{name}_{part}.ts").read_text()
        rows = [line.split(":") for line in text[text.index("@data") :].split("\n")[1:] if line]
        cells = [np.array([c.split(",") for c in row[:-1]], dtype=float).T for row in rows]
        return cells, [row[-1] for row in rows]

    head = RidgeClassifierCV(np.logspace(-3, 3, 10))
    model = make_pipeline(MiniRocketEmbedder(), StandardScaler(), head).fit(*read("TRAIN"))
    assert model.score(*read("TEST")) >= least
