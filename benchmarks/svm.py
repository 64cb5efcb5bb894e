"""SVM heads beside scikit-learn's SVC, on one core.

Fits and predicts dense and sparse rows with SVC, with SVMClassifier without any extra, and with
its intelex solver where scikit-learn-intelex is installed, on the same rows in the same run. Then
a grid search over C, with and without shared inner products. Times are of the processor, on one
thread. Run with OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset where an environment sets them.

    python benchmarks/svm.py            # 10,000 rows
    python benchmarks/svm.py --quick    # 3,000 rows
"""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec

import numpy as np
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import normalize
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from mmsk.heads import SVMClassifier

N_FEATURES = 1024
N_TEST = 2000


def rows(n_train: int, n_classes: int) -> tuple[np.ndarray, ...]:
    X, y = make_classification(
        n_train + N_TEST,
        N_FEATURES,
        n_informative=100,
        n_redundant=100,
        n_classes=n_classes,
        random_state=0,
    )
    X = X.astype(np.float32)
    return X[:n_train], y[:n_train], X[n_train:], y[n_train:]


def word_rows(n_train: int, n_classes: int) -> tuple[object, ...]:
    """Rows like TF-IDF: 20 common words of a Zipf vocabulary and 3 of the class."""
    rng = np.random.default_rng(0)
    n_rows, n_words = n_train + N_TEST, 30000
    share = 1 / np.arange(1, n_words + 1)
    share /= share.sum()
    y = rng.integers(0, n_classes, n_rows)
    own = np.stack([rng.permutation(n_words) for _ in range(n_classes)])
    words = rng.choice(n_words, size=(n_rows, 20), p=share)
    theirs = own[y[:, None], rng.choice(n_words, size=(n_rows, 3), p=share)]
    columns = np.hstack([words, theirs]).ravel()
    place = (np.repeat(np.arange(n_rows), 23), columns)
    X = normalize(sparse.csr_matrix((rng.random(columns.size) + 0.5, place), (n_rows, n_words)))
    return X[:n_train], y[:n_train], X[n_train:], y[n_train:]


def contenders() -> dict[str, SVC | SVMClassifier]:
    found = {
        "scikit-learn SVC": SVC(),
        "SVMClassifier": SVMClassifier(reuse_mib=0),
    }
    if find_spec("sklearnex"):
        found["SVMClassifier, solver='intelex'"] = SVMClassifier(solver="intelex")
    return found


def seconds(call: object, *arguments: object) -> tuple[object, float]:
    # Time of the processor, on one thread: other work on the machine does not count.
    start = time.process_time()
    result = call(*arguments)
    return result, time.process_time() - start


def compare(kind: str, data: tuple) -> None:
    X, y, X_test, y_test = data
    print(f"\n{X.shape[0]:,} x {X.shape[1]:,} {kind}, RBF, {len(np.unique(y))} classes\n")
    print("| | fit s | times SVC | predict 2,000 rows s | times SVC | same as SVC | accuracy |")
    print("|---|---|---|---|---|---|---|")
    reference = None
    for name, model in contenders().items():
        # The least of three rounds, but SVC, whose rounds take minutes, has one.
        rounds = 1 if isinstance(model, SVC) else 3
        fit = min(seconds(model.fit, X, y)[1] for _ in range(rounds))
        labels, predict = seconds(model.predict, X_test)
        reference = reference or (fit, predict, labels)
        same = (labels == reference[2]).mean()
        print(
            f"| {name} | {fit:.2f} | {reference[0] / fit:.1f} | {predict:.2f} | "
            f"{reference[1] / predict:.1f} | {same:.2%} | {(labels == y_test).mean():.2%} |"
        )


def search(n_train: int) -> None:
    X, y, _, _ = rows(n_train, 10)
    print(f"\nGridSearchCV, {n_train:,} rows, 10 classes, 6 values of C x 5 folds\n")
    print("| | s | best C | largest difference of a score |")
    print("|---|---|---|---|")
    scores = None
    for name, model in (
        ("scikit-learn SVC", SVC()),
        ("SVMClassifier, reuse_mib=0", SVMClassifier(reuse_mib=0)),
        ("SVMClassifier, reuse_mib=256", SVMClassifier(reuse_mib=256)),
    ):
        grid = GridSearchCV(model, {"C": [0.1, 0.3, 1.0, 3.0, 10.0, 30.0]}, refit=False)
        _, spent = seconds(grid.fit, X, y)
        found = grid.cv_results_["mean_test_score"]
        scores = found if scores is None else scores
        difference = np.abs(found - scores).max()
        print(f"| {name} | {spent:.1f} | {grid.best_params_['C']} | {difference:.4f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3,000 rows instead of 10,000")
    quick = parser.parse_args().quick
    with threadpool_limits(1):
        for n_classes in (2, 10):
            compare("dense float32", rows(3000 if quick else 10000, n_classes))
        compare("CSR, 23 words a row", word_rows(1000 if quick else 5000, 6))
        search(500 if quick else 3000)


if __name__ == "__main__":
    main()
