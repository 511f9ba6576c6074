"""Files of torch.save are read as torch reads them."""

import collections
import sys
import zipfile

import numpy as np
import pytest

from da_jax.errors import UserError
from da_jax.weights import reading, torch_pickle
from tests.weights.torch_files import ZIP, save

torch = pytest.importorskip('torch')

CLASSIC = (
  *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
  *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
  *(torch.bool, torch.complex64, torch.complex128),
)
RECENT = (torch.uint16, torch.uint32, torch.uint64)


def assert_same(read, tensors):
  assert list(read) == list(tensors)
  for name, tensor in tensors.items():
    tensor = tensor.detach()
    assert read[name].dtype.name == str(tensor.dtype).removeprefix('torch.')
    if tensor.dtype == torch.bfloat16:
      tensor, read[name] = tensor.float(), read[name].astype(np.float32)
    np.testing.assert_array_equal(read[name], tensor.numpy())


@ZIP
@pytest.mark.parametrize('protocol', [2, 4])
def test_all_types(tmp_path, zipped, protocol):
  types = CLASSIC + (RECENT if zipped else ())
  tensors = {
    str(kind): (torch.arange(6) - 3 * kind.is_signed).to(kind).reshape(2, 3)
    for kind in types
  }
  path = save(tensors, tmp_path / 'w.pth', zipped, protocol)
  assert_same(reading.read(path), tensors)


@ZIP
def test_views(tmp_path, zipped):
  base = torch.arange(24.0).reshape(4, 6)
  tensors = {
    'transposed': base.T,
    'strided': base[1:, ::2],
    'whole': base,
    'last': base[3],
    'scalar': torch.tensor(3.0),
    'empty': torch.zeros(0, 3),
    'expanded': torch.ones(1, 3).expand(5, 3),
    'parameter': torch.nn.Parameter(base[0]),
  }
  read = reading.read(save(tensors, tmp_path / 'w.pth', zipped))
  assert_same(read, tensors)
  assert np.shares_memory(read['whole'], read['strided'])


def test_other_byte_order(tmp_path):
  tensors = {'a': torch.tensor([1.5, -2.0]), 'b': torch.tensor([7, 258])}
  tensors['c'] = torch.tensor([0.75], dtype=torch.bfloat16)
  path = save(tensors, tmp_path / 'w.pth')
  swapped = tmp_path / 'big.pth'
  with zipfile.ZipFile(path) as old, zipfile.ZipFile(swapped, 'w') as new:
    for name in old.namelist():
      content = old.read(name)
      if name.endswith('byteorder'):
        content = b'big'
      elif '/data/' in name:
        size = {8: 4, 16: 8, 2: 2}[len(content)]
        pieces = range(0, len(content), size)
        content = b''.join(content[i : i + size][::-1] for i in pieces)
      new.writestr(name, content)
  assert_same(reading.read(swapped), tensors)


@ZIP
@pytest.mark.parametrize('wrapper', [None, 'state_dict', 'model'])
def test_what_is_around_the_state_dict(tmp_path, zipped, wrapper):
  net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
  content = collections.OrderedDict(net.state_dict())
  content['epoch'], content['note'] = 3, ('x', [1.5, None, True])
  if wrapper:
    moments = {'state': {0: {'exp_avg': torch.ones(5)}}}
    content = {'best': 0.5, 'optimizer': moments, wrapper: content}
  path = save(content, tmp_path / 'w.bin', zipped)
  assert_same(reading.read(path), net.state_dict())


@pytest.mark.parametrize('count', [20, 56])
def test_published_files(real_data, count):
  (path,) = real_data('weights').glob(f'weights/cifar10_resnet{count}-*.th')
  theirs = torch.load(path, map_location='cpu', weights_only=True)
  assert_same(reading.read(path), theirs['state_dict'])


@pytest.mark.parametrize(
  'content', [{}, [torch.ones(2)], torch.ones(2), {'epoch': 3}, {'a': {}}]
)
def test_no_state_dict(tmp_path, content):
  path = save(content, tmp_path / 'w.pth')
  with pytest.raises(UserError, match=r'w\.pth holds no state dict'):
    reading.read(path)


def test_works_without_torch(tmp_path, monkeypatch):
  path = save({'w': torch.ones(2)}, tmp_path / 'w.pth')
  monkeypatch.setitem(sys.modules, 'torch', None)
  np.testing.assert_array_equal(torch_pickle.read(path)['w'], [1, 1])
