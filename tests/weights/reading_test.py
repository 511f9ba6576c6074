"""The reader refuses everything but whole files of arrays."""

from flax import serialization
import h5py
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

from da_jax.errors import UserError
from da_jax.weights import reading

ARRAYS = {
  'a.weight': np.arange(6, dtype=np.float32).reshape(2, 3),
  'b.mean': np.array([1.5, -2.0], ml_dtypes.bfloat16),
}
NAMES = ['w.npz', 'w.safetensors', 'w.msgpack', 'w.h5']


def write(path):
  if path.suffix == '.npz':
    np.savez(path, **ARRAYS)
  elif path.suffix == '.safetensors':
    safetensors.numpy.save_file(ARRAYS, path)
  elif path.suffix == '.msgpack':
    tree = {'a': {'weight': ARRAYS['a.weight']}, 'step': 3}
    tree['b'] = {'mean': jnp.asarray(ARRAYS['b.mean']), 'note': 'x'}
    path.write_bytes(serialization.msgpack_serialize(tree))
  else:
    write_keras(path)
  return path


def write_keras(path, root='/', text=np.bytes_):
  """As Keras does: weights under the layer, by names that repeat it."""
  layers = {
    'conv1': {'kernel:0': ARRAYS['a.weight'], 'bias:0': np.ones(2)},
    'act': {},
    'fire2/squeeze1x1': {'kernel:0': np.full((1, 1), 5.0)},
  }
  with h5py.File(path, 'w') as file:
    group = file.require_group(root)
    group.attrs['layer_names'] = [text(name) for name in layers]
    for layer, arrays in layers.items():
      entry = group.create_group(layer)
      names = [f'{layer}/{name}' for name in arrays]
      entry.attrs['weight_names'] = [text(name) for name in names]
      for name, array in zip(names, arrays.values(), strict=True):
        entry[name] = array


@pytest.mark.parametrize('name', NAMES[:3])
def test_reads_what_was_written(tmp_path, name):
  read = reading.read(str(write(tmp_path / name)))
  assert list(read) == list(ARRAYS)
  for key, array in ARRAYS.items():
    if name == 'w.npz' and array.dtype == ml_dtypes.bfloat16:
      continue  # NumPy's format has no such type
    assert read[key].dtype == array.dtype
    np.testing.assert_array_equal(read[key], array)


@pytest.mark.parametrize('root', ['/', 'model_weights'])
@pytest.mark.parametrize('text', [np.bytes_, str])
def test_keras(tmp_path, root, text):
  write_keras(tmp_path / 'w.h5', root, text)
  read = reading.read(tmp_path / 'w.h5')
  assert list(read) == [
    'conv1/kernel',
    'conv1/bias',
    'fire2/squeeze1x1/kernel',
  ]
  np.testing.assert_array_equal(read['conv1/kernel'], ARRAYS['a.weight'])
  np.testing.assert_array_equal(read['fire2/squeeze1x1/kernel'], [[5]])


def test_other_hdf5(tmp_path):
  with h5py.File(tmp_path / 'w.h5', 'w') as file:
    file['layers/conv2d/vars/0'] = np.ones(3)
  with pytest.raises(UserError, match=r'w\.h5 names no layers'):
    reading.read(tmp_path / 'w.h5')


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('kept', [0, 5, 60, -10])
def test_damaged_files(tmp_path, name, kept):
  path = write(tmp_path / name)
  path.write_bytes(path.read_bytes()[:kept])
  with pytest.raises(UserError, match=name):
    reading.read(path)


@pytest.mark.parametrize('name', NAMES)
def test_flipped_bytes_raise_nothing_else(tmp_path, name):
  whole = write(tmp_path / name).read_bytes()
  rng = np.random.default_rng(0)
  refused = 0
  for _ in range(150):
    content = bytearray(whole)
    for place in rng.integers(min(len(whole), 1500), size=2):
      content[place] = rng.integers(256)
    (tmp_path / name).write_bytes(content)
    try:
      reading.read(tmp_path / name)
    except UserError as error:
      assert name in str(error)
      refused += 1
  assert refused


def test_flipped_bytes_in_npz(tmp_path):
  path = write(tmp_path / 'w.npz')
  content = bytearray(path.read_bytes())
  content[150] ^= 255
  path.write_bytes(content)
  with pytest.raises(UserError, match=r'w\.npz'):
    reading.read(path)


@pytest.mark.parametrize('name', [*NAMES, 'w.pth', 'w.pkl', 'w'])
def test_missing_or_unknown(tmp_path, name):
  with pytest.raises(UserError, match=name):
    reading.read(tmp_path / name)


@pytest.mark.parametrize('name', NAMES)
def test_wrong_suffix(tmp_path, name):
  content = write(tmp_path / name).read_bytes()
  for other in {*NAMES, 'w.pth'} - {name}:
    (tmp_path / other).write_bytes(content)
    with pytest.raises(UserError, match=other):
      reading.read(tmp_path / other)


def test_folder(tmp_path):
  (tmp_path / 'w.npz').mkdir()
  with pytest.raises(UserError, match=r'w\.npz'):
    reading.read(tmp_path / 'w.npz')


def test_pickles_are_not_loaded(tmp_path):
  np.savez(tmp_path / 'w.npz', a=np.array([{}], dtype=object))
  with pytest.raises(UserError, match=r'w\.npz'):
    reading.read(tmp_path / 'w.npz')


def test_metadata(tmp_path):
  path = tmp_path / 'w.safetensors'
  safetensors.numpy.save_file(ARRAYS, path, {'images': 'x'})
  assert reading.metadata(path) == {'images': 'x'}
  safetensors.numpy.save_file(ARRAYS, path)
  assert reading.metadata(path) == {}
  assert reading.metadata(tmp_path / 'w.npz') == {}
