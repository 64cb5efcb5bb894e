"""One entry per public estimator: a small instance, what it is checked on, and the exceptions.

Each exception has its reason, and is strict: one that no longer holds fails the tests.
"""

import atexit
import io
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import soundfile
from made_videos import moving_square, write_video
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.svm import SVC, SVR
from text_models import write_tiny_bert

from mmsk.audio import MFCC, AudioDescriptors, LogMelEmbedder, STFTEmbedder
from mmsk.compose import ModalityDropout, ModalityTransformer, PerBlock, SlidingWindows
from mmsk.encoders import (
    ConvEncoder,
    ImageAutoEncoder,
    RecurrentEncoder,
    SequenceAutoEncoder,
    TemporalConvEncoder,
)
from mmsk.fusion import (
    AttentionFusion,
    BilinearFusion,
    CCAFusion,
    ConcatFusion,
    FrameFusion,
    GatedFusion,
    KernelFusion,
    TensorFusion,
    WeightedFusion,
)
from mmsk.heads import (
    DeepFusionClassifier,
    DeepFusionRegressor,
    DistilledClassifier,
    LateFusionClassifier,
    LateFusionRegressor,
    MultiKernelSVC,
    SVMClassifier,
    SVMRegressor,
)
from mmsk.image import (
    CNNEmbedder,
    ColorHistogramEmbedder,
    HOGEmbedder,
    ImageAugmenter,
    LocalBinaryPatternEmbedder,
)
from mmsk.series import MiniRocketEmbedder, SeriesStatistics, SpectralSeries
from mmsk.text import TfidfEmbedder, TransformerEmbedder, WordReader, WordVectorEmbedder
from mmsk.video import FrameEmbedder, MotionDescriptors, VideoEmbedder

_folder = tempfile.TemporaryDirectory(prefix="mmsk-contract-")
atexit.register(_folder.cleanup)
FOLDER = Path(_folder.name)


@dataclass
class Entry:
    """An estimator, what a search may vary, its reasoned exceptions, and the target it needs."""

    estimator: Any
    cells: Any = None
    searchable: dict[str, list] = field(default_factory=dict)
    tolerance: float = 0.0
    expected: dict[str, str] = field(default_factory=dict)
    y: Any = None


def word_vectors():
    words = ["a", "red", "car", "cars", "apple", "apples", "green", "day", "cafe", "the", "she"]
    words += ["and", "of", "are", "in", "on", "seen", "two"]
    path = Path(_folder.name) / "vectors.npz"
    vectors = np.random.default_rng(0).normal(size=(len(words), 6)).astype(np.float32)
    np.savez(path, words=np.array(words), vectors=vectors)
    return str(path)


def texts():
    return [
        "A <em>red</em> car, seen at http://cars.example/red",
        "Two red cars and 3 green apples",
        "An apple a day, a café a day",
        "The green apple pie: apples, apples, apples",
        "CARS and more cars; 7 of them are red",
        "She was running while the others ran",
        "A green day at the cafe",
        "Red, red, red and green",
    ]


def pictures():
    """Six pictures of different size, one in each kind of cell."""
    generator = np.random.default_rng(0)
    arrays = [
        generator.integers(0, 256, size=(height, 24, 3)).astype(np.uint8) // (1 + place)
        for place, height in enumerate([24, 30, 24, 36, 24, 28])
    ]
    PIL.Image.fromarray(arrays[0]).save(FOLDER / "colour.png")
    PIL.Image.fromarray(arrays[1]).save(FOLDER / "photo.jpg")
    file = io.BytesIO()
    PIL.Image.fromarray(arrays[2]).save(file, format="PNG")
    return [
        str(FOLDER / "colour.png"),
        FOLDER / "photo.jpg",
        file.getvalue(),
        arrays[3],
        arrays[4][:, :, 0],
        PIL.Image.fromarray(arrays[5]),
    ]


def sounds():
    """Five sounds of different length and rate, one in each kind of cell."""
    generator = np.random.default_rng(0)

    def sound(seconds, rate, tone):
        times = np.arange(int(seconds * rate)) / rate
        wave = np.sin(2 * np.pi * tone * times) * np.linspace(1, 0.1, len(times))
        return (0.4 * wave + 0.05 * generator.normal(size=len(times))).astype(np.float32)

    soundfile.write(FOLDER / "tone.wav", sound(0.2, 8000, 440), 8000)
    soundfile.write(FOLDER / "tone.flac", sound(0.3, 11025, 880), 11025)
    file = io.BytesIO()
    soundfile.write(file, sound(0.25, 8000, 220), 8000, format="WAV")
    whole = (sound(0.2, 8000, 1500) * 32767).astype(np.int16)
    return [
        str(FOLDER / "tone.wav"),
        FOLDER / "tone.flac",
        file.getvalue(),
        (sound(0.3, 8000, 660), 8000),
        (whole, 8000),
    ]


