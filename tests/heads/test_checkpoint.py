"""Checkpoints: what is written, that it is whole, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest

from mmsk import Checkpoint, DeepFusionClassifier

BRIEFLY = {"hidden_layer_sizes": (8,), "max_epochs": 4, "random_state": 0, "device": "cpu"}


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    y = np.arange(40) % 2
    return generator.normal(size=(40, 3)) + y[:, None], y


def saved(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def test_the_last_best_weights_are_in_the_file(rows, tmp_path):
    path = tmp_path / "run.npz"
    head = DeepFusionClassifier(**BRIEFLY, callbacks=[Checkpoint(path)]).fit(*rows)
    assert saved(path).keys() == head.state_.keys()
    for name, value in saved(path).items():
        np.testing.assert_array_equal(value, head.state_[name])
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


def test_best_only(rows, tmp_path):
    settings = BRIEFLY | {"learning_rate": 3.0, "optimizer": "sgd", "max_epochs": 8}
    weights = {}

    def remember(epoch):
        weights[epoch.number] = epoch.weights(), epoch.is_best

    files = Checkpoint(tmp_path / "best.npz"), Checkpoint(tmp_path / "last.npz", best_only=False)
    head = DeepFusionClassifier(**settings, callbacks=[remember, *files]).fit(*rows)
    best = 1 + int(np.argmin(head.loss_curve_))
    assert best < 8
    assert weights[best][1]
    assert not weights[8][1]
    for file, number in ((files[0], best), (files[1], 8)):
        for name, value in saved(file.path).items():
            np.testing.assert_array_equal(value, weights[number][0][name])


KILLED = """
import os, sys
import numpy as np
from mmsk import Checkpoint, DeepFusionClassifier
y = np.arange(40) % 2
X = np.random.default_rng(0).normal(size=(40, 3)) + y[:, None]
def die(epoch):
    if epoch.number == 3:
        os.kill(os.getpid(), 9)
callbacks = [Checkpoint(sys.argv[1]), die]
settings = {"max_epochs": 4, "random_state": 0, "device": "cpu", "callbacks": callbacks}
DeepFusionClassifier((8,), **settings).fit(X, y)
"""


def test_a_killed_training_goes_on(rows, tmp_path):
    path = tmp_path / "run.npz"
    run = subprocess.run([sys.executable, "-c", KILLED, str(path)], capture_output=True)
    assert run.returncode == -9, run.stderr
    whole = DeepFusionClassifier(**BRIEFLY | {"max_epochs": 3}).fit(*rows)
    for name, value in saved(path).items():
        np.testing.assert_array_equal(value, whole.state_[name])
    resumed = DeepFusionClassifier(**BRIEFLY, initial_weights=path).fit(*rows)
    assert resumed.loss_curve_[0] < whole.loss_curve_[-1]


def test_refused_files(rows, tmp_path):
    path = tmp_path / "run.npz"
    head = DeepFusionClassifier(**BRIEFLY, initial_weights=str(path))
    with pytest.raises(FileNotFoundError, match=r"initial_weights='.*run.npz': no such file"):
        head.fit(*rows)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"run.npz' cannot be read as a file of Checkpoint"):
        head.fit(*rows)
    np.savez(path, **{"output.bias": np.array([None], dtype=object)})
    with pytest.raises(ValueError, match=r"cannot be read .*pickle"):
        head.fit(*rows)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"one.npy' cannot be read"):
        head.set_params(initial_weights=tmp_path / "one.npy").fit(*rows)
    DeepFusionClassifier(**BRIEFLY, callbacks=[Checkpoint(path)]).fit(*rows)
    message = r"does not fit this head and its data: \S+ has the shape \(.*\) instead of \(9,"
    with pytest.raises(ValueError, match=message):
        head.set_params(initial_weights=path, hidden_layer_sizes=(9,)).fit(*rows)
    with pytest.raises(ValueError, match="initial_weights=3 is not a path or None"):
        head.set_params(initial_weights=3).fit(*rows)


def test_a_folder_that_is_not_there(rows, tmp_path):
    callbacks = [Checkpoint(tmp_path / "none" / "run.npz")]
    with pytest.raises(FileNotFoundError, match="none"):
        DeepFusionClassifier(**BRIEFLY, callbacks=callbacks).fit(*rows)


def test_parameters(rows):
    with pytest.raises(ValueError, match="best_only='no' is not one of True, False"):
        DeepFusionClassifier(**BRIEFLY, callbacks=[Checkpoint("a.npz", best_only="no")]).fit(*rows)
    assert repr(Checkpoint("a.npz")) == "Checkpoint('a.npz', best_only=True)"
