"""The stages into which the networks of torchvision fall."""

import pytest

from mmsk._nets.backbones import backbone_names, build_hollow
from mmsk._nets.stages import FEWEST_STAGES, backbone_stages, last_stages

KNOWN = {
    "resnet18": [("conv1", "bn1"), ("layer1",), ("layer2",), ("layer3",), ("layer4",)],
    "regnet_y_400mf": [("stem",), *((f"trunk_output.block{number}",) for number in range(1, 5))],
    "mobilenet_v2": [(f"features.{number}",) for number in range(19)],
    "convnext_tiny": [*((f"features.{number}",) for number in range(7))]
    + [("features.7", "classifier")],
    "shufflenet_v2_x0_5": [("conv1",), ("stage2",), ("stage3",), ("stage4",), ("conv5",)],
}


@pytest.mark.parametrize("backbone", KNOWN)
def test_known_networks(backbone):
    assert list(backbone_stages(backbone, 224)) == KNOWN[backbone]


@pytest.mark.parametrize("family", ["alexnet", "vgg11_bn", "densenet121", "googlenet", "vit_b_32"])
@pytest.mark.parametrize("size", [224])
def test_stages_hold_all_weights_but_the_last_layer_and_loose_ones(family, size):
    assert family in backbone_names()
    stages = backbone_stages(family, size)
    assert len(stages) >= FEWEST_STAGES
    within = tuple(f"{name}." for stage in stages for name in stage)
    network = build_hollow(family, size)
    outside = [name for name, _ in network.named_parameters() if not name.startswith(within)]
    loose = {"class_token", "encoder.pos_embedding"}
    last = {name.rpartition(".")[0] for name in outside if name not in loose}
    assert len(last) == 1


def test_the_last_ones():
    assert last_stages("resnet18", 224, 0) == ()
    assert last_stages("resnet18", 224, 2) == ("layer3", "layer4")
    assert last_stages("resnet18", 224, 5)[:2] == ("conv1", "bn1")
    with pytest.raises(ValueError, match=r"n_stages_trained=6 is more than the 5 stages of backb"):
        last_stages("resnet18", 224, 6)