def series():
    """Five series of two channels and different length, one in each kind of cell."""
    generator = np.random.default_rng(0)

    def values(n_points, tone):
        time = np.arange(n_points)
        noise = generator.normal(size=(2, n_points))
        wave = np.sin(2 * np.pi * tone * time) * np.linspace(1, 0.1, n_points)
        return np.column_stack([wave + 0.2 * noise[0], np.cumsum(noise[1]) + time / 8])

    np.save(FOLDER / "series.npy", values(40, 0.1))
    np.savetxt(FOLDER / "series.csv", values(60, 0.2), delimiter=",")
    file = io.BytesIO()
    pd.DataFrame(values(50, 0.3), columns=["x", "y"]).to_parquet(file)
    return [
        str(FOLDER / "series.npy"),
        FOLDER / "series.csv",
        file.getvalue(),
        values(30, 0.4),
        values(45, 0.05).tolist(),
    ]


def videos():
    """Five videos of different length and rate, one in each kind of cell."""
    square = moving_square(24, 32, 40)
    grain = np.random.default_rng(0).integers(0, 60, size=square.shape, dtype=np.uint8)
    write_video(FOLDER / "clip.mp4", square, options={"g": "4"})
    write_video(FOLDER / "clip.avi", square[:, ::-1][:15], 25, codec="mpeg4")
    write_video(FOLDER / "clip.mkv", square[:, :, ::-1][::2], options={"g": "6"})
    return [
        str(FOLDER / "clip.mp4"),
        FOLDER / "clip.avi",
        (FOLDER / "clip.mkv").read_bytes(),
        (square // 2 + grain, 12),
        (np.roll(square, 9, axis=1)[::-1, ..., 0], 24.0),
    ]


PICTURES = pictures()
SERIES = series()
SOUNDS = sounds()
VIDEOS = videos()
TAKEN = {"n_frames": [4, 6], "sampling": ["uniform", "keyframes"]}
EVERY = {"sampling": "stride", "step_seconds": 0.1}
IMAGES = {"image_size": [32, 48]}
FRAMES = {"sample_rate": 8000, "n_fft": 256, "hop_length": 128}
SPECTRA = {
    "sample_rate": [8000, 6000],
    "n_fft": [256, 512],
    "hop_length": [128, 100],
    "win_length": [None, 200],
    "window": ["hann", "hamming"],
    "center": [True, False],
    "pad_mode": ["constant", "reflect"],
    "power": [2.0, 1.0],
    "top_db": [80.0, 20.0],
    "pooling": [("mean", "std"), "mean", "q25"],
}
MEL = {"fmin": [0.0, 300.0], "fmax": [None, 3000.0], "htk": [False, True]}
MEL |= {"mel_norm": ["slaney", None]}
FRAMED = {name: SPECTRA[name] for name in ("sample_rate", "n_fft", "hop_length", "pooling")}
IN_FRAMES = {"pooling": None, "n_frames": 4}
NOT_SEARCHED = {
    "on_error": "changes no row of a good cell",
    "max_bad_fraction": "changes no row of a good cell",
    "batch_size": "changes no row: check_batch_invariance",
    "n_jobs": "changes no row: check_batch_invariance",
    "device": "changes no row beyond rounding: the tests marked gpu",
    "reader": "has limits, rates, a background: tests/image, tests/audio, tests/series",
    "MFCC.precision": "rounds only: tests/audio",
    "LogMelEmbedder.precision": "rounds only: tests/audio",
    "STFTEmbedder.precision": "rounds only: tests/audio",
    "TfidfEmbedder.dtype": "rounds only",
    "TfidfEmbedder.random_state": "seeds an approximation that is close to exact on few texts",
    "CCAFusion.random_state": "seeds the reduction of sparse blocks: tests/fusion/test_cca.py",
    "TransformerEmbedder.model": "names a folder: tests/text/test_transformer.py",
    "TransformerEmbedder.revision": "names a commit of what is downloaded",
    "WordVectorEmbedder.vectors": "names a file: tests/text/test_vector_files.py",
    "CNNEmbedder.weights": "needs a file of weights: tests/image/test_cnn.py",
    "ConvEncoder.weights": "needs a file of weights: tests/encoders/test_conv.py",
    "TemporalConvEncoder.sequence": "as in RecurrentEncoder: tests/encoders/test_sequences.py",
    "TemporalConvEncoder.embedding_size": "as in RecurrentEncoder",
    "SequenceAutoEncoder.sequence": "as in RecurrentEncoder: tests/encoders/test_sequences.py",
    "SequenceAutoEncoder.embedding_size": "as in RecurrentEncoder",
    "validation_fraction": "matters in early stopping only: tests/encoders/test_base.py",
    "n_iter_no_change": "matters in early stopping only: tests/encoders/test_base.py",
    "FrameEmbedder.weights": "needs a file of weights: tests/image/test_cnn.py",
    "VideoEmbedder.weights": "needs a file of weights: tests/video/test_video_network.py",
}

EXTRACTORS = {
    "TfidfEmbedder": Entry(
        TfidfEmbedder(),
        texts(),
        {
            "vectorizer": ["tfidf", "count"],
            "analyzer": ["word", "char", "char_wb"],
            "ngram_range": [(1, 1), (1, 2)],
            "token_pattern": [r"(?u)\b\w\w+\b", r"(?u)\b\w+\b"],
            "lowercase": [True, False],
            "strip_accents": [None, "unicode"],
            "remove_html": [False, True],
            "remove_urls": [False, True],
            "stop_words": [None, "english", ["red", "green"]],
            "stemming": [None, "english"],
            "min_df": [1, 2],
            "max_df": [1.0, 1],
            "max_features": [None, 3],
            "binary": [False, True],
            "use_idf": [True, False],
            "smooth_idf": [True, False],
            "sublinear_tf": [False, True],
            "norm": ["l2", "l1", None],
            "max_chars": [1000, 12],
        },
        tolerance=1e-12,
    ),
    "TfidfEmbedder-single-characters": Entry(
        TfidfEmbedder(token_pattern=r"\w+"), texts(), {"remove_numbers": [False, True]}
    ),
    "TfidfEmbedder-hashing": Entry(
        TfidfEmbedder(vectorizer="hashing", n_features=64), texts(), {"n_features": [32, 64]}
    ),
    "TfidfEmbedder-lsa": Entry(
        TfidfEmbedder(n_components=3, random_state=0),
        texts(),
        {"n_components": [2, 3]},
        tolerance=1e-5,
    ),
    "TransformerEmbedder": Entry(
        TransformerEmbedder(str(write_tiny_bert(Path(_folder.name) / "bert")), batch_size=3),
        texts(),
        {
            "pooling": ["mean", "cls", "max"],
            "window_length": [None, 6],
            "precision": ["float32", "bfloat16"],
            "max_chars": [1000, 12],
        },
        tolerance=1e-5,
    ),
    "TransformerEmbedder-windows": Entry(
        TransformerEmbedder(str(write_tiny_bert(Path(_folder.name) / "bert")), window_length=6),
        texts(),
        {"hop_length": [2, 4]},
        tolerance=1e-5,
    ),
    "WordVectorEmbedder": Entry(
        WordVectorEmbedder(word_vectors()),
        texts(),
        {
            "pooling": ["mean", "tfidf", "sif"],
            "lowercase": [True, False],
            "token_pattern": [r"(?u)\b\w+\b", r"(?u)\b\w\w\w+\b"],
            "norm": [None, "l2"],
            "max_chars": [1000, 12],
        },
        tolerance=1e-5,
    ),
    "WordVectorEmbedder-sif": Entry(
        WordVectorEmbedder(word_vectors(), pooling="sif"),
        texts(),
        {"sif_a": [1e-3, 0.1], "n_common": [0, 1]},
        tolerance=1e-5,
    ),
    "HOGEmbedder": Entry(
        HOGEmbedder(32),
        PICTURES,
        IMAGES
        | {
            "orientations": [4, 9],
            "pixels_per_cell": [8, 16],
            "cells_per_block": [1, 2],
            "block_norm": ["L1", "L1-sqrt", "L2", "L2-Hys"],
        },
    ),
    "LocalBinaryPatternEmbedder": Entry(
        LocalBinaryPatternEmbedder(32),
        PICTURES,
        IMAGES
        | {
            "n_points": [8, 12],
            "radius": [1.0, 2.0],
            "method": ["uniform", "nri_uniform"],
            "grid": [1, 2],
        },
    ),
    "ColorHistogramEmbedder": Entry(
        ColorHistogramEmbedder(32),
        PICTURES,
        IMAGES | {"color_space": ["rgb", "hsv", "lab"], "bins": [4, 8], "grid": [1, 2]},
    ),
    "CNNEmbedder": Entry(
        CNNEmbedder("squeezenet1_1", weights=None, layer="features.4", image_size=32),
        PICTURES,
        IMAGES
        | {
            "backbone": ["squeezenet1_1", "mobilenet_v3_small"],
            "layer": [None, "features.4"],
            "grid": [1, 2],
            "mean": [None, 0.2],
            "std": [None, [0.4, 0.5, 0.6]],
            "augmentation": [None, "flip", ["flip", "rotate"]],
            "precision": ["float32", "bfloat16"],
            "random_state": [0, 1],
        },
        tolerance=1e-5,
    ),
    "MFCC": Entry(
        MFCC(5, n_mels=20, **FRAMES),
        SOUNDS,
        SPECTRA
        | MEL
        | {
            "n_mfcc": [5, 8],
            "n_mels": [20, 30],
            "dct_type": [1, 2, 3],
            "norm": ["ortho", None],
            "lifter": [0, 10],
            "deltas": [0, 1, 2],
        },
    ),
    "MFCC-frames": Entry(MFCC(5, n_mels=20, **FRAMES, **IN_FRAMES), SOUNDS, {"n_frames": [4, 6]}),
    "LogMelEmbedder": Entry(
        LogMelEmbedder(10, **FRAMES), SOUNDS, SPECTRA | MEL | {"n_mels": [10, 16]}
    ),
    "LogMelEmbedder-frames": Entry(
        LogMelEmbedder(10, **FRAMES, **IN_FRAMES), SOUNDS, {"n_frames": [4, 6]}
    ),
    "STFTEmbedder": Entry(
        STFTEmbedder(10, **FRAMES), SOUNDS, SPECTRA | {"n_bands": [10, 16, None]}
    ),
    "STFTEmbedder-frames": Entry(
        STFTEmbedder(10, **FRAMES, **IN_FRAMES), SOUNDS, {"n_frames": [4, 6]}
    ),
    "AudioDescriptors": Entry(
        AudioDescriptors(["centroid", "rms", "chroma"], **FRAMES),
        SOUNDS,
        FRAMED | {"descriptors": [["rms"], ["flatness"], None]},
    ),
    "SeriesStatistics": Entry(
        SeriesStatistics(),
        SERIES,
        {
            "statistics": [None, ["mean", "energy"], ["correlation"]],
            "quantiles": [(0.5,), (0.25,)],
            "lags": [[1], [2], [1, 5]],
        },
    ),
    "SpectralSeries": Entry(
        SpectralSeries(4, segment_length=32),
        SERIES,
        {
            "bands": [4, [0.1, 0.3], {"low": (0, 0.1)}],
            "scale": ["decibel", "power", "share"],
            "moments": [["centroid"], ["peak"], []],
            "segment_length": [16, 32],
            "overlap": [0.5, 0.75],
            "window": ["hann", "boxcar"],
        },
    ),
    "MiniRocketEmbedder": Entry(
        MiniRocketEmbedder(168, device="cpu"),
        SERIES,
        {
            "n_features": [168, 336],
            "max_dilations": [32, 1],
            "scale": ["channel", "series", None],
            "random_state": [0, 1],
        },
    ),
    "SlidingWindows": Entry(
        SlidingWindows(SeriesStatistics(["mean", "std"]), window_length=16),
        SERIES,
        {
            "extractor": [SeriesStatistics(["mean"]), SeriesStatistics(["trend"])],
            "window_length": [16, 24],
            "hop_length": [None, 4],
            "pooling": [["mean"], ["min"], ["max"], ["std"]],
        },
    ),
    "SlidingWindows-minirocket": Entry(
        SlidingWindows(MiniRocketEmbedder(84, device="cpu"), window_length=16),
        SERIES,
        {"window_length": [12, 16]},
    ),
    "SlidingWindows-sounds": Entry(
        SlidingWindows(MFCC(5, n_mels=20, **FRAMES), window_length=0.05),
        SOUNDS,
        {"window_length": [0.05, 0.1], "hop_length": [None, 0.04]},
    ),
    "SlidingWindows-videos": Entry(
        SlidingWindows(MotionDescriptors(["difference"], 4, grid=2, n_parts=2), window_length=0.5),
        VIDEOS,
        {"window_length": [0.5, 0.4], "hop_length": [None, 0.1]},
    ),
    "SlidingWindows-texts": Entry(
        SlidingWindows(WordVectorEmbedder(word_vectors()), window_length=3),
        texts(),
        {"window_length": [3, 2], "hop_length": [None, 2]},
        tolerance=1e-5,
    ),
    "FrameEmbedder": Entry(
        FrameEmbedder("squeezenet1_1", 4, weights=None, layer="features.4", image_size=32),
        VIDEOS,
        TAKEN
        | IMAGES
        | {
            "backbone": ["squeezenet1_1", "mobilenet_v3_small"],
            "layer": [None, "features.4"],
            "grid": [1, 2],
            "mean": [None, 0.2],
            "std": [None, [0.4, 0.5, 0.6]],
            "pooling": [("mean", "std"), "change", None],
            "subtract_mean": [False, True],
            "precision": ["float32", "bfloat16"],
            "random_state": [0, 1],
        },
        tolerance=1e-5,
    ),
    "FrameEmbedder-stride": Entry(
        FrameEmbedder("squeezenet1_1", 4, weights=None, image_size=32, **EVERY),
        VIDEOS,
        {"step_seconds": [0.1, 0.05]},
        tolerance=1e-5,
    ),
    "MotionDescriptors": Entry(
        MotionDescriptors(n_frames=5, frame_size=24, grid=2, n_parts=2),
        VIDEOS,
        TAKEN
        | {
            "descriptors": [None, ["difference"]],
            "frame_size": [24, 32],
            "grid": [2, 3],
            "n_parts": [1, 2],
            "pooling": ["mean", ("max", "trend"), None],
            "normalize": [True, False],
        },
    ),
    "MotionDescriptors-stride": Entry(
        MotionDescriptors(["difference"], 5, frame_size=24, grid=2, **EVERY),
        VIDEOS,
        {"step_seconds": [0.1, 0.05]},
    ),
    "VideoEmbedder": Entry(
        VideoEmbedder("mc3_18", 2, weights=None, image_size=16),
        VIDEOS,
        {
            "n_frames": [2, 4],
            "sampling": ["uniform", "keyframes"],
            "image_size": [16, 24],
            "backbone": ["mc3_18", "r3d_18"],
            "mean": [None, 0.2],
            "std": [None, [0.4, 0.5, 0.6]],
            "precision": ["float32", "bfloat16"],
            "random_state": [0, 1],
        },
        tolerance=1e-5,
    ),
    "VideoEmbedder-stride": Entry(
        VideoEmbedder("mc3_18", 2, weights=None, image_size=16, **EVERY),
        VIDEOS,
        {"step_seconds": [0.1, 0.05]},
        tolerance=1e-5,
    ),
    "AudioDescriptors-frames": Entry(
        AudioDescriptors(["rms", "tempo"], **FRAMES, **IN_FRAMES), SOUNDS, {"n_frames": [4, 6]}
    ),
}

STEPS = {
    "check_batch_invariance": "batch_size is the number of rows per step of training, and another "
    "one learns otherwise; that n_jobs changes nothing: tests/encoders"
}
TRAINED = {"max_epochs": 2, "batch_size": 3, "random_state": 0, "device": "cpu"}
TRAINING = {
    "n_components": [3, 5],
    "learning_rate": [0.01, 0.03],
    "weight_decay": [0.01, 20.0],
    "max_epochs": [2, 3],
    "early_stopping": [False, True],
    "random_state": [0, 1],
}
SEEN = IMAGES | {"color_space": ["rgb", "grey"]}
WAVES = TRAINED | {"hidden_size": 4}
OVER_TIME = {
    "hidden_size": [4, 6],
    "pooling": ["attention", "mean", "max", "last"],
    "max_length": [1000, 10],
}
RECURRENT = {"cell": ["lstm", "gru"], "n_layers": [1, 2], "bidirectional": [True, False]}
EXTRACTORS |= {
    "ConvEncoder": Entry(
        ConvEncoder(3, channels=(4, 6), learning_rate=0.01, image_size=32, **TRAINED),
        PICTURES,
        TRAINING
        | SEEN
        | {
            "output": ["features", "scores"],
            "channels": [(4, 6), (4, 4, 8)],
            "mean": [None, 0.2],
            "std": [None, [0.4, 0.5, 0.6]],
            "augmenter": [None, ImageAugmenter(), ImageAugmenter(flip=1.0)],
            "dropout": [0.2, 0.5],
        },
        tolerance=1e-4,
        expected=STEPS,
        y=["dark", "bright"] * 3,
    ),
    "ConvEncoder-backbone": Entry(
        ConvEncoder(3, backbone="squeezenet1_1", weights=None, image_size=32, **TRAINED),
        PICTURES,
        {
            "backbone": ["squeezenet1_1", "squeezenet1_0"],
            "n_stages_trained": [1, 2],
            "backbone_learning_rate": [1e-3, 1e-2],
        },
        tolerance=1e-4,
        expected=STEPS,
        y=["dark", "bright"] * 3,
    ),
    "ImageAutoEncoder": Entry(
        ImageAutoEncoder(3, channels=(4, 6), learning_rate=0.01, image_size=16, **TRAINED),
        PICTURES,
        TRAINING | SEEN | {"image_size": [16, (12, 16)], "channels": [(4, 6), (4, 4, 8)]},
        tolerance=1e-4,
        expected=STEPS,
    ),
    "RecurrentEncoder": Entry(
        RecurrentEncoder(3, **WAVES),
        SERIES,
        TRAINING
        | OVER_TIME
        | RECURRENT
        | {"output": ["features", "scores"], "dropout": [0.2, 0.5]},
        tolerance=1e-4,
        expected=STEPS,
        y=["slow", "fast", "slow", "fast", "slow"],
    ),
    "RecurrentEncoder-words": Entry(
        RecurrentEncoder(3, sequence="words", hidden_size=4, **TRAINED),
        texts(),
        {"embedding_size": [4, 6], "sequence": ["words", WordReader(min_df=1)]},
        tolerance=1e-4,
        expected=STEPS,
        y=["car", "apple"] * 4,
    ),
    "TemporalConvEncoder": Entry(
        TemporalConvEncoder(3, n_blocks=2, **WAVES),
        SERIES,
        TRAINING
        | OVER_TIME
        | {
            "output": ["features", "scores"],
            "dropout": [0.2, 0.5],
            "n_blocks": [2, 3],
            "kernel_size": [3, 5],
        },
        tolerance=1e-4,
        expected=STEPS,
        y=["slow", "fast", "slow", "fast", "slow"],
    ),
    "SequenceAutoEncoder": Entry(
        SequenceAutoEncoder(3, **WAVES),
        SERIES,
        TRAINING | OVER_TIME | RECURRENT | {"dropout": [0.0, 0.5]},
        tolerance=1e-4,
        expected=STEPS,
    ),
}

BRIEFLY = {"n_components": 8, "max_epochs": 3, "random_state": 0, "device": "cpu"}
LEARNING = {
    "n_components": [8, 12],
    "dropout": [0.0, 0.5],
    "modality_dropout": [0.0, 0.5],
    "learning_rate": [0.01, 0.1],
    "weight_decay": [0.0, 20.0],
    "batch_size": ["auto", 10],
    "max_epochs": [3, 2],
    "early_stopping": [False, True],
    "random_state": [0, 1],
}
FUSIONS = {
    "CCAFusion": Entry(
        CCAFusion(),
        searchable={
            "n_components": [1, 2],
            "shrinkage": [0.0, 0.5, 1.0],
            "output": ["concat", "mean"],
            "scale": ["standard", "block"],
            "max_rank": [None, 2],
        },
        tolerance=1e-5,
    ),
    "ConcatFusion": Entry(
        ConcatFusion(),
        searchable={"scale": ["standard", "block", None, {"image": "block"}]},
        tolerance=1e-5,
    ),
    "ConcatFusion-indicator": Entry(
        ConcatFusion(add_indicator=True), searchable={"scale": ["block", None]}, tolerance=1e-5
    ),
    "FrameFusion": Entry(
        FrameFusion(n_frames_out=3),
        searchable={
            "n_frames": [None, {"image": 5}, {"audio": 3}],
            "n_frames_out": [1, 2],
            "scale": ["standard", "block", None],
        },
        tolerance=1e-5,
    ),
    "WeightedFusion": Entry(
        WeightedFusion(),
        searchable={
            "weights": ["score", "alignment", {"image": 0.5}, [1.0, 2.0]],
            "scale": ["standard", "block", None],
        },
        tolerance=1e-5,
    ),
    "WeightedFusion-alignment": Entry(
        WeightedFusion("alignment"), searchable={"scale": ["standard", "block"]}, tolerance=1e-5
    ),
    "BilinearFusion": Entry(
        BilinearFusion(64, random_state=0),
        searchable={
            "n_components": [32, 64],
            "include_blocks": [True, False],
            "normalize": [False, True],
            "scale": ["standard", "block", None],
            "random_state": [0, 1],
        },
        tolerance=1e-5,
    ),
    "KernelFusion": Entry(
        KernelFusion(n_components=10, random_state=0),
        searchable={
            "kernel": ["rbf", "poly", "linear", {"image": "cosine"}],
            "n_components": [5, 10],
            "weights": ["alignment", "uniform", {"image": 0.5}, [1.0, 2.0]],
            "gamma": ["scale", 0.1, {"audio": 2.0}],
            "scale": ["standard", "block"],
            "random_state": [0, 1],
        },
        tolerance=1e-5,
    ),
    "KernelFusion-poly": Entry(
        KernelFusion("poly", 10, "uniform", gamma=0.5, random_state=0),
        searchable={"degree": [2, 3], "scale": ["standard", "block", None]},
        tolerance=1e-5,
    ),
    "WeightedFusion-indicator": Entry(
        WeightedFusion(add_indicator=True), searchable={"scale": ["block", None]}, tolerance=1e-5
    ),
    "GatedFusion": Entry(GatedFusion(**BRIEFLY), searchable=LEARNING, tolerance=1e-5),
    "AttentionFusion": Entry(
        AttentionFusion(**BRIEFLY), searchable=LEARNING | {"n_heads": [4, 2]}, tolerance=1e-5
    ),
    "TensorFusion": Entry(
        TensorFusion(**BRIEFLY), searchable=LEARNING | {"rank": [4, 2]}, tolerance=1e-5
    ),
}

SCALED = make_pipeline(ConcatFusion(), LogisticRegression(tol=1e-6))
LIBSVM_SEED = {
    "check_random_state_untouched": "libsvm draws its seed from NumPy's global state, as in SVR"
}
DEEP = {"hidden_layer_sizes": (8,), "max_epochs": 30, "learning_rate": 0.01}
DEEP |= {"random_state": 0, "device": "cpu"}
DEEP_SETTINGS = {
    "hidden_layer_sizes": [(8,), (12, 6)],
    "n_components": [None, 8],
    "activation": ["relu", "tanh", "gelu", "logistic", "identity"],
    "dropout": [0.0, 0.5],
    "modality_dropout": [0.0, 0.5],
    "scale": ["standard", "block", None],
    "optimizer": ["adamw", "adam", "sgd"],
    "learning_rate": [0.01, 0.1],
    "schedule": ["constant", "cosine"],
    "weight_decay": [0.01, 5.0],
    "max_gradient_norm": [None, 1e-3],
    "batch_size": ["auto", 10],
    "max_epochs": [30, 20],
    "early_stopping": [False, True],
    "precision": ["float32", "bfloat16"],
    "random_state": [0, 1],
}
HEADS = {
    "DeepFusionClassifier": Entry(
        DeepFusionClassifier(**DEEP),
        searchable=DEEP_SETTINGS
        | {
            "fusion": ["concat", "weighted", "gated", "attention", "tensor", "joint"],
            "class_weight": [None, {0: 3.0}],
        },
        tolerance=1e-5,
    ),
    "DeepFusionClassifier-gated": Entry(
        DeepFusionClassifier(**DEEP, fusion="gated", n_components=8),
        searchable={"n_components": [8, 12], "modality_dropout": [0.0, 0.5]},
        tolerance=1e-5,
    ),
    "DeepFusionRegressor": Entry(
        DeepFusionRegressor(**DEEP), searchable=DEEP_SETTINGS, tolerance=1e-5
    ),
    "MultiKernelSVC": Entry(
        MultiKernelSVC(),
        searchable={
            "C": [0.1, 1.0],
            "combination": ["sum", "product"],
            "kernel": ["rbf", "linear", "poly", "sigmoid", {"image": "linear"}],
            "weights": ["uniform", "alignment", "easymkl", {"image": 0.5}, [1.0, 2.0]],
            "gamma": ["scale", 0.1, {"audio": 0.1}],
            "scale": ["centred", "block", "standard"],
        },
        tolerance=1e-5,
    ),
    "MultiKernelSVC-product": Entry(
        MultiKernelSVC(combination="product"),
        searchable={
            "weights": ["uniform", "alignment", "easymkl", {"image": 0.5}],
            "gamma": ["scale", 0.1],
            "scale": ["centred", "block", "standard", None],
        },
        tolerance=1e-5,
    ),
    "SVMClassifier": Entry(
        SVMClassifier(), searchable={"C": [0.1, 1.0], "kernel": ["rbf", "linear"]}, tolerance=1e-5
    ),
    "SVMRegressor": Entry(
        SVMRegressor(),
        searchable={"C": [0.1, 1.0], "kernel": ["rbf", "linear"]},
        tolerance=1e-5,
        expected=LIBSVM_SEED,
    ),
    "DistilledClassifier": Entry(
        DistilledClassifier(SCALED, SCALED, cv=3),
        searchable={
            "temperature": [0.5, 5.0],
            "mixing_weight": [0.1, 0.9],
            "cv": [2, 5],
            "student__logisticregression__C": [0.1, 1.0],
        },
        tolerance=1e-5,
    ),
    "LateFusionClassifier": Entry(
        LateFusionClassifier(cv=3),
        searchable={
            "combination": ["mean", "weighted", "product", "max", "majority", "stacking"],
            "estimator": [None, SVMClassifier()],
            "scale": ["standard", "block", None],
        },
        tolerance=1e-5,
    ),
    "LateFusionClassifier-decisions": Entry(
        LateFusionClassifier(RidgeClassifier()),
        searchable={"estimator__alpha": [0.1, 1.0]},
        tolerance=1e-5,
    ),
    "LateFusionClassifier-weighted": Entry(
        LateFusionClassifier(combination="weighted"),
        searchable={"weights": ["score", {"image": 0.5}, [1.0, 3.0]], "cv": [2, 5]},
        tolerance=1e-5,
    ),
    "LateFusionClassifier-stacking": Entry(
        LateFusionClassifier(combination="stacking"),
        searchable={"cv": [2, 5], "final_estimator": [None, LogisticRegression(C=0.1)]},
        tolerance=1e-5,
    ),
    "LateFusionRegressor": Entry(
        LateFusionRegressor(cv=3),
        searchable={
            "combination": ["mean", "weighted", "stacking"],
            "scale": ["standard", "block", None],
        },
        tolerance=1e-5,
    ),
    "LateFusionRegressor-weighted": Entry(
        LateFusionRegressor(combination="weighted"),
        searchable={"weights": ["score", {"image": 0.5}, [1.0, 3.0]]},
        tolerance=1e-5,
    ),
    "LateFusionRegressor-stacking": Entry(
        LateFusionRegressor(combination="stacking"),
        searchable={"cv": [2, 5], "final_estimator": [None, Ridge(alpha=0.1)]},
        tolerance=1e-5,
    ),
}

COLUMN_TRANSFORMER = {
    "check_complex_data": "ColumnTransformer leaves the check to its transformers",
    "check_estimators_empty_data_messages": "ColumnTransformer selects columns before it checks",
    "check_estimators_nan_inf": "ColumnTransformer lets missing values through to transformers",
    "check_estimator_sparse_array": "ColumnTransformer indexes columns, which COO cannot",
    "check_estimator_sparse_matrix": "ColumnTransformer indexes columns, which COO cannot",
    "check_fit2d_1feature": "the instance selects two columns",
    "check_fit2d_predict1d": "ColumnTransformer selects columns before it checks",
}
WEIGHTED = "libsvm weighs the bound of a row, which is not the same as repeating it"
SAMPLE_WEIGHT = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTED,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTED,
}
BATCHED = "batches are drawn from the rows, so that a row of weight 2 is not two rows"
BY_BATCHES = {
    "check_sample_weight_equivalence_on_dense_data": BATCHED,
    "check_sample_weight_equivalence_on_sparse_data": BATCHED,
}
COLUMNS = [("columns", StandardScaler(), [0, 1])]


