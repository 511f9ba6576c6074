"""Files that torch writes of torchvision's networks classify as these do."""

import jax
import numpy as np
import pytest

from da_jax import models, weights
from tests.models.torchvision_test import close, randomise

torch = pytest.importorskip('torch')

KEY = jax.random.key(0)
# Our name: theirs, the side of the images.
NETWORKS = {
  'resnet18': ('resnet18', 64),
  'mobilenet_v2': ('mobilenet_v2', 64),
  'resnet50': ('resnet50', 64),
  'vgg16': ('vgg16', 64),
  'vit_b16': ('vit_b_16', 224),
}
QUICK = ('resnet18', 'mobilenet_v2', 'vit_b16')


@pytest.mark.parametrize(
  'name',
  [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name in NETWORKS
  ],
)
def test_logits_are_torchvisions(torchvision, tmp_path, name):
  theirs, side = NETWORKS[name]
  with torch.device('meta'):
    net = getattr(torchvision.models, theirs)()
  net = randomise(net)
  torch.save(net.state_dict(), tmp_path / 'net.pth')
  x = np.random.default_rng(0).normal(size=(2, side, side, 3))
  x = x.astype(np.float32)
  backbone = models.BACKBONES[name]()
  template = jax.eval_shape(lambda: backbone.init(KEY, x, False))
  variables, head = weights.load(tmp_path / 'net.pth', template, name)
  z = jax.jit(lambda v, x: backbone.apply(v, x, False))(variables, x)
  with torch.no_grad():
    logits = net(torch.tensor(x.transpose(0, 3, 1, 2))).numpy()
  close(np.asarray(z) @ head['kernel'] + head['bias'], logits)
