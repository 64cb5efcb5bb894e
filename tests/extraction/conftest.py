"""Fixtures for tests of the engine and the feature store."""

import pytest
from kept_work import Work

from mmsk import config_context
from mmsk.extraction import _keeper, _store


@pytest.fixture
def store(tmp_path):
    """Switch the feature store on, in a folder of its own."""
    with config_context(cache=True, cache_dir=tmp_path / "store"):
        yield tmp_path / "store"


@pytest.fixture
def work(tmp_path, store, monkeypatch):
    """Give work to a store that this process has not yet seen."""
    monkeypatch.setattr(_keeper, "_warned", set())
    monkeypatch.setattr(_store, "_tables", {})
    return Work(tmp_path)