@dataclass
class Parented:
    """An estimator under scikit-learn's own checks, beside the class it stands for."""

    estimator: Any
    parent: Any = None
    expected: dict[str, str] = field(default_factory=dict)


UNDER_SKLEARN_CHECKS = {
    "ModalityTransformer": Parented(
        ModalityTransformer(COLUMNS), ColumnTransformer(COLUMNS), COLUMN_TRANSFORMER
    ),
    "ModalityTransformer-array": Parented(
        ModalityTransformer(COLUMNS, output="array"), ColumnTransformer(COLUMNS), COLUMN_TRANSFORMER
    ),
    "MultiKernelSVC": Parented(MultiKernelSVC(), SVC(), SAMPLE_WEIGHT),
    "SVMClassifier": Parented(SVMClassifier(), SVC(), SAMPLE_WEIGHT),
    "SVMRegressor": Parented(SVMRegressor(), SVR(), SAMPLE_WEIGHT),
    "DeepFusionClassifier": Parented(DeepFusionClassifier(**DEEP), expected=BY_BATCHES),
    "DeepFusionRegressor": Parented(DeepFusionRegressor(**DEEP), expected=BY_BATCHES),
    "DistilledClassifier": Parented(
        DistilledClassifier(LogisticRegression(), LogisticRegression(), cv=2)
    ),
    "DistilledClassifier-decisions": Parented(
        DistilledClassifier(RidgeClassifier(), RidgeClassifier(), cv=2)
    ),
    "LateFusionClassifier": Parented(LateFusionClassifier()),
    "LateFusionClassifier-weighted": Parented(LateFusionClassifier(combination="weighted", cv=2)),
    "LateFusionClassifier-stacking": Parented(LateFusionClassifier(combination="stacking", cv=2)),
    "LateFusionClassifier-majority": Parented(LateFusionClassifier(combination="majority")),
    "LateFusionClassifier-decisions": Parented(LateFusionClassifier(RidgeClassifier())),
    "LateFusionRegressor": Parented(LateFusionRegressor()),
    "LateFusionRegressor-stacking": Parented(
        LateFusionRegressor(combination="stacking", cv=2),
        expected={
            "check_sample_weight_equivalence_on_sparse_data": "Ridge solves sparse rows by "
            "iterations, to a tolerance above that of the check"
        },
    ),
    "ConcatFusion": Parented(ConcatFusion()),
    "FrameFusion": Parented(FrameFusion()),
    "WeightedFusion": Parented(WeightedFusion()),
    "BilinearFusion": Parented(BilinearFusion()),
    "KernelFusion": Parented(KernelFusion()),
    "ModalityDropout": Parented(ModalityDropout(random_state=0)),
    "GatedFusion": Parented(GatedFusion(**BRIEFLY)),
    "AttentionFusion": Parented(AttentionFusion(**BRIEFLY, n_heads=1)),
    "TensorFusion": Parented(TensorFusion(**BRIEFLY)),
    "CCAFusion": Parented(CCAFusion()),
    "PerBlock": Parented(PerBlock(MaxAbsScaler())),
}

NO_TRANSFORMERS = {
    "ImageReader": "gives samples, not features: tests/image",
    "AudioReader": "gives samples, not features: tests/audio",
    "SeriesReader": "gives samples, not features: tests/series",
    "WordReader": "gives samples, not features: tests/text",
    "VideoReader": "gives samples, not features: tests/video",
    "SoundTrackReader": "gives samples, not features: tests/video",
    "ImageAugmenter": "changes pictures, gives no features: tests/image",
}
