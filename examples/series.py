"""Sensor series of unequal length: what tells machines apart, in words and in accuracy.

Makes recordings of two sensors of machines that run well, rattle, or wear out, with gaps, of
unequal length, some as .csv files. Statistics and spectra have names that can be read;
MiniRocket with a linear head is the most accurate; windows are for recordings whose length says
nothing.

Run: python examples/series.py
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from mmsk import (
    MiniRocketEmbedder,
    SeriesReader,
    SeriesStatistics,
    SlidingWindows,
    SpectralSeries,
)

OUTPUT = Path("series_output")
SAMPLE_RATE = 100.0
STATES = ["well", "rattling", "worn"]


def main() -> None:
    """Compare extractors in cross-validation, and ask a forest what it looks at."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    recordings, states = make_recordings(120)
    reader = SeriesReader(SAMPLE_RATE)
    print("Three cells of the column:\n")
    for cell in recordings.iloc[:3]:
        what = cell if isinstance(cell, str) else f"a {type(cell).__name__}"
        print(f"  {what:28} {reader.read(cell)}")
    print()
    statistics = SeriesStatistics(reader=reader)
    spectral = SpectralSeries([0, 5, 10, 20, 50], segment_length=128, reader=reader)
    linear = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 3, 10)))
    models = {
        "statistics": (statistics, linear),
        "spectra": (spectral, linear),
        "statistics of windows": (SlidingWindows(statistics, window_length=64), linear),
        "MiniRocket": (MiniRocketEmbedder(2016, reader=reader), linear),
    }
    print("Accuracy in 5-fold cross-validation:\n")
    for name, steps in models.items():
        score = cross_val_score(make_pipeline(*steps), recordings, states, error_score="raise")
        print(f"  {name:22} {score.mean():6.1%}")

    both = FeatureUnion([("statistics", statistics), ("spectra", spectral)])
    forest = make_pipeline(both, RandomForestClassifier(random_state=0)).fit(recordings, states)
    importance = pd.Series(forest[1].feature_importances_, both.get_feature_names_out())
    print("\nWhat a forest looks at:\n")
    print(importance.nlargest(6).round(3).to_string())


def make_recordings(n_recordings: int) -> tuple[pd.Series, np.ndarray]:
    """Return recordings of vibration and temperature, and the states of the machines."""
    generator = np.random.default_rng(0)
    states = np.array(STATES)[generator.integers(0, 3, n_recordings)]
    cells = []
    for number, state in enumerate(states):
        table = recording(state, generator)
        if number % 3 == 0:
            path = OUTPUT / f"machine_{number}.csv"
            table.to_csv(path, index=False)
            cells.append(str(path))
        else:
            cells.append(table)
    return pd.Series(cells, dtype=object, name="recording"), states


def recording(state: str, generator: np.random.Generator) -> pd.DataFrame:
    """Record one machine for 3 to 6 seconds."""
    n_points = generator.integers(300, 600)
    seconds = np.arange(n_points) / SAMPLE_RATE
    vibration = np.sin(2 * np.pi * 8 * seconds + generator.uniform(0, 6))
    vibration += 0.8 * generator.normal(size=n_points)
    temperature = 40 + generator.normal(0, 5) + 0.3 * generator.normal(size=n_points)
    if state == "rattling":
        bursts = np.sin(2 * np.pi * 1.5 * seconds + generator.uniform(0, 6)) > 0.8
        vibration += bursts * np.sin(2 * np.pi * 30 * seconds)
    if state == "worn":
        temperature += 0.15 * seconds
        vibration *= 1 + 0.05 * seconds
    vibration[generator.random(n_points) < 0.02] = np.nan
    return pd.DataFrame({"vibration": vibration, "temperature": temperature})


if __name__ == "__main__":
    main()
