import numpy as np
import pytest
import torch
from torchvision import models
from torchvision.transforms.v2 import functional as F

from mmsk.image import CNNEmbedder
from mmsk.video import FrameEmbedder, VideoReader

SMALL = {"weights": None, "image_size": 48}


def small(**parameters):
    return FrameEmbedder("squeezenet1_0", 6, **SMALL, **parameters)


@pytest.fixture(scope="module")
def embedded(square):
    """Embeddings of six frames by torchvision's own functions."""
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    network = models.squeezenet1_0(weights=None).eval()
    torch.random.set_rng_state(state)
    network.classifier[1] = torch.nn.Identity()
    pictures = torch.from_numpy(square[[5, 15, 25, 35, 45, 55]]).permute(0, 3, 1, 2)
    pictures = F.center_crop(F.resize(pictures, [55], antialias=True), [48])
    pictures = F.to_dtype(pictures, torch.float32, scale=True)
    pictures = F.normalize(pictures, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.inference_mode():
        return network(pictures).numpy()


def test_frames_equal_torchvisions_own_forward(square, embedded):
    values = small().frames((square, 30))
    assert values.shape == embedded.T.shape
    np.testing.assert_allclose(values.T, embedded, atol=1e-5 * np.abs(embedded).max())


def test_statistics_are_those_of_the_frames(square, embedded):
    pooling = ["mean", "std", "min", "max", "change", "trend"]
    expected = {
        "mean": embedded.mean(axis=0),
        "std": embedded.std(axis=0),
        "min": embedded.min(axis=0),
        "max": embedded.max(axis=0),
        "change": np.abs(embedded[1:] - embedded[:-1]).mean(axis=0),
        "trend": (embedded[3:] - embedded[:3]).mean(axis=0),
    }
    embedder = small(pooling=pooling)
    (row,) = embedder.transform([(square, 30)])
    names = embedder.get_feature_names_out()
    for number, name in enumerate(pooling):
        part = slice(512 * number, 512 * (number + 1))
        tolerance = 1e-4 * np.abs(embedded).max()
        np.testing.assert_allclose(row[part], expected[name], atol=tolerance, err_msg=name)
        assert names[part][3] == f"squeezenet1_0_3_{name}"


def test_without_pooling_the_frames_stand_one_after_the_other(square):
    embedder = small(pooling=None)
    (row,) = embedder.transform([(square, 30)])
    frames = embedder.frames((square, 30))
    np.testing.assert_allclose(row.reshape(6, 512), frames.T, atol=1e-5)
    assert embedder.get_feature_names_out()[512] == "squeezenet1_0_0_frame1"


def test_only_what_changes_is_left_without_the_mean(square, embedded):
    embedder = small(pooling=None, subtract_mean=True)
    tolerance = 1e-5 * np.abs(embedded).max()
    expected = embedded - embedded.mean(axis=0)
    (row,) = embedder.transform([(square, 30)])
    np.testing.assert_allclose(row.reshape(6, 512), expected, atol=tolerance)
    np.testing.assert_allclose(embedder.frames((square, 30)).T, expected, atol=tolerance)
    embedder.set_params(pooling=["mean", "max"])
    still = np.repeat(square[:1], 9, axis=0)
    np.testing.assert_allclose(embedder.transform([(still, 30)]), 0, atol=tolerance)


def test_a_grid_keeps_where_things_are_in_each_frame(square):
    embedder = FrameEmbedder("squeezenet1_0", 6, layer="features.4", grid=2, **SMALL, pooling=None)
    (row,) = embedder.transform([(square, 30)])
    frames = list(square[[5, 15, 25, 35, 45, 55]])
    alone = CNNEmbedder("squeezenet1_0", layer="features.4", grid=2, **SMALL).transform(frames)
    np.testing.assert_array_equal(row.reshape(alone.shape), alone)
    names = embedder.get_feature_names_out()
    assert names[[1, -1]].tolist() == [
        "squeezenet1_0_0_cell0_1_frame0",
        "squeezenet1_0_127_cell1_1_frame5",
    ]


def test_a_video_of_fewer_frames_repeats_its_last(square):
    embedder = small(pooling=None, sampling="stride", step_seconds=0.5)
    (row,) = embedder.transform([(square, 30)])
    frames = row.reshape(6, 512)
    assert (frames[4:] == frames[3]).all()
    assert not (frames[3] == frames[2]).all()


def test_frames_of_a_file_are_embedded_as_pictures(square_file):
    clip = VideoReader().read(square_file, 6)
    alone = CNNEmbedder("squeezenet1_0", **SMALL).transform(list(clip.frames))
    (row,) = small(pooling="mean").transform([square_file])
    np.testing.assert_allclose(row, alone.mean(axis=0), atol=0.02 * np.abs(alone).max())


def test_neighbours_threads_and_batches_change_no_bit(square, square_file):
    cells = [(square[start:], 30) for start in (0, 10, 20)] + [square_file, None]
    rows = small(batch_size=3, n_jobs=2).transform(cells)
    for place in range(4):
        alone = small(n_jobs=1).transform([cells[place]])
        np.testing.assert_array_equal(alone[0], rows[place])
    assert np.isnan(rows[4]).all()


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"backbone": "resnet19"}, "is not a classification network of torchvision"),
        ({"n_frames": 0}, "n_frames=0 is not an integer of at least 1"),
        ({"sampling": "all"}, "sampling='all' is not one of 'uniform'"),
        ({"pooling": "mena"}, "pooling='mena' is not one of 'mean', 'std'"),
        ({"pooling": []}, r"pooling=\[\] names no statistic"),
        ({"reader": "av"}, "reader='av' is not a VideoReader or None"),
        ({"reader": VideoReader(max_bytes=0)}, "max_bytes=0 is not"),
        ({"layer": "layer9"}, "layer='layer9' is no module"),
        ({"grid": 0}, "grid=0 is not an integer of at least 1"),
        ({"grid": 2}, "grid=2, but layer=None of 'resnet18' gives no map"),
        ({"subtract_mean": "no"}, "subtract_mean='no' is not one of True, False"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        FrameEmbedder(**{"weights": None} | parameters).fit()
