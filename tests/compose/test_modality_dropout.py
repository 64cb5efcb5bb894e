"""ModalityDropout: what is dropped in training, how often, and that nothing is later."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from mmsk import ConcatFusion, FeatureBlocks, ModalityDropout, SVMClassifier

N_ROWS = 40
NAMES = ["image", "sound", "text"]


@pytest.fixture
def blocks():
    """Rows 0 to 4 have only the image, row 5 has nothing, row 6 lacks the text."""
    generator = np.random.default_rng(0)
    present = np.ones((N_ROWS, 3), dtype=bool)
    present[:5, 1:] = False
    present[5] = False
    present[6, 2] = False
    image = generator.normal(size=(N_ROWS, 3)).astype(np.float32)
    sound = generator.normal(size=(N_ROWS, 2))
    text = sparse.random_array((N_ROWS, 7), density=0.6, rng=generator, format="csr")
    return FeatureBlocks({"image": image, "sound": sound, "text": text}, present=present)


def many_rows(n_blocks, n_rows=20_000):
    return FeatureBlocks({f"block{n}": np.ones((n_rows, 1)) for n in range(n_blocks)})


def dropped(dropout, blocks):
    return blocks.present & ~dropout.fit_transform(blocks).present


def test_dropped_rows_are_missing_and_the_others_as_before(blocks):
    before = pickle.dumps(blocks)
    result = ModalityDropout(0.5, random_state=0).fit_transform(blocks)
    assert (blocks.present & ~result.present).any(axis=0).all()
    assert not (result.present & ~blocks.present).any()
    for name in NAMES:
        kept = result.present_in(name)
        old, new = blocks[name], result[name]
        assert new.dtype == old.dtype
        assert sparse.issparse(new) == sparse.issparse(old)
        old, new = (each.toarray() if sparse.issparse(each) else each for each in (old, new))
        np.testing.assert_array_equal(new[kept], old[kept])
        gone = new[~kept]
        assert (gone == 0).all() if name == "text" else np.isnan(gone).all()
    assert pickle.dumps(blocks) == before


def test_the_last_modality_of_a_row_stays(blocks):
    for p in (0.5, 1.0):
        result = ModalityDropout(p, random_state=0).fit_transform(blocks)
        assert (result.present.any(axis=1) == blocks.present.any(axis=1)).all()
    assert (result.present.sum(axis=1) == blocks.present.any(axis=1)).all()


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_rate_of_equal_blocks(p):
    """Of two blocks one falls with p(1 - p), and with half of the p^2 where both would."""
    rates = dropped(ModalityDropout(p, random_state=0), many_rows(2)).mean(axis=0)
    expected = p * (1 - p) + p**2 / 2
    np.testing.assert_allclose(rates, expected, atol=4 * np.sqrt(0.25 / 20_000))


def test_rates_by_block():
    dropout = ModalityDropout({"block0": 0.7, "block1": 0.2}, random_state=0)
    rates = dropped(dropout, many_rows(3)).mean(axis=0)
    np.testing.assert_allclose(rates, [0.7, 0.2, 0], atol=4 * np.sqrt(0.25 / 20_000))
    assert rates[2] == 0


def test_where_all_would_fall_each_is_as_likely_to_stay():
    dropout = ModalityDropout({"block0": 1.0, "block1": 0.3}, random_state=0)
    rates = dropped(dropout, many_rows(2)).mean(axis=0)
    np.testing.assert_allclose(rates, [0.85, 0.15], atol=4 * np.sqrt(0.25 / 20_000))


def test_a_mapping_names_what_may_be_dropped(blocks):
    gone = dropped(ModalityDropout({"sound": 1.0}), blocks)
    np.testing.assert_array_equal(gone[:, 1], blocks.present_in("sound"))
    assert not gone[:, [0, 2]].any()


def test_nothing_is_dropped_later(blocks):
    dropout = ModalityDropout(1.0, random_state=0).fit(blocks)
    assert dropout.transform(blocks) is blocks
    assert dropout.transform(blocks.select(NAMES[::-1])).names == NAMES
    np.testing.assert_array_equal(
        ModalityDropout(0).fit_transform(blocks).present, dropout.transform(blocks).present
    )


def test_random_state(blocks):
    masks = [ModalityDropout(0.5, random_state=seed) for seed in (0, 0, 1)]
    masks = [dropout.fit_transform(blocks).present for dropout in masks]
    np.testing.assert_array_equal(masks[0], masks[1])
    assert (masks[0] != masks[2]).any()
    drawing = ModalityDropout(0.5, random_state=np.random.RandomState(0))
    masks = [drawing.fit_transform(blocks).present for _ in range(2)]
    assert (masks[0] != masks[1]).any()


class Seen(ClassifierMixin, BaseEstimator):
    """Notes how many modalities its training rows have, and predicts that of later ones."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_modalities_ = X.present.sum()
        return self

    def predict(self, X):
        return X.present.sum(axis=1)


