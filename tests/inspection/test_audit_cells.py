"""Audits whose cells are read in processes of their own."""

import io
import os

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from killing_reader import KillingReader

from mmsk import audit, config_context
from mmsk._decoding.pool import decoders

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes that decode need POSIX")
MODALITIES = {"photo": "image", "clip": "audio", "price": "numeric"}


@pytest.fixture
def processes():
    with config_context(decode_workers="process"):
        yield
    decoders.close()


def encoded(number):
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.usefixtures("processes")
def test_a_cell_that_kills_its_process_is_a_bad_cell_and_the_rest_is_as_in_threads():
    noise = np.random.default_rng(0).normal(size=(8000, 1)).astype(np.float32) / 10
    table = pd.DataFrame(
        {
            "photo": [b"deadly", encoded(0), encoded(1), encoded(0)],
            "clip": [(noise, 8000), (np.hstack([noise, -noise]), 8000), (noise[::-1], 8000), None],
            "price": [1.0, 2.0, np.inf, 4.0],
        }
    )
    readers = {"image": KillingReader()}
    found = audit(table, MODALITIES, readers=readers)
    assert found[["row", "column", "stage", "kind"]].to_numpy().tolist() == [
        [0, "photo", "decode", "bad"],
        [3, "photo", "duplicate", "suspicious"],
        [1, "clip", "content", "suspicious"],
        [2, "price", "check", "bad"],
    ]
    assert found["reason"][0].startswith("the decoder's process was killed by SIGKILL")
    assert found["reason"][2] == "the channels of a sound cancel each other"
    with config_context(decode_workers="thread"):
        in_threads = audit(table.drop(index=0), MODALITIES, readers=readers)
    columns = ["label", "column", "item", "stage", "kind"]
    pd.testing.assert_frame_equal(in_threads[columns], found[columns][1:].reset_index(drop=True))
