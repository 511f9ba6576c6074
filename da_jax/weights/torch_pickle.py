"""Arrays by name from the files of `torch.save`, without torch.

The pickle in them describes tensors as views of storages, which lie beside it:
as entries of a zip archive, or behind it in files older than torch 1.6.
"""

import io
import pathlib
import sys
from typing import Any, BinaryIO, NamedTuple
import zipfile

import ml_dtypes
import numpy as np

from da_jax.errors import UserError
from da_jax.weights.pickle_machine import Global, interpret, mapping, refusal

_MAGIC = 0x1950A86A20F9469CFC6C
# What training scripts put a state dict under, beside epochs and the like.
_WRAPPERS = ('state_dict', 'model_state_dict', 'model_state', 'model')


class Storage(NamedTuple):
  """Numbers that tensors share, stored apart from the pickle."""

  key: str
  dtype: np.dtype
  count: int  # of numbers


class Tensor(NamedTuple):
  """A view of a storage: where it begins, its shape and its strides."""

  storage: Storage
  offset: int  # in numbers, as the strides
  shape: tuple[int, ...]
  strides: tuple[int, ...]
  dtype: np.dtype


def _tensor(storage, offset, shape, strides, *_) -> Tensor:
  return Tensor(storage, offset, shape, strides, storage.dtype)


def _tensor_of(storage, offset, shape, strides, grad, hooks, dtype, *_):
  return Tensor(storage, offset, shape, strides, dtype.value)


_CALLS = {
  'collections.OrderedDict': mapping,
  'torch.Size': tuple,
  'torch._utils._rebuild_parameter': lambda data, *_: data,
  'torch._utils._rebuild_tensor': _tensor,
  'torch._utils._rebuild_tensor_v2': _tensor,
  'torch._utils._rebuild_tensor_v3': _tensor_of,
}
_DTYPES = {
  'torch.DoubleStorage': np.float64,
  'torch.FloatStorage': np.float32,
  'torch.HalfStorage': np.float16,
  'torch.BFloat16Storage': ml_dtypes.bfloat16,
  'torch.LongStorage': np.int64,
  'torch.IntStorage': np.int32,
  'torch.ShortStorage': np.int16,
  'torch.CharStorage': np.int8,
  'torch.ByteStorage': np.uint8,
  'torch.BoolStorage': np.bool_,
  'torch.ComplexFloatStorage': np.complex64,
  'torch.ComplexDoubleStorage': np.complex128,
  # Types newer than those are pickled as bytes and the name of the type.
  'torch.storage.UntypedStorage': np.uint8,
  'torch.uint16': np.uint16,
  'torch.uint32': np.uint32,
  'torch.uint64': np.uint64,
}
_TABLE = {name: Global(call) for name, call in _CALLS.items()} | {
  name: Global(value=np.dtype(dtype)) for name, dtype in _DTYPES.items()
}


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
  """Reads the state dict of a file of `torch.save`.

  Args:
    path: the file, a zip archive or older.

  Returns:
    Read-only arrays by name; entries that are no tensors are left out.

  Raises:
    UserError: the pickle asks for more than tensors, or holds no state dict.
    ValueError: the file is damaged.
  """
  content = path.read_bytes()
  if not content.startswith(b'PK'):
    return _from_stream(io.BytesIO(content))
  with zipfile.ZipFile(io.BytesIO(content)) as archive:
    return _from_zip(archive)


def _from_zip(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
  names = archive.namelist()
  pickles = [name for name in names if name.endswith('/data.pkl')]
  if len(pickles) != 1:
    raise ValueError(f'a torch file has one data.pkl, this one {len(pickles)}')
  root = pickles[0].removesuffix('data.pkl')
  order = 'little'
  if f'{root}byteorder' in names:
    order = archive.read(f'{root}byteorder').decode()
  tensors = _tensors(_load(io.BytesIO(archive.read(pickles[0])), {}))
  storages = {t.storage.key: t.storage for t in tensors.values()}
  flat = {
    key: _numbers(archive.read(f'{root}data/{key}'), storage, order)
    for key, storage in storages.items()
  }
  return {name: _view(t, flat[t.storage.key]) for name, t in tensors.items()}


def _from_stream(file: BinaryIO) -> dict[str, np.ndarray]:
  if _load(file, {}) != _MAGIC:
    raise ValueError('it does not begin as a torch file')
  _load(file, {})  # the version of the format
  _load(file, {})  # what the machine that wrote it was like
  storages = {}
  tensors = _tensors(_load(file, storages))
  flat = {}
  for key in _load(file, {}):
    storage = storages[key]
    count = int.from_bytes(file.read(8), 'little')
    content = file.read(count * storage.dtype.itemsize)
    flat[key] = _numbers(content, storage, 'little')
  return {name: _view(t, flat[t.storage.key]) for name, t in tensors.items()}


def _load(file: BinaryIO, storages: dict[str, Storage]) -> Any:
  """Interprets a pickle and notes the storages that it names."""

  def persistent(kind, storage, key, place, count, *view) -> Storage:
    if kind != 'storage' or any(view):
      raise refusal('a persistent object that is no whole storage')
    if not isinstance(key, str | int) or not isinstance(count, int):
      raise TypeError('a storage without name or size')
    storages[key] = Storage(str(key), storage.value, count)
    return storages[key]

  return interpret(file, _TABLE, persistent)


def _tensors(content: Any) -> dict[str, Tensor]:
  for wrapper in _WRAPPERS:
    if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
      content = content[wrapper]
  if isinstance(content, dict):
    content = {
      name: tensor
      for name, tensor in content.items()
      if isinstance(name, str) and isinstance(tensor, Tensor)
    }
  if not isinstance(content, dict) or not content:
    raise UserError('holds no state dict: save net.state_dict() alone.')
  return content


def _numbers(content: bytes, storage: Storage, order: str) -> np.ndarray:
  size = storage.count * storage.dtype.itemsize
  if len(content) != size:
    raise ValueError(f'a storage has {len(content)} bytes instead of {size}')
  flat = np.frombuffer(content, storage.dtype)
  return flat if order == sys.byteorder else flat.byteswap()


def _view(tensor: Tensor, flat: np.ndarray) -> np.ndarray:
  flat, shape, strides = flat.view(tensor.dtype), tensor.shape, tensor.strides
  if len(shape) != len(strides) or min((*shape, *strides, tensor.offset)) < 0:
    raise ValueError('a tensor has impossible sizes')
  if 0 in shape:
    return np.empty(shape, tensor.dtype)
  steps = zip(shape, strides, strict=True)
  last = tensor.offset + sum((size - 1) * step for size, step in steps)
  if last >= len(flat):
    raise ValueError('a tensor reaches over the end of its storage')
  return np.lib.stride_tricks.as_strided(
    flat[tensor.offset :],
    shape,
    [step * flat.itemsize for step in strides],
    writeable=False,
  )
