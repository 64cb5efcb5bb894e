"""FrameFusion against numpy.interp and StandardScaler, frame by frame."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from mmsk import MFCC, FeatureBlocks, FrameFusion, LogMelEmbedder, ModalityTransformer

N_ROWS = 20
N_FRAMES = {"audio": 6, "video": 4}
FRAME_WIDTHS = {"audio": 3, "video": 2, "age": 2}
FRAMES = {"sample_rate": 8000, "n_fft": 256, "hop_length": 128, "pooling": None}


@pytest.fixture
def blocks():
    generator = np.random.default_rng(0)
    audio = generator.normal(5, 3, size=(N_ROWS, 18)).astype(np.float32)
    video = generator.normal(-200, 50, size=(N_ROWS, 8))
    audio[:3], video[2:5] = np.nan, np.nan
    return FeatureBlocks(
        {"audio": audio, "video": video, "age": generator.normal(size=(N_ROWS, 2))}
    )


def frames_of(blocks, name):
    """The present sequences of a block: (rows, frames, values), by hand."""
    rows = np.flatnonzero(blocks.present_in(name))
    n_frames = N_FRAMES.get(name, 1)
    return rows, np.stack(np.split(blocks[name][rows], n_frames, axis=1), axis=1)


def interpolated(sequences, n_frames):
    """numpy.interp for each sequence and value on its own."""
    length = sequences.shape[1]
    times, known = np.linspace(0, 1, n_frames), np.linspace(0, 1, length)
    result = np.empty((len(sequences), n_frames, sequences.shape[2]))
    for place, value in np.ndindex(len(sequences), sequences.shape[2]):
        result[place, :, value] = np.interp(times, known, sequences[place, :, value])
    return result


@pytest.mark.parametrize("n_frames_out", [None, 3, 11])
def test_equals_the_standard_scaler_and_numpys_interp(blocks, n_frames_out):
    fusion = FrameFusion(N_FRAMES, n_frames_out=n_frames_out)
    fused = fusion.fit_transform(blocks)
    n_frames_out = n_frames_out or 6
    assert fusion.n_frames_out_ == n_frames_out
    assert fusion.n_frames_ == {"audio": 6, "video": 4, "age": 1}
    assert fused.dtype == np.float32
    assert fused.shape == (N_ROWS, n_frames_out * 7)
    fused, start = fused.reshape(N_ROWS, n_frames_out, 7), 0
    for name, width in FRAME_WIDTHS.items():
        rows, sequences = frames_of(blocks, name)
        scaled = StandardScaler().fit_transform(sequences.reshape(-1, width).astype(np.float64))
        expected = interpolated(scaled.reshape(sequences.shape) / np.sqrt(width), n_frames_out)
        part = fused[:, :, start : start + width]
        np.testing.assert_allclose(part[rows], expected, atol=1e-5)
        assert not np.delete(part, rows, axis=0).any()
        start += width


@pytest.mark.parametrize("scale", ["standard", "block"])
def test_frames_of_blocks_weigh_the_same(blocks, scale):
    fused = FrameFusion({"audio": 6, "age": 1}, scale=scale).fit_transform(
        blocks.select(["audio", "age"])
    )
    fused = fused.reshape(N_ROWS, 6, 5)
    rows = blocks.present_in("audio")
    for part in (fused[rows, :, :3], fused[:, :, 3:]):
        assert np.square(part).sum(axis=2).mean() == pytest.approx(1, rel=1e-4)


def test_frames_as_they_are(blocks):
    fused = FrameFusion(2, scale=None).fit_transform(blocks.select(["age"]))
    np.testing.assert_array_equal(fused, blocks["age"].astype(np.float32))


def test_names(blocks):
    fusion = FrameFusion(N_FRAMES, n_frames_out=2).fit(blocks)
    first = ["audio__0", "audio__1", "audio__2", "video__0", "video__1", "age__0", "age__1"]
    expected = [f"{name}_frame{frame}" for frame in (0, 1) for name in first]
    assert fusion.get_feature_names_out().tolist() == expected
    frame = fusion.set_output(transform="pandas").transform(blocks)
    assert list(frame.columns) == expected


def sounds(n_rows=8):
    generator = np.random.default_rng(0)
    cells = [(generator.normal(size=2000).astype(np.float32), 8000) for _ in range(n_rows)]
    cells[1] = None
    return pd.DataFrame({"sound": pd.Series(cells, dtype=object), "age": np.arange(n_rows) * 1.0})


def mfcc(n_frames):
    return MFCC(4, n_mels=20, n_frames=n_frames, **FRAMES)


def log_mel(n_frames):
    return LogMelEmbedder(5, n_frames=n_frames, **FRAMES)


def test_extractors_tell_their_frames_by_names():
    features = ModalityTransformer(
        [("mfcc", mfcc(6), "sound"), ("mel", log_mel(3), "sound"), ("age", "passthrough", ["age"])]
    )
    table = sounds()
    blocks = features.fit_transform(table)
    fusion = FrameFusion().fit(blocks)
    assert fusion.n_frames_ == {"mfcc": 6, "mel": 3, "age": 1}
    told = FrameFusion({"mfcc": 6, "mel": 3}).fit_transform(blocks)
    np.testing.assert_array_equal(fusion.transform(blocks), told)
    names = fusion.get_feature_names_out().tolist()
    assert names[:2] == ["mfcc__mfcc0_frame0", "mfcc__mfcc1_frame0"]
    assert names[9:11] == ["age__age_frame0", "mfcc__mfcc0_frame1"]
    features.set_output(transform="pandas")
    frame = features.fit_transform(table)
    np.testing.assert_array_equal(FrameFusion().fit_transform(frame), told)


def test_a_union_of_frames_is_refused():
    """Its columns are all frames of one extractor, then all of the next."""
    union = FeatureUnion([("mfcc", mfcc(3)), ("mel", log_mel(3))])
    table = sounds().dropna()
    blocks = ModalityTransformer([("sound", union, "sound")]).fit_transform(table)
    message = "'sound' are not one frame after the other: 'mfcc__mfcc0_frame0', .*Give each"
    with pytest.raises(ValueError, match=message):
        FrameFusion().fit(blocks)


def test_search_in_a_pipeline():
    table = sounds(12)
    features = ModalityTransformer([("mfcc", mfcc(6), "sound"), ("age", "passthrough", ["age"])])
    head = LogisticRegression()
    model = Pipeline([("features", features), ("fusion", FrameFusion()), ("head", head)])
    grid = {"features__mfcc__n_frames": [4, 6], "fusion__n_frames_out": [None, 3]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(table, np.arange(12) % 2)
    assert len(search.cv_results_["params"]) == 4


def test_rows_are_independent_of_their_neighbours(blocks, monkeypatch):
    fusion = FrameFusion(N_FRAMES).fit(blocks)
    together = fusion.transform(blocks)
    for row in range(N_ROWS):
        np.testing.assert_array_equal(fusion.transform(blocks[row])[0], together[row])
    assert fusion.transform(blocks[:0]).shape == (0, 42)
    monkeypatch.setattr("mmsk.compose._stack.CELLS_AT_A_TIME", 40)
    np.testing.assert_array_equal(fusion.transform(blocks), together)


def test_a_block_missing_in_training_stays_zeros(blocks):
    nothing = FeatureBlocks(dict(blocks.items()) | {"audio": np.full((N_ROWS, 18), np.nan)})
    fused = FrameFusion(N_FRAMES).fit(nothing).transform(blocks).reshape(N_ROWS, 6, 7)
    assert not fused[:, :, :3].any()
    assert fused[:, :, 3:].any()


def test_pickles(blocks):
    fusion = FrameFusion(N_FRAMES).fit(blocks)
    loaded = pickle.loads(pickle.dumps(fusion))
    np.testing.assert_array_equal(loaded.transform(blocks), fusion.transform(blocks))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_frames": {"audio": 5}}, "Block 'audio' has 18 columns, which are no 5 frames"),
        ({"n_frames": 3}, "'video' has 8 columns, .*: n_frames must divide 8"),
        ({"n_frames": {"sound": 2}}, "n_frames names the block 'sound', but the blocks are 'audi"),
        ({"n_frames": {"audio": 0}}, r"n_frames\['audio'\]=0 is not an integer of at least 1"),
        ({"n_frames": 2.0}, "n_frames=2.0 is not an integer of at least 1"),
        ({"n_frames_out": 0}, "n_frames_out=0 is not an integer of at least 1"),
        ({"scale": "minmax"}, "scale='minmax' is not one of 'standard', 'block', None"),
    ],
)
def test_refused_parameters(blocks, parameters, message):
    with pytest.raises(ValueError, match=message):
        FrameFusion(**parameters).fit(blocks)


def test_sparse_blocks_are_refused(blocks):
    message = "Block 'age' is sparse, and FrameFusion repeats every value in time. Make it dense"
    sparse_age = FeatureBlocks(dict(blocks.items()) | {"age": sparse.csr_array((N_ROWS, 2))})
    for call in (FrameFusion(N_FRAMES).fit, FrameFusion(N_FRAMES).fit(blocks).transform):
        with pytest.raises(ValueError, match=message):
            call(sparse_age)


def test_a_block_without_columns(blocks):
    expected = FrameFusion(N_FRAMES).fit_transform(blocks)
    with_empty = FeatureBlocks(dict(blocks.items()) | {"none": np.ones((N_ROWS, 0))})
    np.testing.assert_array_equal(FrameFusion(N_FRAMES).fit_transform(with_empty), expected)
