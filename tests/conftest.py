"""Settings and fixtures for every test."""

import os

import pytest

# Test processes run side by side. A second OpenMP thread beside a busy process waits for it in a
# loop: the small networks of the tests then take several times as long as with one.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_runtest_setup(item):
    """Skip a test marked gpu where there is none, or fail it under MMSK_REQUIRE_CUDA=1."""
    if item.get_closest_marker("gpu") is None:
        return
    import torch

    if not torch.cuda.is_available():
        end = pytest.fail if os.environ.get("MMSK_REQUIRE_CUDA") == "1" else pytest.skip
        end("torch sees no CUDA GPU")
