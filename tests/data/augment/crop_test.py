"""The two formulations of cropping and resizing."""

import jax
import numpy as np
from PIL import Image
import pytest

from da_jax import parallel
from da_jax.data import transforms
from da_jax.data.augment.crop import crop_and_resize


def _crops(backend, monkeypatch, *images, size):
  with monkeypatch.context() as patch:
    patch.setattr(jax, 'default_backend', lambda: backend)
    # A function of its own, as what is compiled is remembered.
    crop = jax.jit(lambda *args: crop_and_resize(*args, size))
    return np.asarray(crop(*images))


@pytest.mark.parametrize(
  ('height', 'width', 'size'),
  [(256, 256, 224), (73, 60, 64), (40, 31, 33), (160, 130, 37), (9, 20, 70)],
)
def test_those_of_cpu_and_accelerator_agree_with_pillow(
  height, width, size, monkeypatch
):
  """Boxes at every border, of one pixel and of all; smaller and larger."""
  rng = np.random.default_rng(0)
  x = rng.integers(0, 256, (8, height, width, 3)).astype(np.uint8)
  boxes = [
    (0, 0, height, width),
    (0, 0, 5, 7),
    (height - 4, width - 9, 4, 9),
    (height - 1, 0, 1, width),
    (0, width - 1, height, 1),
    (3, 2, height - 3, width - 2),
    (2, 5, height // 2, width // 2),
    (1, 1, 1, 1),
  ]
  flips = np.arange(8) % 2 == 1
  args = (x, np.array(boxes), flips)
  cpu = _crops('cpu', monkeypatch, *args, size=size)
  gpu = _crops('gpu', monkeypatch, *args, size=size)
  np.testing.assert_allclose(cpu, gpu, atol=1e-3)
  for image, box, flip, got in zip(x, boxes, flips, cpu, strict=True):
    top, left, h, w = box
    crop = Image.fromarray(image[top : top + h, left : left + w])
    expected = np.asarray(crop.resize((size, size), Image.Resampling.BILINEAR))
    expected = expected[:, ::-1] if flip else expected
    np.testing.assert_allclose(got, expected, atol=1.01)


def test_sharded_over_devices_is_the_same():
  rng = np.random.default_rng(0)
  x = rng.integers(0, 256, (8, 40, 40, 3)).astype(np.uint8)
  augment, _ = transforms.standard(35)
  key = jax.random.key(0)
  whole = jax.jit(augment)(key, x)
  parts = jax.jit(augment)(key, parallel.shard(x))
  assert len(parts.devices()) == 4
  np.testing.assert_allclose(whole, parts, atol=1e-5)
