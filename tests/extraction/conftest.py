"""Fixtures for tests of the engine and the feature store."""

import pytest

from mmsk import config_context


@pytest.fixture
def store(tmp_path):
    """Switch the feature store on, in a folder of its own."""
    with config_context(cache=True, cache_dir=tmp_path / "store"):
        yield tmp_path / "store"
