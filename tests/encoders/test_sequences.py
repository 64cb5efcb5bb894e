"""What the encoders of sequences share: reading, scaling, words, bad cells, parts of searches."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline

from mmsk import (
    MFCC,
    RecurrentEncoder,
    SequenceAutoEncoder,
    SeriesReader,
    TemporalConvEncoder,
    WordReader,
)
from mmsk.exceptions import BadCellWarning, ReadError

SMALL = {"hidden_size": 6, "max_epochs": 2, "random_state": 0, "device": "cpu"}
ENCODERS = {
    "recurrent": RecurrentEncoder(4, **SMALL),
    "convolutions": TemporalConvEncoder(4, n_blocks=2, **SMALL),
    "auto-encoder": SequenceAutoEncoder(4, **SMALL),
}


@pytest.fixture
def series():
    generator = np.random.default_rng(0)
    return [
        generator.normal(5, [1, 100], size=(length, 2)) for length in generator.integers(3, 40, 24)
    ]


@pytest.fixture
def labels():
    return np.array(["left", "right"] * 12)


@pytest.fixture(params=ENCODERS)
def encoder(request):
    return clone(ENCODERS[request.param])


def test_a_row_does_not_depend_on_the_others(encoder, series, labels):
    encoder.fit(series, labels)
    together = encoder.transform([*series, np.ones((500, 2)), None])
    alone = np.concatenate([encoder.transform([cell]) for cell in series[:6]])
    np.testing.assert_allclose(together[:6], alone, rtol=0, atol=1e-6)
    assert np.isnan(together[-1]).all()
    assert together.dtype == np.float32


def test_units_do_not_matter(encoder, series, labels):
    """Channels are standardized by what all training frames have."""
    encoder.fit(series, labels)
    frames = np.concatenate(series)
    np.testing.assert_allclose(encoder.mean_, frames.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(encoder.std_, frames.std(axis=0), rtol=1e-5)
    other = clone(encoder).fit([4 + 8 * cell for cell in series], labels)
    rows = encoder.transform(series)
    np.testing.assert_allclose(other.transform([4 + 8 * cell for cell in series]), rows, atol=1e-3)


def test_a_constant_channel_is_no_trouble(encoder, series, labels):
    constant = [np.column_stack([cell, np.full(len(cell), 1 / 3)]) for cell in series]
    encoder.fit(constant, labels)
    assert encoder.std_[2] == 1
    assert np.isfinite(encoder.transform(constant)).all()


def test_values_far_off_give_finite_rows(encoder, series, labels):
    encoder.fit([cell * 1e-3 for cell in series], labels)
    assert np.isfinite(encoder.transform([np.full((5, 2), 3e38), np.full((5, 2), -3e38)])).all()


def test_long_series_are_cut(encoder, series, labels):
    encoder.set_params(max_length=5).fit(series, labels)
    np.testing.assert_array_equal(
        encoder.transform(series), encoder.transform([cell[:5] for cell in series])
    )


def test_gaps_are_filled_and_files_are_read(series, labels, tmp_path):
    encoder = clone(ENCODERS["recurrent"]).fit(series, labels)
    np.save(tmp_path / "series.npy", series[0])
    gaps = np.array([[0.0, 1.0], [np.nan, 2.0], [2.0, np.nan]])
    filled = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 2.0]])
    rows = encoder.transform([str(tmp_path / "series.npy"), series[0], gaps, filled])
    np.testing.assert_allclose(rows[[0, 2]], rows[[1, 3]], atol=1e-6)
    with pytest.raises(ReadError, match=r"row 1.*a gap at point 1 of channel 0"):
        encoder.set_params(sequence=SeriesReader(gaps="raise")).transform([filled, gaps])


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (np.ones((4, 3)), "3 channels, but the series fit learned from have 2"),
        (np.array([[1.0, np.inf]]), "infinite values"),
        (np.array([[1.0, np.nan], [2.0, np.nan]]), "channel 1 holds no value"),
        (np.ones((0, 2)), "empty series"),
        ("no/such/file.npy", "no such file"),
    ],
)
def test_bad_series(cell, reason, encoder, series, labels):
    column = pd.Series([*series[:3], cell, *series[4:]], name="motion")
    with pytest.raises(ReadError, match=rf"row 3, column 'motion'.*{reason}"):
        encoder.fit(column, labels)
    encoder.fit(series, labels)
    with pytest.raises(ReadError, match=rf"row 3, column 'motion'.*{reason}"):
        encoder.transform(column)
    encoder.set_params(on_error="missing")
    with pytest.warns(BadCellWarning, match="1 unreadable cell is taken as missing: row 3"):
        rows = encoder.fit_transform(column, labels)
    assert np.flatnonzero(np.isnan(rows).any(axis=1)).tolist() == [3]


def test_fit_forgets_the_channels_of_an_earlier_fit(encoder, series, labels):
    encoder.fit([cell[:, :1] for cell in series], labels)
    assert encoder.fit(series, labels).n_channels_ == 2


def test_tables_must_have_the_channels_in_order(series, labels):
    tables = [pd.DataFrame(cell, columns=["x", "y"]) for cell in series]
    encoder = clone(ENCODERS["recurrent"]).fit(tables, labels)
    assert encoder.channels_ == ("x", "y")
    with pytest.raises(ReadError, match=r"row 0.*channels \['y', 'x'\], but the series fit"):
        encoder.transform([tables[0][["y", "x"]]])


def test_state_is_plain(encoder, series, labels):
    encoder.fit(series, labels)
    assert all(isinstance(value, np.ndarray) for value in encoder.state_.values())
    loaded = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(loaded.transform(series), encoder.transform(series))


@pytest.fixture
def texts():
    return ["A <b>good</b> film", "a bad film", "so good, so good", "", "bad bad film"] * 4


def test_words_get_numbers_that_fit_learned(encoder, texts):
    encoder.set_params(sequence="words").fit(texts, [1, 0, 1, 0, 0] * 4)
    assert encoder.words_.tolist() == ["a", "b", "bad", "film", "good", "so"]
    sequences = encoder._batch([["good", "filmed", "a"], []], "cpu")
    assert sequences.values.tolist() == [[6, 1, 2], [0, 0, 0]]
    assert sequences.lengths.tolist() == [3, 1]
    rows = encoder.transform([*texts, "never seen", None])
    assert np.isfinite(rows[:-1]).all()
    assert np.isnan(rows[-1]).all()
    with pytest.raises(ReadError, match=r"row 1.*expected text, got int"):
        encoder.transform(["a film", 3])


def test_the_reader_of_words_can_be_searched(texts):
    encoder = clone(ENCODERS["recurrent"]).set_params(sequence=WordReader())
    encoder.set_params(sequence__remove_html=True, sequence__min_df=5)
    encoder.fit(texts, [1, 0, 1, 0, 0] * 4)
    assert encoder.words_.tolist() == ["a", "bad", "film", "good"]
    with pytest.raises(ValueError, match="No words to learn from: none is in min_df=99 texts"):
        encoder.set_params(sequence__min_df=99).fit(texts, [1, 0, 1, 0, 0] * 4)


def test_sounds_come_as_frames_of_an_extractor():
    generator = np.random.default_rng(0)
    times = np.arange(1600) / 8000
    sounds = [
        (np.sin(2 * np.pi * tone * times) + 0.1 * generator.normal(size=1600), 8000)
        for tone in [300, 1200] * 9
    ]
    y = ["low", "high"] * 9
    extractor = MFCC(5, n_mels=20, sample_rate=8000, n_fft=256, hop_length=128)
    encoder = RecurrentEncoder(
        4, sequence=extractor, **SMALL | {"learning_rate": 0.03, "max_epochs": 15}
    )
    encoder.fit(sounds, y)
    assert encoder.n_channels_ == 5
    np.testing.assert_allclose(
        encoder.mean_, np.hstack([extractor.frames(cell) for cell in sounds]).mean(1), rtol=1e-4
    )
    model = make_pipeline(encoder, LogisticRegression())
    grid = {"recurrentencoder__sequence__n_mfcc": [5, 8]}
    search = GridSearchCV(model, grid, cv=2).fit(sounds, y)
    assert search.best_score_ > 0.9
    with pytest.raises(ReadError, match=r"row 0.*not an audio file|row 0.*empty"):
        encoder.transform([b"", sounds[0]])


class Broken(BaseEstimator):
    def frames(self, cell):
        return np.full((2, 3), np.nan)


@pytest.mark.parametrize(
    "sequence", ["serie", 3, None, MFCC, object()], ids=["name", "int", "None", "class", "object"]
)
def test_what_is_no_source_of_sequences(sequence, encoder, series, labels):
    with pytest.raises(ValueError, match=r"sequence=.* is not one of 'series', 'words', a Series"):
        encoder.set_params(sequence=sequence).fit(series, labels)


def test_frames_that_are_none(encoder, series, labels):
    with pytest.raises(ReadError, match=r"row 0.*Broken.frames gave shape \(2, 3\): expected fini"):
        encoder.set_params(sequence=Broken()).fit(series, labels)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_size": 0}, "hidden_size=0"),
        ({"max_length": 0}, "max_length=0"),
        ({"embedding_size": 0.5}, "embedding_size=0.5"),
        ({"pooling": "sum"}, "pooling='sum' is not one of 'attention', 'mean', 'max', 'last'"),
        ({"dropout": 1}, "dropout=1"),
        ({"sequence": WordReader(min_df=0)}, "min_df=0"),
        ({"sequence": SeriesReader(gaps="fill")}, "gaps='fill'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_parameters_that_are_not_accepted(parameters, message, encoder, series, labels):
    with pytest.raises(ValueError, match=message):
        encoder.set_params(**parameters).fit(series, labels)


def test_parallel_branches_stand_side_by_side(series, labels):
    branches = [(name, clone(ENCODERS[name])) for name in ("recurrent", "convolutions")]
    union = FeatureUnion(branches).fit(series, labels)
    rows = union.transform(series)
    expected = [clone(branch).fit(series, labels).transform(series) for _, branch in branches]
    np.testing.assert_array_equal(rows, np.hstack(expected))
    names = union.get_feature_names_out()
    assert names[[0, 4]].tolist() == [
        "recurrent__recurrentencoder0",
        "convolutions__temporalconvencoder0",
    ]
