import pytest
import torch
from torchvision import models

from mmsk._nets.backbones import build_random
from mmsk._nets.cnn import image_preset, plan_network
from mmsk._nets.cut import CutNetwork, plan_cut

# One network per family; the width of its penultimate features, from torchvision's definitions.
WIDTHS = {
    "alexnet": 4096,
    "convnext_tiny": 768,
    "densenet121": 1024,
    "efficientnet_b0": 1280,
    "efficientnet_v2_s": 1280,
    "googlenet": 1024,
    "inception_v3": 2048,
    "maxvit_t": 512,
    "mnasnet0_5": 1280,
    "mobilenet_v2": 1280,
    "mobilenet_v3_small": 1024,
    "regnet_x_400mf": 400,
    "regnet_y_400mf": 440,
    "resnet18": 512,
    "resnext50_32x4d": 2048,
    "shufflenet_v2_x0_5": 1024,
    "squeezenet1_0": 512,
    "swin_t": 768,
    "swin_v2_t": 768,
    "vgg11_bn": 4096,
    "vit_b_16": 768,
    "vit_h_14": 1280,
    "wide_resnet50_2": 2048,
}


@pytest.mark.parametrize("backbone", WIDTHS)
def test_every_family_is_cut(backbone):
    size = image_preset(backbone, None).crop_size
    assert plan_network(backbone, "DEFAULT", None, size).width == WIDTHS[backbone]


@pytest.mark.parametrize(
    ("backbone", "layer", "width", "pooling"),
    [
        ("resnet18", "layer3.0.conv1", 256, (2, 3)),
        ("resnet18", "fc", 1000, ()),
        ("vgg11", "classifier.0", 4096, ()),
        ("swin_t", "features.1", 96, (1, 2)),
        ("swin_t", "permute", 768, (2, 3)),
        ("vit_b_16", "encoder.layers.encoder_layer_3", 768, "class token"),
        ("vit_b_16", "encoder.layers.encoder_layer_3.self_attention", 768, "class token"),
        ("vit_b_16", "conv_proj", 768, (2, 3)),
        ("maxvit_t", "blocks.1", 128, (2, 3)),
    ],
)
def test_layers_by_name(backbone, layer, width, pooling):
    size = image_preset(backbone, None).crop_size
    plan = plan_network(backbone, None, layer, size)
    assert (plan.width, plan.pooling) == (width, pooling)


@pytest.mark.parametrize(
    ("backbone", "layer", "message"),
    [
        ("resnet18", "layer9", r"layer='layer9' is no module .* Did you mean 'layer"),
        ("resnet18", "", "layer='' is no module"),
        ("vit_b_16", "encoder.layers.encoder_layer_3.self_attention.out_proj", "by itself"),
        ("maxvit_t", "blocks.0.layers.0.layers.window_attention.attn_layer", "gives shape"),
    ],
)
def test_layers_that_give_no_row(backbone, layer, message):
    with pytest.raises(ValueError, match=message):
        plan_cut(backbone, layer, 224, 224)


def used_network(backbone, size):
    """A network whose batch normalizations have something to do."""
    network = build_random(backbone, size, 0).eval()
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
    return network


@pytest.mark.parametrize(
    ("backbone", "layer"),
    [
        ("resnet18", "avgpool"),
        ("resnet18", "layer2.0.conv1"),
        ("densenet121", "features.denseblock3"),
        ("mobilenet_v3_small", "features.4"),
        ("shufflenet_v2_x0_5", "conv5"),
        ("regnet_y_400mf", "trunk_output"),
    ],
)
def test_folding_changes_nothing(backbone, layer):
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    network = used_network(backbone, 64)
    seen = []
    hook = network.get_submodule(layer).register_forward_hook(lambda *call: seen.append(call[2]))
    with torch.inference_mode():
        network(pictures)
        hook.remove()
        plan = plan_cut(backbone, layer, 64, 64)
        rows = CutNetwork(network, plan)(pictures)
    assert plan.folds
    expected = seen[0].mean((2, 3))
    assert (rows - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_the_class_token_is_taken():
    network = models.VisionTransformer(64, 32, 2, num_heads=12, hidden_dim=768, mlp_dim=64).eval()
    seen = []
    network.encoder.register_forward_hook(lambda *call: seen.append(call[2]))
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    plan = plan_cut("vit_b_32", "encoder", 64, 64)
    with torch.inference_mode():
        network(pictures)
        rows = CutNetwork(network, plan)(pictures)
    assert torch.allclose(rows, seen[0][:, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("backbone", "layer", "axes"),
    [
        ("mobilenet_v3_small", "features.4", (0, 1, 2, 3)),
        ("swin_t", "features.1", (0, 3, 1, 2)),
        ("squeezenet1_0", "features.12", (0, 1, 2, 3)),
    ],
)
def test_a_grid_keeps_where_things_are(backbone, layer, axes):
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    network = used_network(backbone, 64)
    seen = []
    of_layer = network.get_submodule(layer)
    hook = of_layer.register_forward_hook(lambda *call: seen.append(call[2]))
    plan = plan_cut(backbone, layer, 64, 64, 3)
    with torch.inference_mode():
        network(pictures)
        hook.remove()
        rows = CutNetwork(network, plan)(pictures)
    expected = torch.nn.AdaptiveAvgPool2d(3)(seen[0].permute(axes)).flatten(1)
    assert plan.width == expected.shape[1]
    assert (rows - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize(
    ("backbone", "layer", "message"),
    [
        ("resnet18", None, "grid=3, but layer=None of 'resnet18' gives no map. Name an earlier"),
        ("vit_b_32", "encoder", "grid=3, but layer='encoder' of 'vit_b_32' gives no map"),
        ("resnet18", "layer4", "grid=3 is finer than the map of 2 x 2 that layer='layer4'"),
    ],
)
def test_a_grid_needs_a_map(backbone, layer, message):
    with pytest.raises(ValueError, match=message):
        plan_cut(backbone, layer, 64, 64, 3)
