import io
import tracemalloc

import numpy as np
import pytest
import soundfile

from mmsk.audio import AudioReader
from mmsk.audio import _decode as decoding
from mmsk.audio._cut import cut
from mmsk.exceptions import ReadError

RATE = 1000
SOUND = np.random.default_rng(0).normal(0, 0.1, 7321).astype(np.float32)


def in_blocks(samples, *sizes):
    return np.split(samples, np.cumsum(sizes))


@pytest.mark.parametrize("blocks", [[], [10] * 700, [5000, 1, 2, 2000], [1] * 30])
@pytest.mark.parametrize(
    ("length", "hop"),
    [(1.0, None), (1.0, 1.0), (0.1, 2.5), (0.5, 3.0), (7.321, None), (7.32, 0.001), (20, 1)],
)
def test_windows_are_parts_of_the_whole(blocks, length, hop):
    n = round(length * RATE)
    step = round((hop or length / 2) * RATE)
    starts = list(range(0, max(0, len(SOUND) - n) + 1, step))
    if starts[-1] + n < len(SOUND):
        starts.append(len(SOUND) - n)
    found = list(cut(in_blocks(SOUND, *blocks), RATE, length, hop))
    assert len(found) == len(starts)
    for window, start in zip(found, starts, strict=True):
        np.testing.assert_array_equal(window, SOUND[start : start + n])


def test_starts_do_not_drift():
    windows = cut([np.arange(100_000, dtype=np.float32)], 44_100, 0.01, 0.0101)
    starts = np.array([window[0] for window in windows])
    expected = np.round(np.arange(len(starts) - 1) * 0.0101 * 44_100)
    np.testing.assert_array_equal(starts[:-1], expected)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_files_are_read_in_windows(tmp_path, monkeypatch, encode, kind):
    monkeypatch.setattr(decoding, "_VALUES_AT_ONCE", 5000)
    content = encode(kind)
    (tmp_path / "sound").write_bytes(content)
    whole = AudioReader().read(content)
    for cell in (content, tmp_path / "sound", io.BytesIO(content), whole):
        windows = list(AudioReader().read_windows(cell, 0.25, 0.25))
        assert [window.sample_rate for window in windows] == [16_000] * len(windows)
        together = np.concatenate([window.samples for window in windows[:4]])
        np.testing.assert_array_equal(together, whole.samples[:16_000])


def test_hours_take_no_more_memory_than_minutes(tmp_path):
    path = tmp_path / "hours.wav"
    with soundfile.SoundFile(path, "w", 2000, 1, "PCM_U8") as file:
        for _ in range(3 * 60):
            file.write(np.zeros(2000 * 60, dtype=np.int16))
    reader = AudioReader(max_seconds=4 * 3600)
    tracemalloc.start()
    n_windows = sum(1 for _ in reader.read_windows(path, 10, 10))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_windows == 3 * 360
    assert peak < 10e6, "three hours are 86 MB as float32"


def test_what_is_bad_is_refused_in_the_end(encode):
    content = encode("FLAC")
    good = AudioReader().read_windows(content, 0.25)
    assert next(good).duration_seconds == 0.25
    cases = {
        r"truncated: \d+ of 16000 frames|damaged after": (content[: len(content) // 2], {}),
        r"1\.0 seconds, over max_seconds=0\.5": (content, {"max_seconds": 0.5}),
        r"1\.000 seconds, under min_seconds=2": (content, {"min_seconds": 2}),
        "NaN or infinite samples": ((np.r_[np.zeros(900), np.nan], 1000), {}),
        "not a sound: int": (3, {}),
    }
    for reason, (cell, limits) in cases.items():
        with pytest.raises(ReadError, match=reason):
            list(AudioReader(**limits).read_windows(cell, 0.25))


@pytest.mark.parametrize("parameters", [(0,), (0.0001,), ("1",), (1, 0)])
def test_lengths_are_checked(parameters):
    with pytest.raises(ValueError, match=r"is not a number of at least 0\.001"):
        list(AudioReader().read_windows((SOUND, RATE), *parameters))
