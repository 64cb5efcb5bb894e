import numpy as np
import pytest
import torch
from torchvision import models
from torchvision.transforms.v2 import functional as F

from mmsk.exceptions import ReadError
from mmsk.video import VideoEmbedder

# The others, of up to 88 million weights, take the same way and too long for a test.
SHAPES = [("mc3_18", 5, 40), ("s3d", 14, 224), ("swin3d_t", 4, 64)]


def own_forward(backbone, frames, image_size, network):
    """Pass a clip through torchvision's network, with a hook on the input of its last layer."""
    transforms = models.get_model_weights(backbone).DEFAULT.transforms()
    resize = round(min(transforms.resize_size) * image_size / transforms.crop_size[0])
    clip = F.resize(torch.from_numpy(frames).permute(0, 3, 1, 2), [resize], antialias=True)
    clip = F.to_dtype(F.center_crop(clip, [image_size]), torch.float32, scale=True)
    clip = F.normalize(clip, transforms.mean, transforms.std).permute(1, 0, 2, 3)[None]
    seen = []
    kinds = torch.nn.Linear | torch.nn.Conv3d
    last = [module for module in network.modules() if isinstance(module, kinds)][-1]
    last.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        network.eval()(clip)
    seen = seen[0].numpy()
    return seen.mean(axis=(2, 3, 4))[0] if seen.ndim == 5 else seen[0]


@pytest.mark.parametrize(("backbone", "n_frames", "image_size"), SHAPES)
def test_equals_torchvisions_own_forward(square, backbone, n_frames, image_size):
    state = torch.random.get_rng_state()
    torch.manual_seed(7)
    network = models.get_model(backbone, weights=None)
    torch.random.set_rng_state(state)
    frames = square[: 2 * n_frames][1::2]
    expected = own_forward(backbone, frames, image_size, network)
    embedder = VideoEmbedder(
        backbone, n_frames, weights=None, image_size=image_size, random_state=7
    )
    (row,) = embedder.transform([(square[: 2 * n_frames], 30)])
    assert row.shape == expected.shape == (len(embedder.get_feature_names_out()),)
    np.testing.assert_allclose(row, expected, atol=2e-5 * np.abs(expected).max())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_weights_of_a_file(tmp_path, square):
    network = models.get_model("mc3_18", weights=None, num_classes=7)
    torch.save(network.state_dict(), tmp_path / "net.pth")
    expected = own_forward("mc3_18", square[1:8:2], 32, network)
    embedder = VideoEmbedder("mc3_18", 4, weights=tmp_path / "net.pth", image_size=32)
    (row,) = embedder.transform([(square[:8], 30)])
    np.testing.assert_allclose(row, expected, atol=1e-5 * np.abs(expected).max())


def small(**parameters):
    return VideoEmbedder("mc3_18", 4, **{"weights": None, "image_size": 32} | parameters)


def test_neighbours_threads_and_batches_change_no_bit(square, square_file):
    cells = [(square[start:], 30) for start in (0, 10, 20)] + [None, square_file]
    rows = small(batch_size=3, n_jobs=2).transform(cells)
    assert np.isnan(rows[3]).all()
    for place in (0, 1, 2, 4):
        np.testing.assert_array_equal(small(n_jobs=1).transform([cells[place]])[0], rows[place])


def test_a_video_of_fewer_frames_repeats_its_last(square):
    long = small(sampling="stride", step_seconds=0.1).transform([(square[:4], 10)])
    short = small(sampling="stride", step_seconds=0.1)
    repeated = square[[0, 1, 1, 1]]
    np.testing.assert_array_equal(
        short.transform([(square[:2], 10)]), short.transform([(repeated, 10)])
    )
    assert not np.array_equal(long, short.transform([(square[:2], 10)]))


def test_a_bad_file_is_named(tmp_path, square):
    with pytest.raises(ReadError, match=r"row 1 .*not a video file"):
        small().transform([(square, 30), b"#EXTM3U\n"])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"backbone": "resnet18"}, "backbone='resnet18' is not a video network of torchvision"),
        ({"backbone": "s3d", "n_frames": 2}, "'s3d' does not take n_frames=2 of image_size=32"),
        ({"backbone": "mvit_v2_s"}, "'mvit_v2_s' does not take n_frames=4 of image_size=32"),
        ({"weights": "KINETICS"}, "nor trained weights of 'mc3_18'. Did you mean 'KINETICS400_V1'"),
        ({"n_frames": 0}, "n_frames=0 is not an integer of at least 1"),
        ({"step_seconds": 1.0}, "is used only with sampling='stride'"),
        ({"reader": "av"}, "reader='av' is not a VideoReader or None"),
        ({"std": 0}, "std=0 is not a number above 0"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        small().set_params(**parameters).fit()
