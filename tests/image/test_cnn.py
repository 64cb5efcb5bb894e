from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from torchvision import models
from torchvision.transforms.v2 import functional as F

from mmsk._nets.cnn import ImageNetwork
from mmsk.exceptions import ReadError
from mmsk.image import CNNEmbedder, ImageReader


def small(backbone="squeezenet1_0", **parameters):
    return CNNEmbedder(backbone, **{"weights": None, "image_size": 64} | parameters)


@pytest.fixture
def pictures(pixels):
    return [np.roll(pixels, 7 * shift, axis=(0, 1)) for shift in range(5)]


@pytest.fixture
def state():
    """Trained-looking weights of a small network: batch normalization has something to do."""
    torch_state = torch.random.get_rng_state()
    torch.manual_seed(3)
    network = models.mobilenet_v3_small(weights=None)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 1.5)
    torch.random.set_rng_state(torch_state)
    return network.state_dict()


def own_forward(state, pictures, resize=64, crop=64, layer="classifier.3", interpolation=None):
    """Preprocess and embed by torchvision's own functions, with a hook on the last layer."""
    network = models.mobilenet_v3_small(weights=None).eval()
    network.load_state_dict(state)
    seen = []
    network.get_submodule(layer).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for pixels in pictures:
        picture = F.resize(torch.from_numpy(pixels).permute(2, 0, 1), [resize], antialias=True)
        picture = F.to_dtype(F.center_crop(picture, [crop]), torch.float32, scale=True)
        picture = F.normalize(picture, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        with torch.inference_mode():
            network(picture[None])
    return torch.cat(seen).numpy()


def assert_close(features, expected, tolerance=1e-5):
    assert np.abs(features - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize(("image_size", "resize", "crop"), [(None, 256, 224), (96, 110, 96)])
def test_equals_torchvisions_own_forward(tmp_path, pictures, state, image_size, resize, crop):
    torch.save(state, tmp_path / "net.pth")
    embedder = small("mobilenet_v3_small", weights=tmp_path / "net.pth", image_size=image_size)
    features = embedder.transform(pictures)
    assert features.dtype == np.float32
    assert_close(features, own_forward(state, pictures, resize, crop))


def test_the_preset_is_torchvisions(pixels):
    # Torchvision's older functions, which its presets use, round in another place.
    from mmsk._nets.cnn import image_preset
    from mmsk._nets.preprocessing import resize_and_crop

    preset = image_preset("efficientnet_b0", None)
    square = resize_and_crop(pixels, preset.resize_size, preset.crop_size, preset.interpolation)
    own = models.EfficientNet_B0_Weights.DEFAULT.transforms()
    mean, std = (np.reshape(values, (3, 1, 1)) for values in (own.mean, own.std))
    expected = own(torch.from_numpy(pixels).permute(2, 0, 1)).numpy() * std + mean
    difference = np.abs(square.transpose(2, 0, 1) - 255 * expected)
    assert difference.mean() < 0.3
    assert difference.max() < 4


def test_files_give_the_same_rows(tmp_path, pictures, state):
    from safetensors.torch import save_file

    half = {
        key: value.half() if value.is_floating_point() else value for key, value in state.items()
    }
    torch.save(half, tmp_path / "net.pth")
    save_file(half, tmp_path / "net.safetensors")
    torch.save({f"module.{key}": value for key, value in half.items()}, tmp_path / "parallel.pt")
    expected = own_forward(half, pictures)
    for name in ("net.pth", "net.safetensors", "parallel.pt"):
        embedder = small("mobilenet_v3_small", weights=str(tmp_path / name))
        assert_close(embedder.transform(pictures), own_forward(half, pictures, 73, 64))
    assert not np.allclose(expected, embedder.transform(pictures))


def test_a_changed_file_is_loaded_again(tmp_path, pictures, state):
    path = tmp_path / "net.pth"
    embedder = small("mobilenet_v3_small", weights=path)
    torch.save(state, path)
    before = embedder.transform(pictures)
    state["features.0.0.weight"] *= 2
    torch.save(state | {"classifier.3.bias": state["classifier.3.bias"].double()}, path)
    assert not np.allclose(before, embedder.transform(pictures))


def test_mean_and_std_override_the_preset(pictures):
    features = small(mean=0.5, std=0.5).transform(pictures)
    assert_close(features, small(mean=[0.5] * 3, std=(0.5,) * 3).transform(pictures), 0)
    assert not np.allclose(features, small().transform(pictures))


def test_augmentation_is_the_mean_over_views(pixels):
    square = np.tile(pixels, (2, 1, 1))[:64]  # of the size after resizing: only the crop is left
    embed = small(image_size=56).transform
    turned = [np.rot90(square, turns) for turns in range(4)]
    mirrored = [view[:, ::-1] for view in turned]
    for augmentation, views in [
        ("flip", [square, mirrored[0]]),
        (["rotate"], turned),
        (("flip", "rotate"), turned + mirrored),
    ]:
        features = small(image_size=56, augmentation=augmentation).transform([square])
        assert_close(features[0], embed(views).mean(axis=0))


def test_a_grid_tells_where_something_is(pixels):
    plain, left, right = np.zeros((3, 64, 64, 3), dtype=np.uint8)
    left[:48, :24], right[:48, -24:] = pixels[:, :24], pixels[:, :24]
    whole, cells = (
        small(layer="features.3", grid=grid).transform([plain, left, right]) for grid in (1, 2)
    )
    cells = cells.reshape(3, -1, 2, 2)  # the map has 14 x 14 places: even halves
    assert_close(cells.mean(axis=(2, 3)), whole)
    of_left, of_right = np.abs(cells[1:] - cells[0]).sum(axis=(1, 2))
    assert of_left[0] > 2 * of_left[1]
    assert of_right[1] > 2 * of_right[0]


@pytest.mark.parametrize(
    ("backbone", "where"),
    [
        ("squeezenet1_0", {}),
        ("mobilenet_v3_small", {}),
        ("resnet18", {}),
        ("resnet18", {"layer": "layer2", "grid": 3}),
    ],
)
def test_rows_have_equal_bits_in_every_batch(pictures, backbone, where):
    rows = small(backbone, **where).transform(pictures)
    for batch_size in (1, 2, 3, 100):
        again = small(backbone, batch_size=batch_size, **where).transform(pictures[::-1])[::-1]
        assert np.array_equal(rows, again)
    assert np.array_equal(rows[:1], small(backbone, **where).transform(pictures[:1]))


@pytest.mark.parametrize("where", [{}, {"layer": "features.4", "grid": 2}])
def test_precision_rounds(pictures, where):
    exact = small(**where).transform(pictures)
    for precision in ("bfloat16", "float16"):
        rounded = small(precision=precision, **where).transform(pictures)
        assert rounded.dtype == np.float32
        assert not np.array_equal(rounded, exact)
        assert_close(rounded, exact, 0.05)


def test_the_seed_decides_random_weights(pictures):
    first, same, other = (small(random_state=seed).transform(pictures) for seed in (0, 0, 1))
    assert np.array_equal(first, same)
    assert not np.allclose(first, other)


def test_nothing_global_changes(pictures):
    generator, threads = torch.random.get_rng_state(), torch.get_num_threads()
    small(random_state=11).transform(pictures)
    assert torch.equal(generator, torch.random.get_rng_state())
    assert threads == torch.get_num_threads()
    assert torch.is_grad_enabled()


def test_names_need_no_weights(monkeypatch):
    monkeypatch.setattr("mmsk._nets.cnn.get_network", None)
    names = CNNEmbedder("resnet18").get_feature_names_out()
    assert list(names[[0, -1]]) == ["resnet18_0", "resnet18_511"]
    assert len(CNNEmbedder("resnet18", layer="layer2").get_feature_names_out()) == 128
    names = CNNEmbedder("resnet18", layer="layer2", grid=2).get_feature_names_out()
    assert list(names[[0, 1, 2, 4, -1]]) == [
        "resnet18_0_cell0_0",
        "resnet18_0_cell0_1",
        "resnet18_0_cell1_0",
        "resnet18_1_cell0_0",
        "resnet18_127_cell1_1",
    ]


def test_set_params_changes_the_network(pictures):
    embedder = small().fit()
    assert embedder.transform(pictures).shape == (5, 512)
    state = dict(vars(embedder))
    embedder.set_params(backbone="mobilenet_v3_small")
    assert embedder.transform(pictures).shape == (5, 1024)
    assert vars(embedder) == state | {"backbone": "mobilenet_v3_small"}
    assert clone(embedder).get_params() == embedder.get_params()


def test_a_grid_compares_different_networks(pictures):
    search = GridSearchCV(
        make_pipeline(small(), LogisticRegression()),
        {"cnnembedder__layer": [None, "features.3"], "cnnembedder__image_size": [32, 64]},
        cv=2,
        error_score="raise",
    )
    search.fit(pictures[:4], [0, 1, 0, 1])
    layers = [small(layer=layer).transform(pictures) for layer in (None, "features.3")]
    assert layers[0].shape != layers[1].shape
    assert len(search.cv_results_["params"]) == 4


def test_missing_and_bad_cells(tmp_path, pictures):
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    rows = small().transform([None, pictures[0], float("nan")])
    assert np.isnan(rows[[0, 2]]).all()
    assert np.isfinite(rows[1]).all()
    column = pd.Series([pictures[0], str(tmp_path / "page.jpg")], name="photo")
    with pytest.raises(ReadError, match=r"row 1, column 'photo' \('.*page.jpg'\): not an image"):
        small().transform(column)


def test_very_long_pictures_stay_small():
    for shape in [(1, 1, 3), (1, 3000, 3), (3000, 1, 3)]:
        assert small().transform([np.zeros(shape, dtype=np.uint8)]).shape == (1, 512)


def test_the_reader_is_used(pixels):
    transparent = np.dstack([pixels, np.zeros(pixels.shape[:2], dtype=np.uint8)])
    white, black = (
        small(reader=ImageReader(background=colour)).transform([transparent])
        for colour in ("white", "black")
    )
    assert not np.allclose(white, black)
    with pytest.raises(ReadError, match="over max_pixels=9"):
        small(reader=ImageReader(max_pixels=9)).transform([pixels])


def test_a_fresh_process_gives_the_same_bits(pictures):
    embedder = small(random_state=5)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere = pool.submit(embedder.transform, pictures).result()
    assert np.array_equal(elsewhere, embedder.transform(pictures))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"backbone": "resnet19"}, r"backbone='resnet19' is not .* Did you mean 'resnet18'"),
        ({"backbone": 3}, "backbone=3 is not a classification network"),
        ({"weights": "IMAGENET1K_V9"}, r"weights='IMAGENET1K_V9' is .* Did you mean 'IMAGENET1K"),
        ({"weights": "imagenet"}, "weights='imagenet' is neither None, nor a file"),
        ({"layer": "features.99"}, r"layer='features.99' is no module .* Did you mean 'features"),
        ({"image_size": 0}, "image_size=0 is not an integer of at least 1"),
        ({"image_size": 4}, "image_size=4 cannot be used: backbone='squeezenet1_0' does not take"),
        ({"backbone": "vit_b_16", "image_size": 100}, "does not take pictures of 100 x 100"),
        ({"backbone": "vit_b_32", "weights": "DEFAULT"}, "does not take pictures of 64 x 64"),
        ({"mean": [0.5, 0.5]}, r"mean=\[0.5, 0.5\] is not a number or 3 numbers"),
        ({"std": 0}, "std=0 is not a number above 0"),
        ({"augmentation": "crop"}, "augmentation='crop' is not one of 'flip', 'rotate'"),
        ({"precision": "int8"}, "precision='int8' is not one of 'float32'"),
        ({"random_state": None}, "random_state=None is not an integer"),
        ({"reader": "fast"}, "reader='fast' is not an ImageReader"),
        ({"device": "gpu"}, "device='gpu' is not one of 'auto', 'cpu'"),
    ],
)
def test_parameters_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        small(**parameters).fit()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.pth.: no such file"):
        small(weights=tmp_path / "gone.pth").fit()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_is_refused(pictures):
    embedder = small(device="cuda")
    assert len(embedder.get_feature_names_out()) == 512
    with pytest.raises(ValueError, match="device='cuda', but torch sees no CUDA GPU"):
        embedder.transform(pictures)


