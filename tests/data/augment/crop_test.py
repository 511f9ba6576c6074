"""Boxes as torchvision draws them, and two ways to cut them out."""

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from da_jax import parallel
from da_jax.data import transforms
from da_jax.data.augment import crop
from da_jax.data.augment.crop import crop_and_resize, draw_box

_QUANTILES = np.linspace(0.1, 0.9, 9)


def _crops(backend, monkeypatch, *images, size):
  with monkeypatch.context() as patch:
    patch.setattr(jax, 'default_backend', lambda: backend)
    # A function of its own, as what is compiled is remembered.
    crop = jax.jit(lambda *args: crop_and_resize(*args, size))
    return np.asarray(crop(*images))


@pytest.mark.parametrize(
  ('height', 'width', 'size'),
  [
    *((256, 256, 224), (73, 60, 64), (160, 130, 37), (9, 20, 70)),
    # Not where LLVM optimises nothing: values then round to 1.6e-3 of another.
    pytest.param(40, 31, 33, marks=pytest.mark.slow),
  ],
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


def _torchvision_box(rng, side):
  """RandomResizedCrop.get_params of torchvision, written again."""
  for _ in range(10):
    area = side**2 * rng.uniform(0.08, 1)
    ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    width, height = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
    if 0 < width <= side and 0 < height <= side:
      top = rng.integers(0, side - height + 1)
      left = rng.integers(0, side - width + 1)
      return top, left, height, width
  return 0, 0, side, side


def test_draws_boxes_as_torchvision_does():
  side, n = 256, 4000
  keys = jax.random.split(jax.random.key(0), n)
  draw = jax.jit(jax.vmap(lambda key: draw_box(key, side)[0]))
  boxes = np.asarray(draw(keys))
  assert (boxes[:, :2] >= 0).all()
  assert (boxes[:, 2:] >= 1).all()
  assert (boxes[:, :2] + boxes[:, 2:] <= side).all()
  rng = np.random.default_rng(0)
  expected = np.array([_torchvision_box(rng, side) for _ in range(n)])
  for one, other in zip(_moments(boxes), _moments(expected), strict=True):
    gap = np.abs(np.quantile(one, _QUANTILES) - np.quantile(other, _QUANTILES))
    # Standard errors of a quantile of 4000 draws are below 1 % of the range.
    assert (gap < 0.03 * np.ptp(other)).all()


def _moments(boxes):
  top, left, height, width = boxes.T
  return top, left, height * width, np.log(width / height)


def test_a_crop_that_never_fits_is_the_whole_image(monkeypatch):
  monkeypatch.setattr(crop, '_AREA', (2.0, 3.0))
  box, _ = draw_box(jax.random.key(0), 40)
  assert box.tolist() == [0, 0, 40, 40]


@pytest.mark.parametrize('size', [16, 48])
@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize(
  'box', [(0, 0, 40, 40), (3, 7, 11, 29), (39, 0, 1, 40)]
)
def test_crop_and_resize_is_that_of_pillow(size, flip, box):
  x = np.random.default_rng(0).integers(0, 256, (1, 40, 40, 3)).astype(np.uint8)
  top, left, height, width = box
  edges = (left, top, left + width, top + height)
  image = Image.fromarray(x[0]).crop(edges)
  image = image.resize((size, size), Image.Resampling.BILINEAR)
  expected = np.asarray(image)[:, :: -1 if flip else 1]
  result = crop_and_resize(x, jnp.array([box]), jnp.array([flip]), size)
  # Pillow rounds to whole levels, twice.
  np.testing.assert_allclose(result[0], expected, atol=1.1)