def test_a_pipeline_drops_in_training_alone():
    blocks = many_rows(2, 100)
    model = make_pipeline(ModalityDropout(1.0), Seen()).fit(blocks, np.arange(100) % 2)
    assert model[-1].n_modalities_ == 100
    assert (model.predict(blocks) == 2).all()


def test_what_follows_learns_to_do_without():
    """A strong block hides a weaker one from a head that fits closely, until it is missing."""
    generator = np.random.default_rng(0)
    y = np.arange(1000) % 2
    strong = y[:, None] + 0.2 * generator.normal(size=(1000, 1))
    weak = generator.normal(size=(1000, 30))
    weak[:, :5] += y[:, None]
    blocks = FeatureBlocks({"strong": strong, "weak": weak})
    later = FeatureBlocks({"strong": np.full((700, 1), np.nan), "weak": weak[300:]})
    head = SVMClassifier(C=10)
    scores = {}
    for p in (0.0, 0.5):
        model = make_pipeline(ModalityDropout({"strong": p}, random_state=0), ConcatFusion(), head)
        model.fit(blocks[:300], y[:300])
        scores[p] = model.score(later, y[300:])
        assert model.score(blocks[300:], y[300:]) > 0.97
    assert scores[0.5] > scores[0.0] + 0.04


def test_search_over_probabilities(blocks):
    rows = np.flatnonzero(blocks.present.any(axis=1))
    model = make_pipeline(ModalityDropout(random_state=0), ConcatFusion(), LogisticRegression())
    grid = {"modalitydropout__p": [0.0, 0.2, {"sound": 0.5}]}
    search = GridSearchCV(model, grid, cv=3, error_score="raise")
    search.fit(blocks[rows], rows % 2)
    assert len(search.cv_results_["params"]) == 3


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(blocks, container):
    """A dense table shows every missing row by NaN, also of what was sparse."""
    dropout = ModalityDropout(0.5, random_state=0)
    expected = dropout.fit_transform(blocks).present
    dropout.set_output(transform=container)
    for frame, present in (
        (dropout.fit_transform(blocks), expected),
        (dropout.transform(blocks), blocks.present),
    ):
        assert list(frame.columns) == dropout.get_feature_names_out().tolist()
        np.testing.assert_array_equal(FeatureBlocks.from_frame(frame).present, present)


def test_other_forms_of_input(blocks):
    dropout = ModalityDropout(1.0, random_state=0).set_output(transform="pandas")
    frame = dropout.fit_transform(blocks).set_axis(range(N_ROWS)[::-1])
    assert dropout.fit(frame).feature_names_in_.tolist() == list(frame.columns)
    pd.testing.assert_frame_equal(dropout.transform(frame), frame)
    array = np.ones((4, 2))
    only = ModalityDropout(1.0).fit_transform(array)
    np.testing.assert_array_equal(only["features"], array)


@pytest.mark.parametrize(
    ("p", "message"),
    [
        (1.5, "p=1.5 is not a number of at least 0 and at most 1"),
        ("much", "p='much' is not a number"),
        ({"sound": -1}, r"p\['sound'\]=-1 is not a number of at least 0"),
        ({"video": 0.5}, "p names the block 'video', but the blocks are 'image', 'sound', 'text'"),
    ],
)
def test_refused_probabilities(blocks, p, message):
    for method in ("fit", "fit_transform"):
        with pytest.raises(ValueError, match=message):
            getattr(ModalityDropout(p), method)(blocks)


def test_blocks_that_do_not_fit(blocks):
    dropout = ModalityDropout().fit(blocks)
    with pytest.raises(ValueError, match="ModalityDropout was fitted on the blocks 'image'"):
        dropout.transform(blocks.select(["image"]))
