"""Fuse sequences moment by moment: is this the hand that beats the drum, or another one.

Each row is a sound of drum beats and the acceleration of a wrist. Either the wrist beats the drum,
or it beats another one that is not heard. Neither cell tells which, and neither do means over time:
what tells is whether a beat is heard at the moment of a stroke. FrameFusion brings both to one time
grid, frame by frame, although the sound has 41 frames and the wrist 50; a head that looks at single
frames then sees it.

Run: python examples/fusion_frames.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from mmsk import ConcatFusion, FrameFusion, LogMelEmbedder, ModalityTransformer, SVMClassifier

OUTPUT = Path("fusion_frames_output")
N_ROWS = 400
SECONDS, SAMPLE_RATE, WRIST_RATE = 2, 8000, 25
N_BEATS = 5
N_FRAMES = 40


class FrameByFrame(ClassifierMixin, BaseEstimator):
    """Classify every frame of a row by itself, and decide by the mean over the frames."""

    def __init__(self, n_frames: int = N_FRAMES) -> None:
        self.n_frames = n_frames

    def fit(self, X, y):
        """Learn from frames, each with the label of its row."""
        frames = X.reshape(len(X) * self.n_frames, -1)
        head = HistGradientBoostingClassifier(max_iter=50, random_state=0)
        self.head_ = head.fit(frames, np.repeat(y, self.n_frames))
        self.classes_ = self.head_.classes_
        return self

    def predict(self, X):
        """Predict the label of each row."""
        shares = self.head_.predict_proba(X.reshape(len(X) * self.n_frames, -1))
        means = np.log(shares).reshape(len(X), self.n_frames, -1).mean(axis=1)
        return self.classes_[means.argmax(axis=1)]


def main() -> None:
    """Compare features over time with frames side by side, and draw what the frames show."""
    table, y = make_drummers(np.random.default_rng(0))
    train, test = train_test_split(np.arange(N_ROWS), stratify=y, random_state=0)
    wrist = [column for column in table if column != "sound"]
    frames = FrameFusion({"sound": 41, "wrist": len(wrist)}, n_frames_out=N_FRAMES)
    models = {
        "means over time, SVM": make_pipeline(
            features(wrist, "mean"), ConcatFusion(), SVMClassifier()
        ),
        "frames end to end, SVM": make_pipeline(features(wrist), ConcatFusion(), SVMClassifier()),
        "FrameFusion, SVM": make_pipeline(features(wrist), frames, SVMClassifier()),
        "FrameFusion, frame by frame": make_pipeline(features(wrist), frames, FrameByFrame()),
    }
    print(f"Accuracy on {len(test)} test rows:\n")
    for name, model in models.items():
        accuracy = model.fit(table.iloc[train], y[train]).score(table.iloc[test], y[test])
        print(f"  {name:28} {accuracy:6.1%}  {'#' * round(40 * accuracy)}")
    OUTPUT.mkdir(exist_ok=True)
    draw(model[:-1].transform(table), y, OUTPUT / "fusion_frames.png")


def make_drummers(generator: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Make sounds, the acceleration of wrists in columns, and whose wrist it is."""
    y = np.array(["the drummer", "another"])[np.arange(N_ROWS) % 2]
    sounds, wrists = [], []
    for label in y:
        heard = beat_times(generator)
        struck = heard if label == "the drummer" else beat_times(generator)
        noise = generator.normal(size=SECONDS * SAMPLE_RATE)
        loudness = 0.02 + pulses(heard, SAMPLE_RATE, seconds=0.04)
        sounds.append(((0.1 * noise * loudness).astype(np.float32), SAMPLE_RATE))
        shaking = 0.2 * generator.normal(size=SECONDS * WRIST_RATE)
        wrists.append(shaking + pulses(struck, WRIST_RATE, seconds=0.06))
    table = pd.DataFrame(wrists).add_prefix("wrist ")
    table.insert(0, "sound", pd.Series(sounds, dtype=object))
    return table, y


def beat_times(generator: np.random.Generator) -> np.ndarray:
    """Draw the moments of a row's beats, in seconds."""
    return generator.uniform(0.1, SECONDS - 0.1, size=N_BEATS)


def pulses(times: np.ndarray, rate: int, seconds: float) -> np.ndarray:
    """Bumps at some times, `seconds` wide, sampled at `rate` in Hz."""
    clock = np.arange(SECONDS * rate) / rate
    return np.exp(-(((clock[:, None] - times) / seconds) ** 2)).sum(axis=1)


def features(wrist: list[str], pooling: str | None = None) -> ModalityTransformer:
    """Loudness in 3 bands, 20 times a second or over all time, and the wrist as it is."""
    sound = LogMelEmbedder(3, sample_rate=SAMPLE_RATE, n_fft=512, hop_length=400, pooling=pooling)
    if pooling is None:
        sound.set_params(n_frames=41)
    return ModalityTransformer([("sound", sound, "sound"), ("wrist", "passthrough", wrist)])


def draw(fused: np.ndarray, y: np.ndarray, path: Path) -> None:
    """Draw a row of each kind on the common grid, and the frames of all rows."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    frames = fused.reshape(len(fused), N_FRAMES, -1)
    loud, wrist = frames[:, :, 0], frames[:, :, -1]
    figure, axes = plt.subplots(
        2, 2, figsize=(9, 5.5), sharex="col", sharey="col", layout="constrained"
    )
    times = np.linspace(0, SECONDS, N_FRAMES)
    for label, (left, right) in zip(["the drummer", "another"], axes, strict=True):
        row = np.flatnonzero(y == label)[0]
        left.plot(times, loud[row], label="sound, lowest band")
        left.plot(times, wrist[row], label="wrist")
        left.set(ylabel="scaled", title=f"the wrist of {label}: one row")
        chosen = y == label
        right.hexbin(loud[chosen].ravel(), wrist[chosen].ravel(), gridsize=30, bins="log")
        right.set(ylabel="wrist", title="all frames of all such rows")
    axes[1, 0].set_xlabel("seconds")
    axes[1, 1].set_xlabel("sound, lowest band")
    axes[0, 0].legend(loc="upper right", fontsize="small")
    figure.savefig(path, dpi=120)
    print(f"\nChart: {path}")


if __name__ == "__main__":
    main()
