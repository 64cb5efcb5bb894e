"""Videos for the tests of the video room."""

import os
from pathlib import Path

import pytest
from made_videos import moving_square, write_video


@pytest.fixture(scope="session")
def square():
    return moving_square()


@pytest.fixture(scope="session")
def square_file(tmp_path_factory, square):
    """Two seconds of H.264 at 30 frames a second with a key frame every half second."""
    path = tmp_path_factory.mktemp("video") / "square.mp4"
    return write_video(
        path,
        square,
        options={"x264-params": "keyint=15:scenecut=0"},
        container={"movflags": "faststart"},
    )


@pytest.fixture(scope="session")
def real_videos():
    root = Path(os.environ.get("MMSK_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
    files = sorted(root.glob("video/*.mp4"))
    if not files:
        pytest.skip("no videos: MMSK_TEST_DATA names no folder with video")
    return files
