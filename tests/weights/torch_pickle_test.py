"""Files of torch.save are read as torch reads them, and run nothing."""

import collections
import os
import pathlib
import pickle
import struct
import sys
import zipfile

import numpy as np
import pytest

from da_jax.errors import UserError
from da_jax.weights import reading, torch_pickle

torch = pytest.importorskip('torch')

ZIP = pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])
CLASSIC = (
  *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
  *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
  *(torch.bool, torch.complex64, torch.complex128),
)
RECENT = (torch.uint16, torch.uint32, torch.uint64)
SEEN = []  # what an unpickler or a shell was asked for
WATCHED = ('pickle.find_class', 'os.system', 'subprocess.Popen')
sys.addaudithook(
  lambda event, args: SEEN.append(args) if event in WATCHED else None
)


def save(content, path, zipped=True, protocol=2):
  torch.save(
    content,
    path,
    _use_new_zipfile_serialization=zipped,
    pickle_protocol=protocol,
  )
  return path


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


class Runs:
  """Unpickles as a call."""

  def __init__(self, function, *arguments):
    self.call = function, arguments

  def __reduce__(self):
    return self.call


class Built:
  """Unpickles by BUILD of an instance."""

  def __init__(self):
    self.state = torch.ones(2)


ATTACKS = {
  'shell': (lambda mark: Runs(os.system, f'touch {mark}'), r'\w+\.system'),
  'eval': (
    lambda mark: Runs(eval, f'open({str(mark)!r}, "w")'),
    r'\w+\.eval',
  ),
  'path': (
    lambda mark: Runs(pathlib.Path.touch, mark),
    r'path\S*|\S*getattr',
  ),
  'numpy': (lambda mark: np.ones(3), r'numpy\S*_reconstruct'),
  'numpy scalar': (lambda mark: np.float64(0.9), r'numpy\S*scalar'),
  'instance': (lambda mark: Built(), r'copy_?reg\S*|\S*\.Built'),
  'module': (
    lambda mark: torch.nn.ReLU(),
    r'torch\.nn\.modules\.\S*',
  ),
}


@ZIP
@pytest.mark.parametrize('attack', ATTACKS)
@pytest.mark.parametrize('protocol', [2, 4])
@pytest.mark.parametrize('nested', [True, False])
def test_refuses_to_run(tmp_path, zipped, attack, protocol, nested):
  mark = tmp_path / 'mark'
  make, named = ATTACKS[attack]
  content = {'state_dict': {'w': torch.ones(2), 'x': make(mark)}}
  content = content if nested else make(mark)
  path = save(content, tmp_path / 'w.pth', zipped, protocol)
  SEEN.clear()
  with pytest.raises(UserError, match=rf'w\.pth asks for ({named}), ') as info:
    reading.read(path)
  assert 'nothing of it was run' in str(info.value)
  assert not SEEN and not mark.exists()


def test_the_attack_works_without_us(tmp_path):
  mark = tmp_path / 'mark'
  path = save(Runs(os.system, f'touch {mark}'), tmp_path / 'w.pth')
  torch.load(path, weights_only=False)
  assert mark.exists()


def test_pickles_that_are_no_torch_files(tmp_path):
  path = tmp_path / 'w.pt'
  path.write_bytes(pickle.dumps(Runs(os.system, f'touch {tmp_path}/mark')))
  with pytest.raises(UserError, match=r'w\.pt asks for \w+\.system'):
    reading.read(path)
  path.write_bytes(pickle.dumps({'a': 1.0}))
  with pytest.raises(UserError, match='does not begin as a torch file'):
    reading.read(path)
  assert not (tmp_path / 'mark').exists()


@pytest.mark.parametrize(
  'content', [{}, [torch.ones(2)], torch.ones(2), {'epoch': 3}, {'a': {}}]
)
def test_no_state_dict(tmp_path, content):
  path = save(content, tmp_path / 'w.pth')
  with pytest.raises(UserError, match=r'w\.pth holds no state dict'):
    reading.read(path)


def hand_made(path, body):
  """Writes an archive around opcodes."""
  with zipfile.ZipFile(path, 'w') as archive:
    archive.writestr('w/data.pkl', b'\x80\x02' + body)
    archive.writestr('w/data/0', np.arange(4, dtype=np.float32).tobytes())
  return path


def pickled_tensor(offset, shape, strides, count=4, key=b'0'):
  """Opcodes of {'a': tensor}."""
  number = lambda n: b'J' + struct.pack('<i', n)
  text = lambda t: b'X' + struct.pack('<I', len(t)) + t
  tuple_of = lambda values: b'(' + b''.join(map(number, values)) + b't'
  storage = b'(' + text(b'storage') + b'ctorch\nFloatStorage\n' + text(key)
  storage += text(b'cpu') + number(count) + b'tQ'
  arguments = storage + number(offset) + tuple_of(shape) + tuple_of(strides)
  tensor = b'ctorch._utils\n_rebuild_tensor_v2\n(' + arguments + b'tR'
  return b'}' + text(b'a') + tensor + b's.'


