"""Pickles that ask for more than tensors run nothing."""

import os
import pathlib
import pickle
import struct
import zipfile

import numpy as np
import pytest

from da_jax.errors import UserError
from da_jax.weights import reading
from tests.weights.torch_files import SEEN, ZIP, Runs, save

torch = pytest.importorskip('torch')


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
