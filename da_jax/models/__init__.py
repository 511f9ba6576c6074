"""Networks: backbones from inputs to features, one classifier, critics."""

from collections.abc import Callable

from flax import linen as nn

from da_jax.models.classifier import Classifier
from da_jax.models.conv1d import Conv1d
from da_jax.models.critic import DomainCritic
from da_jax.models.dtn import Dtn
from da_jax.models.lenet import LeNet
from da_jax.models.lstm import Lstm
from da_jax.models.mlp import Mlp
from da_jax.models.resnet import ResNet, resnet18, resnet34, resnet50, resnet101
from da_jax.models.transformer import Transformer

__all__ = [
  'BACKBONES',
  'Classifier',
  'Conv1d',
  'DomainCritic',
  'Dtn',
  'LeNet',
  'Lstm',
  'Mlp',
  'ResNet',
  'Transformer',
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
}
