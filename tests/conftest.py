"""Fixtures for every test."""

import os

import pytest


def pytest_runtest_setup(item):
    """Skip a test marked gpu where there is none, or fail it under MMSK_REQUIRE_CUDA=1."""
    if item.get_closest_marker("gpu") is None:
        return
    import torch

    if not torch.cuda.is_available():
        end = pytest.fail if os.environ.get("MMSK_REQUIRE_CUDA") == "1" else pytest.skip
        end("torch sees no CUDA GPU")
