"""Networks: backbones from inputs to features, one classifier, critics."""

from collections.abc import Callable

from flax import linen as nn

from da_jax.models.alexnet import AlexNet
from da_jax.models.cifar_resnet import (
  CifarResNet,
  cifar_resnet20,
  cifar_resnet56,
)
from da_jax.models.classifier import Classifier
from da_jax.models.conv1d import Conv1d
from da_jax.models.convnext import ConvNext, convnext_tiny
from da_jax.models.critic import DomainCritic
from da_jax.models.dtn import Dtn
from da_jax.models.identity import Identity
from da_jax.models.lenet import LeNet
from da_jax.models.lstm import Lstm
from da_jax.models.mlp import Mlp
from da_jax.models.mobilenet_v1 import MobileNetV1, mobilenet_v1_075
from da_jax.models.mobilenet_v2 import MobileNetV2
from da_jax.models.resnet import (
  ResNet,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  resnext50,
  wide_resnet50,
)
from da_jax.models.squeezenet import SqueezeNet
from da_jax.models.transformer import Transformer
from da_jax.models.vgg import Vgg, vgg16, vgg19
from da_jax.models.vit import Vit, vit_b16, vit_s16

__all__ = [
  'BACKBONES',
  'AlexNet',
  'CifarResNet',
  'Classifier',
  'Conv1d',
  'ConvNext',
  'DomainCritic',
  'Dtn',
  'Identity',
  'LeNet',
  'Lstm',
  'Mlp',
  'MobileNetV1',
  'MobileNetV2',
  'ResNet',
  'SqueezeNet',
  'Transformer',
  'Vgg',
  'Vit',
]

# Each value takes `dtype` and `frozen`; each module maps `(x, train)` to
# float32 features [n, d] and names its `depths`.
BACKBONES: dict[str, Callable[..., nn.Module]] = {
  'mlp': Mlp,
  'lenet': LeNet,
  'dtn': Dtn,
  'resnet18': resnet18,
  'resnet34': resnet34,
  'resnet50': resnet50,
  'resnet101': resnet101,
  'conv1d': Conv1d,
  'lstm': Lstm,
  'transformer': Transformer,
  'resnet152': resnet152,
  'resnext50': resnext50,
  'wide_resnet50': wide_resnet50,
  'cifar_resnet20': cifar_resnet20,
  'cifar_resnet56': cifar_resnet56,
  'alexnet': AlexNet,
  'vgg16': vgg16,
  'vgg19': vgg19,
  'squeezenet1_1': SqueezeNet,
  'mobilenet_v1': MobileNetV1,
  'mobilenet_v1_075': mobilenet_v1_075,
  'mobilenet_v2': MobileNetV2,
  'vit_s16': vit_s16,
  'vit_b16': vit_b16,
  'convnext_tiny': convnext_tiny,
}
