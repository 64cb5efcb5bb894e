import io

import av
import numpy as np
import pytest
import soundfile
from made_videos import moving_square, write_sound_track, write_video

import mmsk
from mmsk.audio import MFCC, AudioReader
from mmsk.compose import SlidingWindows
from mmsk.exceptions import BadCellWarning, MissingDependencyError, ReadError
from mmsk.extraction._fingerprint import fingerprint
from mmsk.video import MotionDescriptors, SoundTrackReader

RATE = 16_000
READER = SoundTrackReader()
LOSSLESS = [
    ("a.mkv", "flac"),
    ("b.mkv", "pcm_s16le"),
    ("c.mov", "pcm_s16be"),
    ("d.avi", "pcm_s16le"),
    ("e.mp4", "flac"),
]
LOSSY = [("a.mp4", "aac"), ("b.webm", "libopus"), ("c.ts", "mp2"), ("d.mkv", "aac")]


def make_sound(n_samples, n_channels=2):
    """A tone that gets louder, with noise, int16 of shape (n_samples, n_channels)."""
    time = np.arange(n_samples)[:, None] / RATE
    wave = 0.3 * np.sin(2 * np.pi * 440 * time) * (1 + time) + np.zeros(n_channels)
    wave += np.random.default_rng(0).normal(0, 0.02, wave.shape)
    return (wave * 32767).clip(-32768, 32767).astype(np.int16)


SOUND = make_sound(RATE + 123)


def refused(cell, reason, reader=READER):
    with pytest.raises(ReadError, match=reason) as caught:
        reader.read(cell)
    return caught.value


def decoded(path):
    """The mean of the channels, by PyAV alone."""
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray() for frame in file.decode(audio=0)]
    scale = 2**15 if frames[0].dtype == np.int16 else 1
    return np.concatenate(frames, axis=1).mean(axis=0, dtype=np.float32) / np.float32(scale)


@pytest.mark.parametrize(("name", "codec"), LOSSLESS)
@pytest.mark.parametrize("pictures", [None, moving_square(10)], ids=["sound", "both"])
def test_lossless_sound_is_what_soundfile_reads(tmp_path, name, codec, pictures):
    path = write_sound_track(tmp_path / name, SOUND, RATE, codec, pictures=pictures)
    soundfile.write(tmp_path / "same.flac", SOUND, RATE)
    for rate in (None, 11_025):
        clip, same = READER.read(path, rate), AudioReader().read(tmp_path / "same.flac", rate)
        assert clip.sample_rate == same.sample_rate
        np.testing.assert_array_equal(clip.samples, same.samples)


@pytest.mark.parametrize(("name", "codec"), LOSSY)
def test_lossy_sound_is_what_ffmpeg_decodes(tmp_path, name, codec):
    sound = make_sound(48_000)
    path = write_sound_track(tmp_path / name, sound, 48_000, codec, pictures=moving_square(10))
    clip = READER.read(path)
    assert clip.sample_rate == 48_000
    np.testing.assert_array_equal(clip.samples, decoded(path))
    assert clip.duration_seconds == pytest.approx(1, abs=0.1)
    spectrum, expected = (
        np.abs(np.fft.rfft(samples[:45_000]))
        for samples in (clip.samples, sound.mean(axis=1) / 2**15)
    )
    assert np.corrcoef(spectrum, expected)[0, 1] > 0.95


