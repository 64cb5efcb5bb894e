"""MiniRocket on real series: accuracy and speed, in mmsk and in aeon.

aeon and mmsk want different versions of NumPy, so each is run in an environment of its own by the
same script, which uses the one that is installed. Both get 10,000 features, five seeds, and the
same head: standardized features and a ridge classifier, as in the paper. Values "as they are" are
what the paper takes; "standardized" are those of mmsk's default, each channel with mean 0 and
deviation 1 over the training series. mmsk takes series at their own lengths; aeon takes series of
one length only, so that they are filled with zeros up to the longest. Seconds are those that a
processor worked, for fit and transform of all series, on one thread.

Without aeon it also shows mmsk's other extractors, with an SVM of C=10.

Run: python benchmarks/series.py
     python_with_aeon benchmarks/series.py
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator

import numpy as np
from real_sets import load_movements, load_series
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEEDS = range(5)
WITH_AEON = importlib.util.find_spec("aeon") is not None

Set = tuple[list, np.ndarray, list, np.ndarray]


def sets() -> Iterator[tuple[str, Set]]:
    """Give each set with its training and test rows; of UTD-MHAD odd subjects train."""
    for name in ("BasicMotions", "GunPoint", "JapaneseVowels"):
        (train, y), (test, y_test) = (load_series(name, part) for part in ("TRAIN", "TEST"))
        yield name, (list(train), y, list(test), y_test)
    table, actions, subjects = load_movements()
    odd = subjects % 2 == 1
    for column in ("inertial", "skeleton"):
        cells = table[column]
        yield (
            f"UTD-MHAD {column}",
            (
                list(cells[odd]),
                actions[odd],
                list(cells[~odd]),
                actions[~odd],
            ),
        )


def with_mmsk(train: list, test: list, seed: int) -> tuple:
    """Embed both parts; return features and the CPU seconds for fit and transform."""
    from mmsk import MiniRocketEmbedder

    return timed(MiniRocketEmbedder(scale=None, random_state=seed, device="cpu"), train, test)


def with_aeon(train: list, test: list, seed: int) -> tuple:
    """Do the same with aeon, on arrays of shape (series, channels, time)."""
    from aeon.transformations.collection.convolution_based import MiniRocket

    arrays = [np.stack([cell.T for cell in part]) for part in (train, test)]
    return timed(MiniRocket(random_state=seed), *arrays)


def variants(train: list, test: list) -> Iterator[tuple[str, list, list]]:
    """Give both parts with values and lengths as they are and changed."""
    joined = np.concatenate(train)
    mean, std = joined.mean(axis=0), joined.std(axis=0)
    longest = max(map(len, train + test))
    for values in ("as they are", "standardized"):
        if values == "standardized":
            train, test = ([(cell - mean) / std for cell in part] for part in (train, test))
        if min(map(len, train + test)) == longest:
            yield f"{values} | equal", train, test
            continue
        if not WITH_AEON:
            yield f"{values} | own", train, test
        filled = [
            [np.pad(cell, ((0, longest - len(cell)), (0, 0))) for cell in part]
            for part in (train, test)
        ]
        yield f"{values} | filled", *filled


def timed(embedder, train, test) -> tuple:
    """Fit on one part, transform both."""
    started = time.process_time()
    features = embedder.fit(train).transform(train)
    return features, embedder.transform(test), time.process_time() - started


def rockets() -> None:
    """Print accuracy and seconds of MiniRocket on every set."""
    embed = with_aeon if WITH_AEON else with_mmsk
    print("| set | values | lengths | accuracy | of five seeds | CPU seconds |")
    print("|---|---|---|---|---|---|")
    for name, (train, y, test, y_test) in sets():
        for variant, *parts in variants(train, test):
            embed(parts[0][:10], parts[1][:2], 0)  # compiles what is compiled at first use
            scores, seconds = [], []
            for seed in SEEDS:
                features, test_features, taken = embed(*parts, seed)
                head = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 3, 10)))
                scores.append(head.fit(features, y).score(test_features, y_test))
                seconds.append(taken)
            low, high = 100 * min(scores), 100 * max(scores)
            print(
                f"| {name} | {variant} | {100 * np.mean(scores):.2f} | {low:.1f} to {high:.1f} "
                f"| {np.median(seconds):.2f} |",
                flush=True,
            )


def others() -> None:
    """Print the accuracy of other extractors and of their union, with an SVM."""
    from sklearn.pipeline import FeatureUnion

    from mmsk import (
        ConcatFusion,
        MiniRocketEmbedder,
        SeriesStatistics,
        SlidingWindows,
        SpectralSeries,
        SVMClassifier,
    )

    statistics, rocket = SeriesStatistics(), MiniRocketEmbedder(2016)
    extractors = {
        "statistics": statistics,
        "spectra": SpectralSeries(),
        "statistics of windows": SlidingWindows(statistics, window_length=32),
        "MiniRocket (2,016)": rocket,
        "statistics and MiniRocket": FeatureUnion([("statistics", statistics), ("rocket", rocket)]),
    }
    print(f"\n| set | {' | '.join(extractors)} |\n|---{'|---' * len(extractors)}|")
    for name, (train, y, test, y_test) in sets():
        models = [
            make_pipeline(e, ConcatFusion(), SVMClassifier(C=10)) for e in extractors.values()
        ]
        scores = [model.fit(train, y).score(test, y_test) for model in models]
        print(f"| {name} | {' | '.join(f'{100 * score:.1f}' for score in scores)} |", flush=True)


def main() -> None:
    """Print both tables."""
    if not WITH_AEON:
        import mmsk

        mmsk.set_config(cache=False)
    rockets()
    if not WITH_AEON:
        others()


if __name__ == "__main__":
    main()
