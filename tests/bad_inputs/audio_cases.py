"""Bad sounds, and odd ones that are read: 30 to 45."""

import io
import struct
from functools import cache, partial

import numpy as np
import soundfile
import soxr
from bad_inputs.harness import Case, Elsewhere, Subject, file, given

from mmsk.audio import MFCC, AudioReader
from mmsk.samples import AudioClip

RATE = 16_000
FORMATS = "accepted are WAV, WAVEX, RF64, AIFF, AU, FLAC, OGG, MP3"


def tone(n_samples=RATE, frequency=440.0, rate=RATE):
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(n_samples) / rate)).astype(np.float32)


def encoded(kind="WAV", samples=None, rate=RATE, **options):
    target = io.BytesIO()
    samples = SOUND if samples is None else samples
    soundfile.write(target, samples, rate, format=kind, **options)
    return target.getvalue()


def coefficients(**parameters):
    return MFCC(
        3,
        n_mels=4,
        sample_rate=8000,
        n_fft=64,
        hop_length=64,
        **{"batch_size": 8, **parameters},
    )


@cache
def good_sounds():
    return [(tone(128, 300.0 * number, 8000), 8000) for number in range(1, 11)]  # no files: quick


def declared(content, **fields):
    """Change the header of a PCM WAV file of 44 bytes."""
    places = {"riff": (4, "<I"), "channels": (22, "<H"), "rate": (24, "<I"), "data": (40, "<I")}
    changed = bytearray(content)
    for name, value in fields.items():
        place, kind = places[name]
        struct.pack_into(kind, changed, place, value)
    return bytes(changed)


def long_wav(n_bytes, **fields):
    """Make a WAV file of silence that takes no space: its samples are a hole."""

    def make(folder):
        path = folder / "7.wav"
        with path.open("wb") as target:
            target.write(declared(encoded(), **{"data": n_bytes, **fields})[:44])
            target.truncate(44 + n_bytes)
        return path

    return make


def holed(content, n_bytes=300):
    middle = len(content) // 2
    return content[:middle] + bytes(n_bytes) + content[middle + n_bytes :]


def ogg_pages(content):
    return [place for place in range(len(content)) if content.startswith(b"OggS", place)]


def without_page(content, number):
    places = ogg_pages(content)
    return content[: places[number]] + content[places[number + 1] :]


def without_sync(content, number):
    place = ogg_pages(content)[number]
    return content[:place] + b"...." + content[place + 4 :]


SOUND = tone() + np.random.default_rng(0).normal(0, 0.01, RATE).astype(np.float32)
WAV, AIFF, AU, FLAC, MP3 = map(encoded, ["WAV", "AIFF", "AU", "FLAC", "MP3"])
VORBIS, OPUS = encoded("OGG", subtype="VORBIS"), encoded("OGG", subtype="OPUS")
SOUNDS = Subject("sound", coefficients, good_sounds)
case = partial(Case, subject=SOUNDS)
broken = partial(case, stage="decode")
accepted = partial(case, outcome="accepted")

# 30 to 34: files that are empty, short, cut or damaged

