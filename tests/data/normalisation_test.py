"""Pixels reach the network as its weights expect them."""

import json

import jax
import numpy as np
import pytest

from da_jax import data, runs
from da_jax.data import normalisation, protocols, transforms
from da_jax.data.normalisation import CAFFE, HALF, IMAGENET, Normalisation
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError

X = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3)).astype(np.uint8)


def test_caffe_is_what_keras_subtracts():
  expected = X[..., ::-1] - np.array([103.939, 116.779, 123.68])
  np.testing.assert_allclose(CAFFE(X), expected, atol=1e-4)


def test_half_is_what_keras_divides_by():
  np.testing.assert_allclose(HALF(X), X / 127.5 - 1, atol=1e-6)


def test_imagenet():
  mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
  expected = (X / 255 - np.array(mean)) / np.array(std)
  np.testing.assert_allclose(IMAGENET(X), expected, atol=1e-5)


@pytest.mark.parametrize('kind', [IMAGENET, CAFFE])
def test_grey_images_become_coloured(kind):
  grey = X[..., :1]
  np.testing.assert_array_equal(kind(grey), kind(np.repeat(grey, 3, axis=3)))


@pytest.mark.parametrize('kind', [HALF, IMAGENET, CAFFE])
def test_records_go_through_json(kind):
  record = {'shape': [1, 2, 3], **json.loads(json.dumps(kind._asdict()))}
  assert normalisation.from_record(record) == kind


@pytest.mark.parametrize('side', [32, 80])
def test_training_and_evaluation_images_alike(side):
  kind = Normalisation((0.1, 0.2, 0.3), (0.5, 0.25, 1.0), bgr=True)
  rng = np.random.default_rng(1)
  if side == 32:
    make, stored = transforms.small, side
  else:
    make = lambda *args: transforms.standard(side, *args)
    stored = transforms.stored_size(side)
  x = rng.integers(0, 256, (2, stored, stored, 3)).astype(np.uint8)
  pixels = make(transforms.Augmentation(), Normalisation(0.0, 1 / 255))
  wanted = make(transforms.Augmentation(), kind)
  key = jax.random.key(0)
  for before, after in (
    (pixels[1](x), wanted[1](x)),
    (pixels[0](key, x), wanted[0](key, x)),
  ):
    np.testing.assert_allclose(after, kind(before), atol=1e-4)


def test_pairs_take_and_record_it():
  own = data.load('digits')
  given = data.load('digits', normalisation=CAFFE)
  x = own.target_test.x[:3]
  np.testing.assert_array_equal(own.prepare(x), HALF(x))
  np.testing.assert_array_equal(given.prepare(x), CAFFE(x))
  assert (own.normalisation, given.normalisation) == (HALF, CAFFE)
  record = runs.describe('toy', {}, given, '')['images']
  assert record['shape'] == [28, 28, 3]
  assert normalisation.from_record(record) == CAFFE


def test_rows_take_none():
  y = np.tile(np.arange(2, dtype=np.int32), 10)
  domain = Domain('a', ('x', 'y'), Examples(np.zeros((20, 3), np.float32), y))
  task = Task('toy', domain, domain, 'transductive', 'mlp', transforms.rows)
  pair = protocols.draw(task)
  assert pair.normalisation is None
  assert runs.describe('toy', {}, pair, '')['images'] is None
  with pytest.raises(UserError, match='for images, which the data of toy'):
    protocols.draw(task, normalisation=IMAGENET)
