"""Networks from scratch: shapes, what batch normalization does, and small pictures."""

import pytest
import torch

from mmsk._nets.conv import ConvAutoEncoder, ConvNet, Standardize
from mmsk._nets.state import build_seeded, from_arrays, to_arrays

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.1, 0.3)


def network(**options):
    options = {"channels": (4, 8), "n_components": 5, "dropout": 0.0, "mean": MEAN, "std": STD}
    return build_seeded(lambda: ConvNet(**options), 0)


@pytest.fixture
def pictures():
    return torch.rand(6, 3, 9, 12, generator=torch.Generator().manual_seed(0))


def test_pictures_are_standardized(pictures):
    scaled = Standardize(MEAN, STD)(pictures)
    for channel in range(3):
        torch.testing.assert_close(
            scaled[:, channel], (pictures[:, channel] - MEAN[channel]) / STD[channel]
        )


def test_a_row_depends_on_its_picture_alone(pictures):
    net = network()
    net.train()
    for _ in range(20):
        net(pictures)
    net.eval()
    rows = net(pictures)
    assert rows.shape == (6, 5)
    assert rows.min() >= 0
    assert rows.max() > 0
    for place in range(6):
        torch.testing.assert_close(net(pictures[place : place + 1])[0], rows[place])


def test_in_evaluation_nothing_changes(pictures):
    net = network().eval()
    before = to_arrays(net)
    net(pictures)
    for name, value in to_arrays(net).items():
        assert (value == before[name]).all(), name


@pytest.mark.parametrize("channels", [(4,), (4, 8), (4, 8, 8, 8, 8)])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (8, 8), (17, 5)])
def test_any_size_goes_there_and_back(channels, size):
    pictures = torch.rand(4, 1, *size, generator=torch.Generator().manual_seed(0))
    net = ConvNet(channels, 3, 0.0, (0.5,), (0.2,))
    assert net(pictures).shape == (4, 3)
    there_and_back = ConvAutoEncoder(channels, 3, *size, (0.5,), (0.2,))
    assert there_and_back.encode(pictures).shape == (4, 3)
    drawn = there_and_back.decode(there_and_back.encode(pictures))
    assert drawn.shape == pictures.shape
    error = (drawn - (pictures - 0.5) / 0.2).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(there_and_back.eval()(pictures).shape, error.shape)


@pytest.mark.parametrize("size", [(1, 1), (8, 8)])
def test_a_batch_of_one_has_no_statistics_to_learn(size):
    picture = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
    networks = [ConvNet((4, 8), 3, 0.0, (0.5,), (0.2,))]
    networks.append(ConvAutoEncoder((4, 8), 3, *size, (0.5,), (0.2,)))
    for net in networks:
        before = to_arrays(net.train())
        net(picture).sum().backward()
        for name, value in to_arrays(net).items():
            assert (value == before[name]).all(), name


def test_an_autoencoder_learns_to_draw():
    generator = torch.Generator().manual_seed(0)
    corners = torch.randint(0, 5, (32, 2), generator=generator)
    pictures = torch.zeros(32, 1, 8, 8)
    for picture, (top, left) in zip(pictures, corners.tolist(), strict=True):
        picture[0, top : top + 4, left : left + 4] = 1
    net = build_seeded(lambda: ConvAutoEncoder((8, 16), 8, 8, 8, (0.25,), (0.43,)), 0)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        loss = net(pictures).mean()
        loss.backward()
        optimizer.step()
    assert loss < 0.2  # drawing the mean picture would leave 1


def test_there_and_back_as_arrays(pictures):
    def make():
        return ConvAutoEncoder((4, 8), 3, 9, 12, MEAN, STD)

    net = build_seeded(make, 0).eval()
    again = from_arrays(make, to_arrays(net))
    assert torch.equal(again(pictures), net(pictures))