ONE = np.float32([0.5])
EMPTY = "empty audio: 0 frames$"
OGG_PAGE = r"damaged: page \d+ of the Ogg stream "
INCOMPLETE = [
    case(30, "a file of zero bytes", make=file("7.wav", b""), message=r"empty file \(0 bytes\)$"),
    case(
        30, "a WAV without samples", make=file("7.wav", encoded(samples=SOUND[:0])), message=EMPTY
    ),
    case(30, "an array without samples", make=given((SOUND[:0], RATE)), message=EMPTY),
    accepted(
        31,
        "one sample",
        make=given(encoded(samples=ONE, subtype="FLOAT")),
        note="silence is added",
    ),
    case(
        31,
        "less than is asked for",
        make=given(encoded(samples=tone(100))),
        parameters={"reader": AudioReader(min_seconds=0.016)},
        message=r"0\.006 seconds, under min_seconds=0\.016$",
    ),
    broken(
        32,
        "a WAV cut in half",
        make=file("7.wav", WAV[: 44 + 2 * 7989]),
        message="truncated: 7989 of 16000 frames$",
    ),
    *(
        broken(
            32,
            f"an {kind} file cut in half",
            make=file("7", content[: len(content) // 2]),
            message=r"truncated: \d+ of \d+ bytes of sound$",
        )
        for kind, content in {"AIFF": AIFF, "AU": AU}.items()
    ),
    broken(
        33,
        "an MP3 cut at 90 %",
        make=file("7.mp3", MP3[: len(MP3) * 9 // 10]),
        message=r"truncated: \d+ of 16000 frames$",
    ),
    accepted(
        33,
        "an MP3 without its last frame",
        make=given(MP3[: len(MP3) * 98 // 100]),
        note="5 % may be missing: headers count the encoder's padding",
    ),
    broken(
        34,
        "a FLAC file that loses sync",
        make=file("7.flac", holed(FLAC)),
        message=r"damaged after \d+ of 16000 frames: .*lost sync",
        cause=soundfile.LibsndfileError,
    ),
    broken(
        34,
        "a FLAC file with a flipped bit",
        make=given(FLAC[: len(FLAC) // 2] + b"U" + FLAC[len(FLAC) // 2 + 1 :]),
        message=r"damaged after \d+ of 16000 frames: ",
        cause=soundfile.LibsndfileError,
    ),
    broken(
        34,
        "an Ogg Vorbis file with a hole",
        make=file("7.ogg", holed(VORBIS)),
        message=f"{OGG_PAGE}fails its checksum$",
    ),
    broken(
        34,
        "an Ogg Opus file without a page",
        make=file("7.opus", without_page(encoded("OGG", np.tile(SOUND, 4), subtype="OPUS"), 3)),
        message=f"{OGG_PAGE}follows page 2$",
    ),
    broken(
        34,
        "an Ogg file that loses sync",
        make=file("7.ogg", without_sync(VORBIS, 1)),
        message="truncated: the last page of the Ogg stream is missing, sync is lost before byte",
    ),
    broken(
        34,
        "an Ogg file cut at 90 %",
        make=file("7.ogg", VORBIS[: len(VORBIS) * 9 // 10]),
        message="truncated: the last page of the Ogg stream is missing",
    ),
]

# 35 to 38: samples


def changed(place, value):
    samples = SOUND.copy()
    samples[place] = value
    return samples


INFINITE = np.full((100, 2), [np.inf, -np.inf], np.float32)
BOTH, OPPOSED = np.stack([SOUND, SOUND], axis=1), np.stack([SOUND, -SOUND], axis=1)
NO_NUMBER = "NaN or infinite samples$"
SAMPLES = [
    case(35, "an array with NaN", make=given((changed(5, np.nan), RATE)), message=NO_NUMBER),
    case(35, "an array with infinity", make=given((changed(5, -np.inf), RATE)), message=NO_NUMBER),
    case(
        35,
        "a WAV of floats with NaN",
        make=given(encoded(samples=changed(-1, np.nan), subtype="FLOAT")),
        message=NO_NUMBER,
    ),
    case(35, "two channels of opposite infinity", make=given((INFINITE, RATE)), message=NO_NUMBER),
    accepted(36, "silence", make=given((np.zeros(RATE, np.int16), RATE)), note="finite features"),
    accepted(36, "one value throughout", make=given((np.ones(RATE), RATE)), note="finite features"),
    accepted(
        37,
        "stereo",
        make=given((np.stack([SOUND, 0 * SOUND], axis=1), RATE)),
        same_as=given((SOUND / 2, RATE)),
        note="the mean over the channels",
    ),
    accepted(
        37,
        "a WAV of 8 channels",
        make=given(encoded(samples=np.stack([SOUND] * 8, axis=1), subtype="FLOAT")),
        same_as=given((SOUND, RATE)),
        note="the mean over the channels",
    ),
    *(
        accepted(
            37,
            f"channels in opposite phase, {kind}",
            make=given(cell),
            warns="The channels of a sound cancel each other",
            note="warned of",
        )
        for kind, cell in {
            "an array": (OPPOSED, RATE),
            "a WAV": encoded(samples=OPPOSED),
        }.items()
    ),
    *(
        accepted(
            38,
            f"{rate:,} Hz",
            make=given(encoded(samples=tone(rate, rate=rate), rate=rate, subtype="FLOAT")),
            same_as=given((soxr.resample(tone(rate, rate=rate), rate, 8000), 8000)),
            note="resampled",
        )
        for rate in (8000, 44_100)
    ),
]

# 39 to 42: what headers declare


def rate_refused(rate):
    return rf"sample rate of {rate} Hz, not in 100\.\.768000$"


NOT_AUDIO = "not an audio file that libsndfile reads: "
no_sound = partial(broken, cause=soundfile.LibsndfileError)
NO_RATE = f"{NOT_AUDIO}its header has no sample rate$"
HEADERS = [
    no_sound(39, "a WAV of 0 Hz", make=given(declared(WAV, rate=0)), message=NO_RATE),
    no_sound(39, "an AU file of 0 Hz", make=given(AU[:16] + bytes(4) + AU[20:]), message=NO_RATE),
    case(
        39,
        "a WAV of 2 MHz",
        make=given(declared(WAV, rate=2_000_000)),
        message=rate_refused(2_000_000),
    ),
    no_sound(
        39,
        "a WAV of 60,000 channels",
        make=given(declared(WAV, channels=60_000)),
        message=f"{NOT_AUDIO}Too many channels",
    ),
    case(
        39,
        "a WAV of 255 channels",
        make=given(declared(WAV, channels=255)),
        message=r"255 channels, not in 1\.\.64$",
    ),
    case(39, "an array at 0 Hz", make=given((SOUND, 0)), message=rate_refused(0)),
    case(
        39,
        "an array at NaN Hz",
        make=given((SOUND, float("nan"))),
        message="sample rate of nan Hz is not a whole number$",
    ),
    case(
        39,
        "an array of 60,000 channels",
        make=given((np.zeros((9, 60_000), np.float32), RATE)),
        message=r"samples of shape \(9, 60000\) have more than 64 channels; .*: transpose them$",
    ),
    broken(
        40,
        "a WAV that promises 2 GB",
        make=file("7.wav", declared(WAV, riff=2_000_000_036, data=2_000_000_000)),
        message="truncated: 16000 of 1000000000 frames$",
        bomb=True,
    ),
    broken(
        40,
        "an RF64 file that promises 1 TB",
        make=file("7.wav", (rf64 := encoded("RF64"))[:28] + struct.pack("<Q", 2**40) + rf64[36:]),
        message="truncated: 16000 of 549755813888 frames$",
        bomb=True,
    ),
    case(
        40,
        "a WAV of 2 GB",
        make=long_wav(2_000_000_000),
        message="2,000,000,044 bytes, over max_bytes=500,000,000$",
        bomb=True,
    ),
    accepted(
        40,
        "a WAV whose RIFF header says 10 bytes",
        make=given(declared(WAV, riff=10)),
        same_as=given(WAV),
        note="the size of the samples counts",
    ),
    case(
        41,
        "three hours",
        make=long_wav(3 * 3600 * RATE * 2),
        message=r"10,800\.0 seconds, over max_seconds=600$",
        bomb=True,
    ),
    case(
        41,
        "hours of a length that its header does not know",
        make=long_wav(400_000_000, data=0xFFFFFFFF, rate=8000),
        message=r"[\d,]+\.\d seconds, over max_seconds=600$",
        bomb=True,
    ),
    case(
        41,
        "minutes at 768 kHz",
        make=long_wav(400_000_000, rate=768_000),
        message="200,000,000 samples, over max_values=60,000,000$",
        bomb=True,
    ),
    accepted(
        42,
        "an amplitude of 5",
        make=given(encoded(samples=10 * SOUND, subtype="FLOAT")),
        same_as=given((10 * SOUND, RATE)),
        note="kept: full scale is 1",
    ),
    case(
        42,
        "an amplitude of 1e12",
        make=given((SOUND * 1e12, RATE)),
        message=r"samples as large as .*e\+11; full scale is 1 for floats$",
    ),
]

# 43 to 45: other files and kinds of cells

OPEN_FORMATS = {
    "text renamed to .wav": b"These are no samples.",
    "HTML renamed to .wav": b"<!doctype html><html></html>",
    "zeros renamed to .wav": bytes(1000),
    "a RIFF header alone": b"RIFF\4\0\0\0WAVE",
}
INTEGERS = np.round(SOUND * 2**15).astype(np.int16)
AS_FLOAT = INTEGERS.astype(np.float32) / np.float32(2**15)


def same_sound(title, make):
    return accepted(44, title, make=make, same_as=given((AS_FLOAT, RATE)), note="the same features")


def refused_cell(title, cell, message):
    return case(44, title, make=given(cell), message=message)


CELLS = [
    *(
        no_sound(43, title, make=file("7.wav", content), message=NOT_AUDIO)
        for title, content in OPEN_FORMATS.items()
    ),
    case(
        43,
        "a format that is not accepted",
        make=file("7.wav", encoded("VOC")),
        message=f"format VOC is not allowed; {FORMATS}$",
    ),
    same_sound("int16", given((INTEGERS, RATE))),
    same_sound("int32", given((INTEGERS.astype(np.int32) * 2**16, RATE))),
    same_sound("float64", given((AS_FLOAT.astype(np.float64), RATE))),
    same_sound("a rate of type float", given((AS_FLOAT, float(RATE)))),
    same_sound("an AudioClip", given(AudioClip(AS_FLOAT, RATE))),
    same_sound("bytes of a WAV", given(encoded(samples=INTEGERS))),
    same_sound("the path of a FLAC file", file("7.flac", encoded("FLAC", INTEGERS))),
    same_sound("BytesIO", lambda folder: io.BytesIO(encoded("AIFF", INTEGERS))),
    refused_cell("an array without a rate", SOUND, "not a sound: ndarray; accepted are a path"),
    refused_cell("a rate of text", (SOUND, "16000"), r"a pair must be \(samples, sample_rate\)"),
    refused_cell("int64", (INTEGERS.astype(np.int64), RATE), "samples of dtype int64; accepted"),
    refused_cell("three axes", (SOUND[:, None, None], RATE), r"samples of shape \(16000, 1, 1\)"),
    refused_cell(
        "masked samples",
        (np.ma.masked_greater(SOUND, 0.1), RATE),
        "samples that are masked in places: fill them, or cut them out$",
    ),
]

CASES = [*INCOMPLETE, *SAMPLES, *HEADERS, *CELLS]
ELSEWHERE = [
    Elsewhere(
        33,
        "an MP3 of varying bit rate whose header has no length",
        "all of it, counted frame by frame",
        ("tests/audio/test_mpeg.py::test_all_of_a_file_without_length_is_read",),
    ),
    Elsewhere(
        45,
        "damaged files on which a decoder comments",
        "nothing on standard error",
        (
            "tests/audio/test_stderr.py::test_damaged_files_leave_nothing_on_standard_error",
            "tests/audio/test_stderr.py::test_what_others_write_arrives",
        ),
    ),
]