def test_hand_made_pickle(tmp_path):
  path = hand_made(tmp_path / 'w.pth', pickled_tensor(1, (3,), (1,)))
  np.testing.assert_array_equal(reading.read(path)['a'], [1, 2, 3])


@pytest.mark.parametrize(
  'arguments,message',
  [
    ((1, (4,), (1,)), 'over the end'),
    ((0, (2, 2), (3, 1)), 'over the end'),
    ((-1, (2,), (1,)), 'impossible'),
    ((3, (2,), (-1,)), 'impossible'),
    ((0, (-2,), (1,)), 'impossible'),
    ((0, (2, 2), (1,)), 'impossible'),
    ((0, (4,), (1,), 5), '16 bytes instead of 20'),
    ((0, (4,), (1,), -4), 'instead of -16'),
    ((0, (4,), (1,), 4, b'../data.pkl'), 'data.pkl'),
  ],
)
def test_impossible_tensors(tmp_path, arguments, message):
  path = hand_made(tmp_path / 'w.pth', pickled_tensor(*arguments))
  with pytest.raises(UserError, match=rf'w\.pth cannot be read.*{message}'):
    reading.read(path)


@pytest.mark.parametrize(
  'body,message',
  [
    (b'2.', 'DUP'),
    (b')\x81.', 'NEWOBJ'),
    (b'(ios\nsystem\n.', 'INST'),
    (b'\x82\x01.', 'EXT1'),
    (b'Pos\n.', 'PERSID'),
    (b'ctorch\nFloatStorage\n}b.', 'BUILD of a Global'),
    (b'\x8c\x02os\x8c\x06system\x93.', r'os\.system'),
    (b'ctorch\nFloatStorage.newbyteorder\n.', r'FloatStorage\.newbyteorder'),
    (b'ccollections\nOrderedDict.__init__\n.', r'OrderedDict\.__init__'),
  ],
)
def test_opcodes_that_reach_further(tmp_path, body, message):
  path = hand_made(tmp_path / 'w.pth', body)
  with pytest.raises(UserError, match=rf'asks for .*{message}'):
    reading.read(path)


@pytest.mark.parametrize(
  'body',
  [
    b'',
    b'.',
    b'}',
    b't.',
    b'K\x01K\x02a.',
    b'h\x05.',
    b'ctorch\nFloatStorage\n)R.',
    b'ctorch\nSize\nK\x01\x85R.',
    b'}' + b')' + b'\x85' * 300_000 + b'K\x01s.',
    b'(' + b')' + b'\x85' * 300_000 + b'tQ.',
    b')' + b'\x85' * 300_000 + b'\x8c\x01a\x93.',
    b'\x8b\xff\xff\xff\x7f',
    b'r\xff\xff\xff\xff.',
  ],
  ids=range(13),
)
def test_damaged_pickles(tmp_path, body):
  with pytest.raises(UserError, match=r'w\.pth cannot be read'):
    reading.read(hand_made(tmp_path / 'w.pth', body))


@ZIP
def test_flipped_and_missing_bytes_raise_nothing_else(tmp_path, zipped):
  content = {'state_dict': {'w': torch.arange(5.0), 'v': torch.ones(2, 2).T}}
  content['x'] = Runs(os.system, f'touch {tmp_path}/mark')
  good = save({'w': torch.arange(5.0)}, tmp_path / 'good.pth', zipped)
  bad = save(content, tmp_path / 'bad.pth', zipped)
  rng = np.random.default_rng(0)
  path, refused = tmp_path / 'w.pth', 0
  SEEN.clear()
  for number in range(400):
    whole = bytearray((good if number % 2 else bad).read_bytes())
    for place in rng.integers(len(whole), size=rng.integers(4)):
      whole[place] = rng.integers(256)
    cut = rng.integers(len(whole)) if number % 5 == 0 else len(whole)
    path.write_bytes(whole[:cut])
    try:
      reading.read(path)
    except UserError as error:
      assert 'w.pth' in str(error)
      refused += 1
  assert refused > 200
  assert not SEEN and not (tmp_path / 'mark').exists()


def test_works_without_torch(tmp_path, monkeypatch):
  path = save({'w': torch.ones(2)}, tmp_path / 'w.pth')
  monkeypatch.setitem(sys.modules, 'torch', None)
  np.testing.assert_array_equal(torch_pickle.read(path)['w'], [1, 1])
