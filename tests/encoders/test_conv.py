"""ConvEncoder: it learns, from scratch and further, and keeps what it learned as arrays."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from mmsk import ConvEncoder, ImageAugmenter, ImageReader
from mmsk._nets.backbones import build_random
from mmsk.exceptions import BadCellWarning

SMALL = {"channels": (8, 16), "image_size": 12, "color_space": "grey", "device": "cpu"}
BRIEF = {"learning_rate": 0.01, "batch_size": 8, "max_epochs": 8, "random_state": 0}
# Networks of torchvision without batch normalization are the fastest.
FURTHER = {"backbone": "squeezenet1_1", "weights": None, "image_size": 32, "device": "cpu"}


@pytest.fixture(scope="module")
def stripes():
    """Pictures of stripes, lying and upright, with the words and with how dense they are."""
    generator = np.random.default_rng(0)
    pictures, kinds, densities = [], [], []
    for place in range(60):
        density = generator.uniform(0.2, 0.8)
        lines = (generator.uniform(size=(12, 1)) < density) * generator.uniform(0.5, 1)
        picture = np.repeat(lines, 12, axis=1)
        pictures.append(picture if place % 2 else picture.T)
        kinds.append("lying" if place % 2 else "upright")
        densities.append(picture.mean())
    return pictures, kinds, np.array(densities)


def small(**parameters):
    return ConvEncoder(4, **(SMALL | BRIEF | parameters))


def further(**parameters):
    return ConvEncoder(4, **(FURTHER | BRIEF | {"max_epochs": 2} | parameters))


def test_it_learns_classes(stripes):
    pictures, kinds, _ = stripes
    encoder = small(output="scores").fit(pictures[:40], kinds[:40])
    scores = encoder.transform(pictures[40:])
    assert encoder.classes_.tolist() == ["lying", "upright"]
    assert encoder.get_feature_names_out().tolist() == ["lying", "upright"]
    right = encoder.classes_[scores.argmax(axis=1)] == kinds[40:]
    assert right.mean() > 0.9


def test_it_learns_real_targets(stripes):
    pictures, _, densities = stripes
    encoder = small(output="scores", max_epochs=20).fit(pictures[:40], 100 * densities[:40])
    predicted = encoder.transform(pictures[40:])[:, 0]
    assert encoder.classes_ is None
    assert np.corrcoef(predicted, densities[40:])[0, 1] > 0.9
    assert abs(predicted.mean() - 100 * densities[40:].mean()) < 8


def test_features_are_the_layer_before(stripes):
    pictures, kinds, _ = stripes
    encoder = small().fit(pictures, kinds)
    features = encoder.transform([*pictures, None])
    assert features.shape == (61, 4)
    assert features.dtype == np.float32
    assert np.isnan(features[60]).all()
    weight, bias = encoder.state_["1.weight"], encoder.state_["1.bias"]
    scores = np.exp(features[:60] @ weight.T + bias)
    scores /= scores.sum(axis=1, keepdims=True)
    by_itself = clone(encoder).set_params(output="scores").fit(pictures, kinds).transform(pictures)
    np.testing.assert_allclose(by_itself, scores, atol=1e-5)


def test_a_row_depends_on_its_picture_alone(stripes):
    pictures, kinds, _ = stripes
    encoder = small().fit(pictures, kinds)
    together = encoder.transform(pictures)
    one_by_one = np.vstack([encoder.transform([picture]) for picture in pictures[:5]])
    np.testing.assert_allclose(one_by_one, together[:5], atol=1e-5)


@pytest.mark.parametrize("make", [small, further])
@pytest.mark.parametrize("augmenter", [None, ImageAugmenter(mask=0.2)])
def test_the_same_seed_gives_the_same_bits(stripes, make, augmenter):
    pictures, kinds, _ = stripes
    pictures, kinds = pictures[:8], kinds[:8]
    fits = [make(augmenter=augmenter).fit(pictures, kinds) for _ in range(2)]
    for name, value in fits[0].state_.items():
        np.testing.assert_array_equal(value, fits[1].state_[name], err_msg=name)
    other = make(augmenter=augmenter, random_state=1).fit(pictures, kinds)
    assert any((value != other.state_[name]).any() for name, value in fits[0].state_.items())


def test_the_number_of_threads_changes_rounding_only(stripes):
    pictures, kinds, _ = stripes
    encoders = [small(n_jobs=n_jobs, max_epochs=1) for n_jobs in (1, 2)]
    rows = [encoder.fit_transform(pictures[:16], kinds[:16]) for encoder in encoders]
    np.testing.assert_allclose(*rows, atol=1e-3)


@pytest.mark.parametrize("make", [small, further])
def test_what_is_global_stays_as_it_was(stripes, make):
    pictures, kinds, _ = stripes
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    threads = torch.get_num_threads()
    make(augmenter=ImageAugmenter()).fit(pictures[:8], kinds[:8]).transform(pictures[:8])
    assert torch.equal(states[0], torch.get_rng_state())
    np.testing.assert_array_equal(states[1], np.random.get_state()[1])  # noqa: NPY002
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("make", [small, further])
def test_what_is_learned_is_arrays_and_comes_back(stripes, make):
    pictures, kinds, _ = stripes
    encoder = make().fit(pictures[:8], kinds[:8])
    assert all(type(value) is np.ndarray for value in encoder.state_.values())
    content = pickle.dumps(encoder)
    assert b"torch" not in content
    again = pickle.loads(content)
    np.testing.assert_array_equal(again.transform(pictures), encoder.transform(pictures))


def test_pictures_are_augmented_in_training_only(stripes):
    """Mirrored at all times, left and right can only be told apart the wrong way round."""
    generator = np.random.default_rng(0)
    left = [generator.uniform(0, 0.3, size=(12, 12)) + np.eye(1, 12) * 0.7 for _ in range(20)]
    pictures, sides = left + [picture[:, ::-1] for picture in left], ["l"] * 20 + ["r"] * 20
    mirror = ImageAugmenter(rotate=0, scale=0, crop=0, flip=1.0, color=0, noise=0)
    plain, turned = (
        small(output="scores", channels=(8,), augmenter=augmenter, max_epochs=30, dropout=0.0)
        .fit(pictures, sides)
        .transform(pictures)
        .argmax(axis=1)
        for augmenter in (None, mirror)
    )
    truth = np.repeat([0, 1], 20)
    assert (plain == truth).mean() > 0.9
    assert (turned == truth).mean() < 0.1


def test_normalization_is_learned_or_given(stripes):
    pictures, kinds, _ = stripes
    learned = small(max_epochs=1).fit(pictures, kinds)
    pixels = np.rint(255 * np.stack(pictures)) / 255
    np.testing.assert_allclose(learned.mean_, [pixels.mean()], atol=1e-3)
    np.testing.assert_allclose(learned.std_, [pixels.std()], atol=1e-3)
    given = small(max_epochs=1, mean=0.25, std=[0.5]).fit(pictures, kinds)
    assert (given.mean_, given.std_) == ((0.25,), (0.5,))
    preset = further(max_epochs=1, std=0.3).fit(pictures[:4], kinds[:4])
    assert preset.mean_ == (0.485, 0.456, 0.406)  # torchvision's, of ImageNet
    assert preset.std_ == (0.3, 0.3, 0.3)


def test_the_last_stages_go_on_from_the_weights_of_a_file(stripes, tmp_path):
    pictures, kinds, _ = stripes
    network = build_random("squeezenet1_1", 32, seed=5)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    encoder = further(weights=tmp_path / "weights.pth", n_stages_trained=2)
    state = encoder.fit(pictures[:16], kinds[:16]).state_
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    changed = {
        name.split(".")[1]
        for name, value in weights.items()
        if name.startswith("features") and (state[f"0.backbone.network.{name}"] != value).any()
    }
    assert changed == {"11", "12"}
    (tmp_path / "weights.pth").unlink()
    with pytest.raises(FileNotFoundError, match="no such file"):
        encoder.fit(pictures, kinds)


def test_a_fitted_encoder_no_longer_needs_the_file(stripes, tmp_path):
    pictures, kinds, _ = stripes
    file = tmp_path / "weights.pth"
    torch.save(build_random("squeezenet1_1", 32, seed=5).state_dict(), file)
    encoder = further(weights=file).fit(pictures[:8], kinds[:8])
    before = encoder.transform(pictures[:4])
    file.unlink()
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(encoder)).transform(pictures[:4]), before
    )


def test_an_unreadable_cell_is_missing_in_fit_too(stripes):
    pictures, kinds, _ = stripes
    cells = [b"no picture", *pictures, None]
    encoder = small(on_error="missing")
    with pytest.warns(BadCellWarning, match="1 unreadable cell is taken as missing: row 0"):
        rows = encoder.fit_transform(cells, ["lying", *kinds, "upright"])
    assert np.isnan(rows[[0, -1]]).all()
    assert not np.isnan(rows[1:-1]).any()
    np.testing.assert_allclose(rows[1:-1], small().fit_transform(pictures, kinds), atol=1e-6)


def test_limits_of_the_reader_hold(stripes):
    pictures, kinds, _ = stripes
    with pytest.raises(ValueError, match="over max_pixels=100"):
        small(reader=ImageReader(max_pixels=100)).fit(pictures, kinds)


@pytest.mark.parametrize("make", [small, further])
def test_one_picture_of_each_class_is_enough(stripes, make):
    pictures, kinds, _ = stripes
    rows = make(batch_size=1).fit_transform(pictures[:2], kinds[:2])
    assert rows.shape == (2, 4)
    assert np.isfinite(rows).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"channels": ()}, r"channels=\(\) is not a sequence of one integer or more"),
        ({"channels": 8}, "channels=8 is not a sequence"),
        ({"channels": (8, 0)}, "channels=0 is not an integer of at least 1"),
        ({"mean": (0.1, 0.2, 0.3)}, r"mean=\(0.1, 0.2, 0.3\) is not a number\."),
        ({"color_space": "rgb", "mean": (0.1, 0.2)}, "is not a number or 3 numbers"),
        ({"std": 0}, "std=0 is not a number above 0"),
        ({"augmenter": "flip"}, "augmenter='flip' is not an ImageAugmenter or None"),
        ({"augmenter": ImageAugmenter(flip=2)}, "flip=2 is not a number"),
        ({"dropout": 1.0}, "dropout=1.0 is not a number of at least 0 and at most 0.99"),
        ({"output": "probabilities"}, "output='probabilities' is not one of 'features', 'scores'"),
        ({"backbone": "resnet19"}, "backbone='resnet19' is not a classification network"),
        ({"backbone": "resnet18"}, "color_space='grey' cannot be used with backbone='resnet18'"),
        (FURTHER | {"color_space": "rgb", "n_stages_trained": 10}, "more than the 9 stages of"),
        (FURTHER | {"color_space": "rgb", "n_stages_trained": -1}, "n_stages_trained=-1 is not"),
        (FURTHER | {"color_space": "rgb", "image_size": (32, 32)}, "image_size=(.*) is not an int"),
        (FURTHER | {"color_space": "rgb", "image_size": 8}, "does not take pictures of 8 x 8"),
        (FURTHER | {"color_space": "rgb", "weights": "BEST"}, "weights='BEST' is neither None"),
        (
            FURTHER | {"color_space": "rgb", "backbone_learning_rate": 0.0},
            "backbone_learning_rate=0.0 is not a number above 0",
        ),
    ],
)
def test_bad_parameters(stripes, parameters, message):
    pictures, kinds, _ = stripes
    with pytest.raises(ValueError, match=message):
        small(**parameters).fit(pictures, kinds)


def test_what_is_nested_can_be_searched():
    encoder = small(augmenter=ImageAugmenter())
    assert encoder.set_params(augmenter__rotate=3.0).augmenter.rotate == 3.0