def test_channels_are_mixed(tmp_path):
    path = write_sound_track(tmp_path / "a.mkv", make_sound(999, 1), RATE, "flac", "mono")
    np.testing.assert_array_equal(READER.read(path).samples, make_sound(999, 1)[:, 0] / 2**15)
    opposed = (SOUND[:, :1] // 2) * np.array([1, -1], dtype=np.int16)
    path = write_sound_track(tmp_path / "b.mkv", opposed, RATE, "flac")
    with pytest.warns(UserWarning, match="The channels of a sound cancel each other"):
        READER.read(path)


def test_every_cell_gives_the_same(tmp_path):
    path = write_sound_track(tmp_path / "a.mkv", SOUND, RATE, "flac")
    content = path.read_bytes()
    with path.open("rb") as file:
        for cell in (str(path), content, io.BytesIO(content), file, READER.read(path)):
            np.testing.assert_array_equal(READER.read(cell).samples, READER.read(path).samples)
    pair = READER.read((SOUND, RATE))
    np.testing.assert_array_equal(pair.samples, READER.read(path).samples)


def test_extractors_of_sounds_take_videos(tmp_path):
    both = write_sound_track(tmp_path / "a.mkv", SOUND, RATE, "flac", pictures=moving_square(20))
    silent = write_video(tmp_path / "b.mp4", moving_square(20))
    mfcc = MFCC(5, reader=READER)
    row = MFCC(5).transform([(SOUND, RATE)])[0]
    np.testing.assert_array_equal(mfcc.transform([str(both), None])[0], row)
    with pytest.raises(ReadError, match=r"^row 1 .*b\.mp4.*: no audio stream$"):
        mfcc.transform([both, silent])
    mfcc.set_params(on_error="missing", max_bad_fraction=0.5)
    with pytest.warns(BadCellWarning, match="row 1. The first: .*no audio stream"):
        rows = mfcc.transform([both, silent])
    np.testing.assert_array_equal(rows[0], row)
    assert np.isnan(rows[1]).all()
    assert np.isfinite(MotionDescriptors(["difference"], 4).transform([both, silent])).all()


def test_windows_of_the_sound_of_videos(tmp_path):
    path = write_sound_track(tmp_path / "a.mp4", SOUND, RATE, "flac")
    windows = SlidingWindows(MFCC(3, reader=READER), window_length=0.25)
    same = SlidingWindows(MFCC(3), window_length=0.25)
    np.testing.assert_array_equal(windows.transform([path]), same.transform([(SOUND, RATE)]))


def test_rows_of_another_reader_are_others(tmp_path):
    prints = {fingerprint(MFCC(reader=reader), 40)[0] for reader in (None, AudioReader(), READER)}
    prints.add(fingerprint(MFCC(reader=SoundTrackReader(max_seconds=5)), 40)[0])
    assert len(prints) == 4
    path = write_sound_track(tmp_path / "a.mkv", SOUND, RATE, "flac")
    copy = tmp_path / "copy.mkv"
    copy.write_bytes(path.read_bytes())
    with mmsk.config_context(cache_dir=tmp_path / "store", cache=True):
        for cell in (path, copy):
            MFCC(3, reader=READER).transform([cell])
        assert mmsk.cache_info()[["rows", "hits"]].to_numpy().tolist() == [[1, 1]]


def test_real_videos(real_videos):
    with_sound = [path for path in real_videos if path.name.startswith("nasa")]
    for path in with_sound:
        clip = READER.read(path)
        assert str(clip) == "AudioClip(13.056 s at 16000 Hz)"
        with av.open(str(path)) as file:
            frames = [frame.to_ndarray() for frame in file.decode(file.streams.best("audio"))]
        np.testing.assert_array_equal(clip.samples, np.concatenate(frames, axis=1).mean(axis=0))
    for path in set(real_videos) - set(with_sound):
        refused(path, "^no audio stream$")


def test_limits(tmp_path):
    path = write_sound_track(tmp_path / "a.mov", SOUND, RATE, "pcm_s16le")
    refused(path, r"^1\.0 seconds, over max_seconds=0\.5$", SoundTrackReader(0.5))
    refused(path, r"under min_seconds=2$", SoundTrackReader(min_seconds=2))
    refused(path, "over max_bytes=100$", SoundTrackReader(max_bytes=100))
    refused("../a.mov", "the path leaves root", SoundTrackReader(root=tmp_path / "inside"))
    untold = write_sound_track(tmp_path / "a.mkv", SOUND, RATE, "flac")
    refused(untold, r"seconds, over max_seconds=0\.5$", SoundTrackReader(0.5))
    with pytest.raises(ValueError, match="max_seconds=0 is not"):
        MFCC(reader=SoundTrackReader(0)).fit()


@pytest.mark.parametrize(
    ("name", "kept", "reason"),
    [
        ("a.mkv", 0.5, r"truncated: [\d,]+ of [\d,]+ bytes"),
        ("a.avi", 0.5, r"truncated: \d+ of 16123 frames"),
        ("a.mp4", 0.5, "not a whole MP4, MOV file"),
    ],
)
def test_truncated_files(tmp_path, name, kept, reason):
    codec = {"mkv": "flac", "avi": "pcm_s16le", "mp4": "flac"}[name[2:]]
    content = write_sound_track(tmp_path / name, SOUND, RATE, codec).read_bytes()
    refused(content[: int(kept * len(content))], reason)


def test_damaged_packets_are_counted(tmp_path):
    sound = make_sound(20 * RATE)
    content = write_sound_track(tmp_path / "a.mkv", sound, RATE, "flac").read_bytes()
    values = np.frombuffer(content, np.uint8).copy()
    values[2000:-2000:700] ^= 0xFF
    refused(values.tobytes(), r"damaged")


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "flac"), ("a.ts", "mp2")])
def test_mutations_are_read_or_refused(tmp_path, name, codec):
    content = write_sound_track(tmp_path / name, make_sound(24_000), 48_000, codec).read_bytes()
    generator = np.random.default_rng(0)
    reader, outcomes = SoundTrackReader(max_seconds=60), set()
    for _ in range(100):
        changed = np.frombuffer(content, np.uint8).copy()
        places = generator.integers(0, len(changed), generator.integers(1, 20))
        changed[places] = generator.integers(0, 256, len(places), dtype=np.uint8)
        kept = len(changed) if generator.random() < 0.7 else generator.integers(1, len(changed))
        try:
            reader.read(changed[:kept].tobytes())
            outcomes.add("read")
        except ReadError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_without_the_package(tmp_path, monkeypatch):
    path = write_sound_track(tmp_path / "a.mkv", SOUND, RATE, "flac")
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'mmsk\[video\]'"):
        READER.read(path)
