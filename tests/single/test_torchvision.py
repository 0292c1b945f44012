"""d2l.torch takes over the weights of torchvision's ResNets."""

import runpy

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from d2l import torch as d2l
from d2l.core import images
from d2l.train import recipe


@pytest.fixture(scope='module')
def torchvision():
    """torchvision, also beside a PyTorch that lacks its compiled operators."""
    library = torch.library.Library('torchvision', 'FRAGMENT')
    for name in ('nms', 'qnms'):
        try:
            library.define(
                f'{name}(Tensor dets, Tensor scores, float iou_threshold) '
                f'-> Tensor')
        except RuntimeError:    # torchvision's own is there
            pass
    import torchvision
    yield torchvision
    del library


class ResNet50(d2l.ResNet):
    """ResNet-50: a ResNeXt block of one group is the bottleneck block."""

    def __init__(self, lr=0.1, num_classes=10):
        super().__init__(((3, 64), (4, 128), (6, 256), (3, 512)), lr,
                         num_classes)

    def block(self, num_residuals, num_channels, first_block=False):
        return nn.Sequential(*[
            d2l.ResNeXtBlock(4 * num_channels, num_channels, 0.25,
                             use_1x1conv=i == 0,
                             strides=2 if i == 0 and not first_block else 1)
            for i in range(num_residuals)])


def with_random_statistics(model):
    """Let every normalization do something, as after training."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1)
            nn.init.normal_(layer.bias, 0, 0.1)
            nn.init.normal_(layer.running_mean, 0, 0.1)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    return model.eval()


@pytest.mark.parametrize('name, Model', [('resnet18', d2l.ResNet18),
                                         ('resnet50', ResNet50)])
@pytest.mark.parametrize('size', [64, 97])
def test_gives_the_logits_of_torchvision(torchvision, name, Model, size):
    torch.manual_seed(0)
    peer = with_random_statistics(getattr(torchvision.models, name)())
    model = Model(num_classes=1000)
    d2l.load_torchvision(model, peer.state_dict())
    X = torch.randn(3, 3, size, size)
    with torch.no_grad():
        expected, found = peer(X), model.eval()(X)
    assert expected.std() > 0.1
    assert (found - expected).abs().max() <= 1e-4


def test_what_does_not_fit_is_refused(torchvision):
    model = d2l.ResNet18(num_classes=1000)
    model.apply_init([torch.zeros(1, 3, 32, 32)])
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(ValueError, match='layer1.0.bn3.weight .* is surplus'):
        d2l.load_torchvision(model,
                             torchvision.models.resnet50().state_dict())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_the_figure_of_costs_shows_what_torchvision_tells(torchvision):
    """img/draw.py's numbers, against those beside torchvision's weights."""
    weights = {'AlexNet': 'AlexNet', 'VGG-16': 'VGG16',
               'GoogLeNet': 'GoogLeNet', 'ResNet-18': 'ResNet18',
               'ResNet-50': 'ResNet50', 'ResNet-152': 'ResNet152',
               'ResNeXt-50': 'ResNeXt50_32X4D',
               'ResNeXt-101': 'ResNeXt101_32X8D',
               'RegNetX-3.2': 'RegNet_X_3_2GF', 'ViT-B/16': 'ViT_B_16',
               'ConvNeXt-T': 'ConvNeXt_Tiny', 'ConvNeXt-B': 'ConvNeXt_Base'}
    for label, year, params, macs, error in runpy.run_path(
            'img/draw.py')['MODELS']:
        name = weights[label.partition(',')[0]]
        kind = 'IMAGENET1K_V2' if year == 2021 else 'IMAGENET1K_V1'
        meta = getattr(torchvision.models, f'{name}_Weights')[kind].meta
        accuracy = meta['_metrics']['ImageNet-1K']['acc@1']
        assert params == pytest.approx(meta['num_params'] / 1e4, abs=0.6)
        assert macs == pytest.approx(10 * meta['_ops'], abs=0.06)
        assert error == pytest.approx(100 - accuracy, abs=0.06), label


def test_validation_sees_what_torchvision_cuts(torchvision, tmp_path):
    """Resized to 256 and cut to 224 there; here in one step."""
    from torchvision.transforms import v2
    x, y = np.meshgrid(np.arange(450), np.arange(300))
    pixels = np.stack([x / 2, y / 2, 127 + 127 * np.sin(x / 20)], -1)
    image = Image.fromarray(pixels.astype('u1'))
    image.save(tmp_path / 'a.png')
    expected = np.asarray(v2.Compose([v2.Resize(256), v2.CenterCrop(224)])(
        image)).astype(int)
    size = 224, 224
    (found,), _, _ = images.Pictures(
        [tmp_path / 'a.png'], np.zeros(1, int), size, lambda w, h, _: (
            images.centre(w, h, size, recipe.SHARE), False)).read([0])
    assert np.abs(found - expected).mean() < 1
    assert np.abs(found - expected).max() <= 6
