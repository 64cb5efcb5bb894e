"""docs/limits.md names every limit of every reader, with its default."""

import inspect
import re
from pathlib import Path

import pytest

import mmsk
from mmsk.audio import AudioReader
from mmsk.image import ImageReader
from mmsk.series import SeriesReader
from mmsk.video import SoundTrackReader, VideoReader

PAGE = (Path(mmsk.__file__).parents[1] / "docs/limits.md").read_text()
READERS = [ImageReader, AudioReader, SoundTrackReader, VideoReader, SeriesReader]


def table():
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("|")
    ]
    head, _, *readers = rows
    return {
        name: {
            limit: float(value.replace(",", ""))
            for limit, value in zip(head[1:], values, strict=True)
            if value
        }
        for name, *values in readers
    }


def test_every_reader_is_in_the_table():
    assert set(table()) == {reader.__name__ for reader in READERS}


@pytest.mark.parametrize("reader", READERS)
def test_the_table_is_what_the_reader_has(reader):
    parameters = inspect.signature(reader).parameters.values()
    limits = {item.name: item.default for item in parameters if item.name.startswith("max_")}
    assert table()[reader.__name__] == limits
    for name in limits:
        with pytest.raises(ValueError, match=f"{name}=0 is not"):
            reader(**{name: 0}).check_parameters()


def test_fixed_limits_are_those_of_the_code():
    from mmsk.audio._decode import HIGHEST_RATE, LOWEST_RATE
    from mmsk.audio._mono import MOST_CHANNELS
    from mmsk.series._csv import MOST_CHARACTERS_A_LINE
    from mmsk.series._parquet import MOST_PAGE_BYTES

    said = re.sub(r"\s+", " ", PAGE)
    assert (
        f"1 to {MOST_CHANNELS} channels at {LOWEST_RATE} Hz to {HIGHEST_RATE // 1000} kHz" in said
    )
    assert f"{MOST_CHARACTERS_A_LINE:,} characters" in said
    assert f"{MOST_PAGE_BYTES // 2**20} MiB when it is unpacked" in said
