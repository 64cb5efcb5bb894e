import io
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from mmsk.audio import MFCC, AudioReader
from mmsk.exceptions import ReadError
from mmsk.samples import AudioClip

READER = AudioReader()
RATE = 16_000


def refused(cell, reason, reader=READER, sample_rate=None):
    with pytest.raises(ReadError, match=reason) as caught:
        reader.read(cell, sample_rate)
    return caught.value


def declare(wav, **fields):
    """Overwrite fields of the 44-byte header of a PCM WAV file."""
    places = {"channels": (22, "<H"), "rate": (24, "<I"), "data_size": (40, "<I")}
    changed = bytearray(wav)
    for name, value in fields.items():
        place, kind = places[name]
        struct.pack_into(kind, changed, place, value)
    return bytes(changed)


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "AIFF", "AU", "FLAC"])
def test_lossless_formats_give_the_samples(encode, sound, kind):
    clip = READER.read(encode(kind))
    assert clip.sample_rate == RATE
    np.testing.assert_allclose(clip.samples, sound, atol=2**-15)


@pytest.mark.parametrize(("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)])
def test_lossy_formats_come_close(encode, sound, kind, subtype):
    clip = READER.read(encode(kind, subtype=subtype))
    assert len(clip.samples) == len(sound)
    assert np.corrcoef(clip.samples, sound)[0, 1] > 0.99


def test_every_container_gives_the_same_samples(tmp_path, encode):
    wav = encode()
    path = tmp_path / "a.wav"
    path.write_bytes(wav)
    samples, rate = soundfile.read(path, dtype="int16")
    with path.open("rb") as file:
        cells = [path, str(path), wav, memoryview(wav), io.BytesIO(wav), file, (samples, rate)]
        cells.append(AudioClip((samples / 2**15).astype(np.float32), rate))
        clips = [READER.read(cell) for cell in cells]
    for clip in clips[1:]:
        np.testing.assert_array_equal(clip.samples, clips[0].samples)


def test_a_file_object_can_be_read_twice(encode):
    file = io.BytesIO(encode())
    assert len(READER.read(file).samples) == len(READER.read(file).samples) == RATE


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint8", "float32", "float64"])
def test_kinds_of_samples_share_one_scale(dtype):
    wave = np.array([-1, -0.5, 0, 0.25, 0.5])
    scale = {"int16": 2**15, "int32": 2**31, "uint8": 2**7}.get(dtype, 1)
    samples = (wave * scale + (128 if dtype == "uint8" else 0)).astype(dtype)
    np.testing.assert_array_equal(READER.read((samples, 8000)).samples, wave)


def test_channels_are_averaged(encode, sound):
    two = np.stack([sound, 0.5 * sound], axis=1)
    np.testing.assert_allclose(READER.read((two, RATE)).samples, 0.75 * sound, atol=1e-7)
    from_file = READER.read(encode(samples=np.stack([sound] * 8, axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(from_file.samples, sound, atol=1e-7)


def test_channels_that_cancel_are_warned_of(sound):
    with pytest.warns(UserWarning, match="channels of a sound cancel each other"):
        READER.read((np.stack([sound, -sound], axis=1), RATE))
    READER.read((np.zeros((100, 2)), RATE))


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_resampling_keeps_the_tone(sound, rate):
    clip = READER.read((sound, RATE), rate)
    assert len(clip.samples) == rate
    spectrum = np.abs(np.fft.rfft(clip.samples))
    assert spectrum.argmax() == 440


def test_one_sample_is_enough(encode):
    assert len(READER.read(encode(samples=np.ones(1))).samples) == 1
    for rate in (100, 22050, 192_000):
        assert len(READER.read((np.ones(1), RATE), rate).samples) >= 1


def test_length_limits(encode, sound):
    refused((sound, RATE), r"1\.0 seconds, over max_seconds=0\.5", AudioReader(max_seconds=0.5))
    refused(encode(), r"1\.0 seconds, over max_seconds=0\.5", AudioReader(max_seconds=0.5))
    refused(encode(), r"1\.000 seconds, under min_seconds=2", AudioReader(min_seconds=2))
    refused(encode(), r"bytes, over max_bytes=100", AudioReader(max_bytes=100))


def test_hours_are_refused_before_decoding(tmp_path):
    path = tmp_path / "hours.flac"
    with soundfile.SoundFile(path, "w", 44_100, 1) as file:
        for _ in range(700):
            file.write(np.zeros(44_100, dtype=np.int16))
    tracemalloc.start()
    try:
        refused(path, r"700\.0 seconds, over max_seconds=600")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_root_confines_paths(tmp_path, encode):
    (tmp_path / "in").mkdir()
    (tmp_path / "out.wav").write_bytes(encode())
    refused("../out.wav", "the path leaves root", AudioReader(root=tmp_path / "in"))


@pytest.mark.parametrize("cell", [b"", io.BytesIO()])
def test_nothing_is_refused(cell):
    refused(cell, r"empty file \(0 bytes\)")


def test_a_file_without_samples_is_refused(encode):
    refused(encode(samples=np.zeros(0)), "empty audio: 0 frames")
    refused((np.zeros(0), 8000), "empty audio: 0 frames")


@pytest.mark.parametrize("text", [b"hello, this is text", b"<html>" * 100, bytes(1000)])
def test_what_is_no_sound_is_refused(tmp_path, text):
    path = tmp_path / "a.wav"
    path.write_bytes(text)
    for cell in (text, path):
        error = refused(cell, "not an audio file that libsndfile reads")
        assert error.stage == "decode"
        assert error.cause is not None


def test_other_formats_are_refused(encode):
    refused(encode("VOC"), "format VOC is not allowed; accepted are WAV")


def test_a_truncated_wav_counts_frames(tmp_path, encode):
    wav = encode()[: 44 + 2 * 7989]
    path = tmp_path / "cut.wav"
    path.write_bytes(wav)
    for cell in (wav, path):
        refused(cell, "^truncated: 7989 of 16000 frames$")


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "FLAC", "OGG", "MP3"])
def test_half_a_file_is_refused(encode, kind):
    content = encode(kind)
    error = refused(content[: len(content) // 2], "truncated|damaged|lost sync")
    assert error.stage == "decode"


def test_a_flac_file_that_loses_sync_is_refused(encode):
    content = bytearray(encode("FLAC"))
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(300)
    refused(bytes(content), "damaged after .* lost sync")


def test_a_stream_of_unknown_length_is_read(encode):
    streamed = declare(encode(), data_size=0xFFFFFFFF)
    assert len(READER.read(streamed).samples) == RATE


def test_a_flac_file_of_unknown_length_is_refused(encode):
    content = bytearray(encode("FLAC"))
    content[21] &= 0xF0  # the number of samples has 36 bits
    content[22:26] = bytes(4)
    refused(bytes(content), "a FLAC file whose header has no length: convert it anew")


def test_what_is_held_at_once_is_bounded(encode, sound):
    small = AudioReader(max_values=RATE - 1)
    for cell in ((sound, RATE), encode(), declare(encode(), data_size=0xFFFFFFFF)):
        refused(cell, "16,000 samples, over max_values=15,999", small)
    assert len(list(small.read_windows(encode(), 0.5))) == 3


def test_a_header_that_promises_gigabytes_takes_no_memory(encode):
    lying = declare(encode(), data_size=2_000_000_000)
    tracemalloc.start()
    try:
        refused(lying, "truncated: 16000 of 1000000000 frames")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_absurd_headers_are_refused(encode):
    refused(declare(encode(), rate=0), "sample rate|not an audio file")
    refused(declare(encode(), rate=2_000_000), "sample rate of 2000000 Hz")
    refused(declare(encode(), channels=60_000), "channels|not an audio file")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(encode, sound, value):
    broken = sound.copy()
    broken[5] = value
    for cell in ((broken, RATE), encode(samples=broken, subtype="FLOAT")):
        refused(cell, "NaN or infinite samples")


def test_samples_beyond_full_scale_are_kept(sound):
    assert READER.read((5 * np.ones(10), RATE)).samples.max() == 5
    refused((np.full(10, 1e12), RATE), r"samples as large as 1e\+12")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ((np.zeros(10),), r"must be \(samples, sample_rate\)"),
        ((8000, np.zeros(10)), r"must be \(samples, sample_rate\)"),
        ((np.zeros(10), "8000"), "the rate a number in Hz"),
        ((np.zeros(10), True), "the rate a number in Hz"),
        ((np.zeros(10), np.complex64(8000)), "the rate a number in Hz"),
        ((np.ma.masked_equal(np.arange(9.0), 3), 8000), "masked in places"),
        ((np.zeros(10), 8000.5), "8000.5 Hz is not a whole number"),
        ((np.zeros(10), np.nan), "not a whole number"),
        ((np.zeros(10), 0), "sample rate of 0 Hz"),
        ((np.zeros(10), -8000), "sample rate of -8000 Hz"),
        ((np.zeros((2, 2, 2)), 8000), r"shape \(2, 2, 2\), not \(n_samples,\)"),
        ((np.zeros((2, 8000)), 8000), "transpose them"),
        ((np.zeros((10, 0)), 8000), "0 channels"),
        ((np.zeros(10, dtype=np.int64), 8000), "dtype int64; accepted are float, int16"),
        ((np.zeros(10, dtype=bool), 8000), "dtype bool"),
        ((["a", "b"], 8000), "samples of dtype"),
        (([[1.0], [1.0, 2.0]], 8000), "samples are not an array"),
        (np.zeros(10), "not a sound: ndarray"),
        (3, "not a sound: int"),
        ("https://example.org/a.wav", "remote input is off"),
        ("missing.wav", "no such file"),
    ],
)
def test_malformed_cells_are_refused(cell, reason):
    assert refused(cell, reason).stage == "check"


def test_a_row_is_named_and_the_others_keep_theirs(encode, sound):
    mfcc = MFCC(5, n_mels=20)
    cells = [(sound, RATE), encode()[:5000], None, (sound, RATE)]
    with pytest.raises(ReadError, match=r"^row 1 .*truncated: 2478 of 16000 frames"):
        mfcc.transform(cells)
    with pytest.warns(UserWarning, match="1 unreadable cell is taken as missing: row 1"):
        features = mfcc.set_params(on_error="missing").transform(cells)
    assert np.isnan(features).all(axis=1).tolist() == [False, True, True, False]
    np.testing.assert_array_equal(features[0], features[3])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"max_seconds": 0}, "max_seconds=0 is not a number above 0"),
        ({"min_seconds": -1}, "min_seconds=-1 is not a number of at least 0"),
        ({"min_seconds": 700}, "min_seconds=700 is not a number of at least 0 and at most 600"),
        ({"max_bytes": 0.5}, "max_bytes=0.5 is not an integer"),
        ({"max_values": 0}, "max_values=0 is not an integer of at least 1"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        MFCC(reader=AudioReader(**parameters)).fit()


def test_only_an_audio_reader_reads():
    with pytest.raises(ValueError, match="is not an AudioReader or None"):
        MFCC(reader="soundfile").fit()