def test_devices_share_the_batches(monkeypatch, pictures):
    # To torch every number is the same CPU, so these stand for GPUs, with all but their streams.
    expected = small().transform(pictures)
    sharing = "mmsk.extraction._network_threads.sharing_devices"
    monkeypatch.setattr(sharing, lambda device: ["cpu:0", "cpu:1"])
    seen = []
    embed = ImageNetwork.embed

    def noted(*arguments):
        seen.append(arguments[-1])
        return embed(*arguments)

    monkeypatch.setattr(ImageNetwork, "embed", noted)
    column = [*pictures, None, *pictures] * 4
    rows = small(batch_size=2).transform(column)
    assert_close(rows[:5], expected)
    np.testing.assert_array_equal(np.isnan(rows).all(axis=1), [cell is None for cell in column])
    assert_close(rows[-5:], expected)
    assert len(seen) == 20
    assert set(seen) == {"cpu:0", "cpu:1"}


@pytest.mark.gpu
@pytest.mark.parametrize("backbone", ["squeezenet1_0", "mobilenet_v3_small", "resnet18"])
def test_cuda_equals_cpu(pictures, backbone):
    on_cpu, on_gpu = (
        small(backbone, device=device).transform(pictures) for device in ("cpu", "cuda")
    )
    assert_close(on_gpu, on_cpu, 1e-4)


@pytest.mark.gpu
def test_cuda_gives_the_same_rows_whatever_shares_it(pictures):
    column = pictures * 20
    expected = small(device="cuda:0", batch_size=100).transform(column)
    rows = small(device="cuda", batch_size=4, n_jobs=3).transform(column)
    assert_close(rows, expected, 1e-5)
    assert torch.backends.cudnn.allow_tf32
