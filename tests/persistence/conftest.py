"""Small models in files, and a cache folder of their own."""

import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import mmsk

X, Y = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def user_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def iris_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "iris.mmsk"
    mmsk.save(make_pipeline(StandardScaler(), SVC()).fit(X, Y), path)
    return path.read_bytes()


@pytest.fixture
def iris(iris_bytes, tmp_path):
    """File of a pipeline of a scaler and an SVC, which a test may change."""
    path = tmp_path / "iris.mmsk"
    path.write_bytes(iris_bytes)
    return path
