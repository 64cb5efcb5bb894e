import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import mmsk
from mmsk import CNNEmbedder, compression_report

X, y = load_digits(return_X_y=True)
TRAIN, TEST = slice(0, 600), slice(600, 900)


def test_a_table_of_classifiers():
    one = LogisticRegression(C=1e-3, max_iter=1000).fit(X[TRAIN], y[TRAIN])
    other = SVC().fit(X[TRAIN], y[TRAIN])
    report = compression_report({"one": one, "other": other}, X[TEST], y[TEST])
    assert list(report.index) == ["one", "other"]
    assert report["size"].tolist() == [1, report["bytes"]["other"] / report["bytes"]["one"]]
    same = (one.predict(X[TEST]) == other.predict(X[TEST])).mean()
    assert report["same_predictions"].tolist() == [1, same]
    assert report["score"].tolist() == [model.score(X[TEST], y[TEST]) for model in (one, other)]
    assert (report["rows_per_second"] > 0).all()
    difference = np.abs(other.decision_function(X[TEST]) - one.predict_proba(X[TEST])).max()
    expected = difference / one.predict_proba(X[TEST]).max()
    assert report["largest_difference"].tolist() == [0, pytest.approx(expected)]


def test_regressors_and_transformers_have_no_same_predictions():
    models = {alpha: Ridge(alpha).fit(X[TRAIN], y[TRAIN]) for alpha in (1, 1000)}
    report = compression_report(models, X[TEST])
    assert "score" not in report
    assert report["same_predictions"].isna().all()
    assert report["largest_difference"].tolist() == [0, pytest.approx(0.3, abs=0.3)]
    scaler = StandardScaler().fit(X[TRAIN])
    report = compression_report({"a": scaler, "b": scaler}, X[TEST])
    assert report["largest_difference"].tolist() == [0, 0]


def test_other_classes_cannot_be_compared_by_values():
    models = {
        "ten": SVC().fit(X[TRAIN], y[TRAIN]),
        "two": SVC().fit(X[TRAIN], y[TRAIN] > 4),
    }
    assert np.isnan(compression_report(models, X[TEST])["largest_difference"]["two"])


def test_weights_files_count_and_rows_are_computed(tmp_path):
    import torch
    from torchvision import models as networks

    with torch.random.fork_rng(devices=[]):
        torch.save(networks.squeezenet1_0(weights=None).state_dict(), tmp_path / "net.pth")
    parameters = {"weights": tmp_path / "net.pth", "image_size": 64}
    cells = pd.Series([np.eye(64), None, np.tri(64)], dtype=object)
    with mmsk.config_context(cache=True, cache_dir=tmp_path / "store"):
        embedder = CNNEmbedder("squeezenet1_0", **parameters)
        smaller = mmsk.compress(embedder, weights_folder=tmp_path)
        report = compression_report({"given": embedder, "smaller": smaller}, cells)
        assert mmsk.cache_info().empty
    assert report["bytes"]["given"] > (tmp_path / "net.pth").stat().st_size
    assert report["size"]["smaller"] < 0.5
    assert report["largest_difference"]["smaller"] < 0.01


def test_what_cannot_be_reported():
    with pytest.raises(ValueError, match="holds no model to compare"):
        compression_report({}, X)
    with pytest.raises(NotFittedError, match="SVC instance is not fitted"):
        compression_report({"svm": SVC()}, X)
