import numpy as np
import pytest

from mmsk.video import MotionDescriptors, VideoReader

DIRECTIONS = {0: (0, 1), 1: (1, 1), 2: (1, 0), 3: (1, -1), 4: (0, -1), 5: (-1, -1), 6: (-1, 0)}


@pytest.fixture(scope="module")
def texture():
    """Smooth random structure that fills the picture."""
    coarse = np.random.default_rng(0).uniform(0, 1, (16, 16))
    spectrum = np.fft.fftshift(np.fft.fft2(coarse))
    wide = np.pad(spectrum, 16)
    values = np.fft.ifft2(np.fft.ifftshift(wide)).real
    values = (values - values.min()) / np.ptp(values)
    return (255 * values).astype(np.uint8)


def moved(texture, down, right, n_frames=6):
    return np.stack([np.roll(texture, (k * down, k * right), (0, 1)) for k in range(n_frames)])


def test_differences_are_means_of_absolute_changes_in_cells():
    frames = np.random.default_rng(0).integers(0, 256, (4, 48, 64, 3), dtype=np.uint8)
    grey = frames @ np.array([0.299, 0.587, 0.114]) / 255
    expected = np.abs(np.diff(grey, axis=0)).reshape(3, 2, 24, 2, 32).mean(axis=(2, 4))
    motion = MotionDescriptors(["difference"], 4, grid=2)
    np.testing.assert_allclose(motion.frames((frames, 4)).T, expected.reshape(3, 4), rtol=1e-4)


@pytest.mark.parametrize(("direction", "step"), DIRECTIONS.items())
def test_flow_has_the_direction_and_the_length_of_the_movement(texture, direction, step):
    motion = MotionDescriptors(["flow"], 6, grid=1, frame_size=48)
    values = motion.frames((moved(texture, *step), 6))
    assert (values.argmax(axis=0) == direction).all()
    length = np.hypot(*step) / 48
    assert values[direction].mean() == pytest.approx(length, rel=0.15)


def test_parts_tell_what_comes_first(texture):
    there = moved(texture, 0, 1, 9)
    frames = np.concatenate([there, there[-2::-1]])
    motion = MotionDescriptors(["flow"], len(frames), grid=1, n_parts=2, normalize=False)
    (row,) = motion.transform([(frames, 10)])
    values = dict(zip(motion.get_feature_names_out(), row, strict=True))
    for part, towards, away in ((0, 0, 4), (1, 4, 0)):
        right_way = values[f"flow_cell0_0_direction{towards}_mean_part{part}"]
        assert right_way > 5 * values[f"flow_cell0_0_direction{away}_mean_part{part}"]


def test_names_follow_the_values(texture):
    frames = moved(texture, 0, 1)
    frames[:, 24:] = 7
    motion = MotionDescriptors(n_frames=6, grid=2, n_parts=1, normalize=False)
    names = motion.get_feature_names_out().tolist()
    (row,) = motion.transform([(frames, 6)])
    assert len(names) == len(set(names)) == len(row) == 4 + 4 * 8
    assert row[names.index("difference_cell0_1_mean_part0")] > 0.01
    assert row[names.index("difference_cell1_1_mean_part0")] == 0


def test_statistics_pool_the_steps_of_a_part(square):
    cell = (square, 30)
    steps = MotionDescriptors(["difference"], 9, grid=2).frames(cell).T
    plain = {"grid": 2, "normalize": False}
    motion = MotionDescriptors(["difference"], 9, n_parts=2, pooling=["max", "std"], **plain)
    expected = [values for part in (steps[:4], steps[4:]) for values in (part.max(0), part.std(0))]
    np.testing.assert_allclose(motion.transform([cell])[0], np.concatenate(expected), rtol=1e-4)
    kept = MotionDescriptors(["difference"], 9, pooling=None, **plain)
    np.testing.assert_allclose(kept.transform([cell])[0], steps.ravel(), rtol=1e-6)
    assert kept.get_feature_names_out()[4] == "difference_cell0_0_frame1"


def test_normalized_rows_are_roots_of_length_1_for_each_descriptor(square):
    plain = MotionDescriptors(n_frames=9, grid=2, n_parts=2, pooling=["mean", "trend"])
    names = plain.get_feature_names_out()
    (normalized,) = plain.transform([(square, 30)])
    (row,) = plain.set_params(normalize=False).transform([(square, 30)])
    for descriptor in ("difference", "flow"):
        part = [name.startswith(descriptor) for name in names]
        roots = np.sign(row[part]) * np.sqrt(np.abs(row[part]))
        np.testing.assert_allclose(normalized[part], roots / np.linalg.norm(roots), atol=1e-6)


@pytest.mark.parametrize("n_frames", [1, 2, 3])
def test_still_and_short_videos_give_finite_features(n_frames):
    for frames in (np.zeros((n_frames, 40, 30)), np.ones((n_frames, 9, 200))):
        motion = MotionDescriptors()
        (row,) = motion.transform([(frames, 1)])
        assert len(row) == len(motion.get_feature_names_out())
        assert np.isfinite(row).all()


def test_a_file_gives_what_its_frames_give(square_file):
    clip = VideoReader().read(square_file, 16)
    of_frames = MotionDescriptors().transform([clip])
    np.testing.assert_allclose(MotionDescriptors().transform([square_file]), of_frames, atol=1e-6)


def test_neighbours_and_threads_change_no_bit(square):
    cells = [(square[start:], 30) for start in (0, 10, 20)] + [None]
    rows = MotionDescriptors(n_jobs=2, batch_size=2).transform(cells)
    np.testing.assert_array_equal(MotionDescriptors().transform(cells[2:3])[0], rows[2])
    assert np.isnan(rows[3]).all()


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"descriptors": ["flwo"]}, "descriptors='flwo' is not one of 'difference', 'flow'"),
        ({"descriptors": "flow"}, "descriptors='flow' is not a list of names"),
        ({"n_frames": 1}, "n_frames=1 is not an integer of at least 2"),
        ({"grid": 0}, "grid=0 is not an integer of at least 1"),
        ({"frame_size": 4}, "frame_size=4 is not an integer of at least 8"),
        ({"n_parts": 0}, "n_parts=0 is not an integer of at least 1"),
        ({"normalize": "l2"}, "normalize='l2' is not one of True, False"),
        ({"pooling": "mena"}, "pooling='mena' is not one of 'mean', 'std'"),
        ({"sampling": "stride"}, "sampling='stride' needs the time between frames"),
        ({"reader": 3}, "reader=3 is not a VideoReader or None"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        MotionDescriptors(**parameters).fit()
