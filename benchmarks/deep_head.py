"""DeepFusionClassifier beside a plain torch loop, skorch and scikit-learn's MLPClassifier.

All train the same network on the same dense float32 rows in batches of the same size for as many
epochs, on one thread, and take turns in every round, so that whatever else the machine does falls
on all of them. AdamW everywhere, but for MLPClassifier, which has Adam. The plain loops take their
batches from one tensor, as fast ones do; one has torch's AdamW as it is, the other its fused form.
Times are of the processor; ratios are the medians over the rounds. skorch is left out where it is
not installed, bfloat16 where the processor does not compute with it.

    python benchmarks/deep_head.py            # 10,000 x 1,024, 10 epochs, 5 rounds
    python benchmarks/deep_head.py --quick    # 3,000 x 1,024, 3 epochs, 2 rounds
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits
from torch import nn
from torch.nn import functional as F

from mmsk import DeepFusionClassifier

HIDDEN = (1024, 512, 256)
BATCH_SIZE = 200
N_FEATURES = 1024
N_CLASSES = 10
N_TEST = 2000
RATE, DECAY = 0.001, 0.01

Rows = tuple[np.ndarray, np.ndarray]
Trainer = Callable[[Rows, int], Callable[[np.ndarray], np.ndarray]]


def make_rows(n_train: int) -> tuple[Rows, Rows]:
    X, y = make_classification(
        n_train + N_TEST, N_FEATURES, n_informative=100, n_redundant=100, n_classes=N_CLASSES,
        class_sep=2.0, random_state=0,
    )  # fmt: skip
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    return (X[:n_train], y[:n_train]), (X[n_train:], y[n_train:])


def make_network() -> nn.Sequential:
    widths = (N_FEATURES, *HIDDEN)
    layers: list[nn.Module] = []
    for width, next_width in zip(widths, HIDDEN, strict=False):
        layers += [nn.Linear(width, next_width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(HIDDEN[-1], N_CLASSES))


def ours(train: Rows, n_epochs: int, precision: str = "float32") -> Callable:
    head = DeepFusionClassifier(
        HIDDEN, batch_size=BATCH_SIZE, max_epochs=n_epochs, learning_rate=RATE, device="cpu",
        weight_decay=DECAY, early_stopping=False, precision=precision, random_state=0,
    )  # fmt: skip
    return head.fit(*train).predict


def plain(train: Rows, n_epochs: int, fused: bool = False) -> Callable:
    X, y = (torch.from_numpy(part) for part in train)
    network = make_network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY, fused=fused)
    for _ in range(n_epochs):
        total = 0.0
        for rows in torch.randperm(len(X)).split(BATCH_SIZE):
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(network(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()
    return lambda test: network(torch.from_numpy(test)).argmax(dim=1).numpy()


def skorch(train: Rows, n_epochs: int) -> Callable:
    from skorch import NeuralNetClassifier

    net = NeuralNetClassifier(
        make_network, criterion=nn.CrossEntropyLoss, optimizer=torch.optim.AdamW, lr=RATE,
        optimizer__weight_decay=DECAY, batch_size=BATCH_SIZE, max_epochs=n_epochs, verbose=0,
        iterator_train__shuffle=True, train_split=None,
    )  # fmt: skip
    return net.fit(*train).predict


def multi_layer_perceptron(train: Rows, n_epochs: int) -> Callable:
    model = MLPClassifier(
        HIDDEN, batch_size=BATCH_SIZE, max_iter=n_epochs, learning_rate_init=RATE, random_state=0
    )
    return model.fit(*train).predict


def has_bfloat16() -> bool:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return "avx512_bf16" in file.read()


def contestants() -> dict[str, Trainer]:
    found: dict[str, Trainer] = {
        "plain torch loop": plain,
        "plain torch loop, fused AdamW": lambda train, n: plain(train, n, fused=True),
        "DeepFusionClassifier": ours,
    }
    if has_bfloat16():
        found["DeepFusionClassifier, bfloat16"] = lambda train, n: ours(train, n, "bfloat16")
    else:
        print("bfloat16: left out, this processor does not compute with it.")
    if find_spec("skorch"):
        found["skorch"] = skorch
    else:
        print("skorch: left out, it is not installed (pip install skorch).")
    return found | {"MLPClassifier": multi_layer_perceptron}


def main(n_train: int, n_epochs: int, n_rounds: int) -> None:
    trainers = contestants()
    train, test = make_rows(n_train)
    small = train[0][:400], train[1][:400]
    for trainer in trainers.values():  # what is imported and compiled on first use
        trainer(small, 1)
    seconds: dict[str, list[float]] = {name: [] for name in trainers}
    scores: dict[str, list[float]] = {name: [] for name in trainers}
    for _ in range(n_rounds):
        for name, trainer in trainers.items():
            started = time.process_time()
            predict = trainer(train, n_epochs)
            seconds[name].append(time.process_time() - started)
            scores[name].append(100 * np.mean(predict(test[0]) == test[1]))
    print(f"\n{n_train:,} x {N_FEATURES:,} float32, {n_epochs} epochs, batches of {BATCH_SIZE}\n")
    print("| | s | times plain | accuracy % |\n|---|---|---|---|")
    first = np.array(seconds["plain torch loop"])
    for name, taken in seconds.items():
        ratio = np.median(np.array(taken) / first)
        row = f"{min(taken):.2f} | {ratio:.2f} | {np.mean(scores[name]):.1f}"
        print(f"| {name} | {row} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    sizes = (3000, 3, 2) if parser.parse_args().quick else (10_000, 10, 5)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(1):
        main(*sizes)
