"""Networks: backbones from inputs to features, one classifier, critics."""

from collections.abc import Callable

from flax import linen as nn

from da_jax.models.classifier import Classifier
from da_jax.models.critic import DomainCritic
from da_jax.models.dtn import Dtn
from da_jax.models.lenet import LeNet
from da_jax.models.mlp import Mlp
from da_jax.models.resnet import ResNet, resnet18, resnet34, resnet50, resnet101

__all__ = [
  'BACKBONES',
  'Classifier',
  'DomainCritic',
  'Dtn',
  'LeNet',
  'Mlp',
  'ResNet',
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
}
