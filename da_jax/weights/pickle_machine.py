"""Pickles interpreted without running anything.

A pickle is a program for a stack machine (opcodes: `pickletools`). This machine
knows those that build plain values. It imports nothing: a name that the pickle
imports is looked up in a table, and what is not there is refused.
"""

from collections.abc import Callable, Iterable, Mapping
import pickletools
from typing import Any, BinaryIO, NamedTuple

from da_jax.errors import UserError


class Global(NamedTuple):
  """What stands for a name that pickles may import.

  Attributes:
    call: what the pickle gets by calling it, from plain values; None: it may
      only be an argument.
    value: what `call`s and the resolver of persistent objects read of it.
  """

  call: Callable[..., Any] | None = None
  value: Any = None


_VALUES = {
  'NONE': lambda: None,
  'NEWTRUE': lambda: True,
  'NEWFALSE': lambda: False,
  'EMPTY_DICT': dict,
  'EMPTY_LIST': list,
  'EMPTY_TUPLE': tuple,
}
_ARGUMENTS = (
  *('BININT', 'BININT1', 'BININT2', 'LONG1', 'LONG4', 'BINFLOAT'),
  *('BINSTRING', 'SHORT_BINSTRING'),
  *('BINUNICODE', 'SHORT_BINUNICODE', 'BINUNICODE8'),
)
# How many items an opcode takes off the stack; None: those since the mark.
_TAKEN = {
  'TUPLE': None,
  'TUPLE1': 1,
  'TUPLE2': 2,
  'TUPLE3': 3,
  'APPEND': 1,
  'APPENDS': None,
  'SETITEM': 2,
  'SETITEMS': None,
}
_MARK = object()


def interpret(
  file: BinaryIO, table: Mapping[str, Global], persistent: Callable[..., Any]
) -> Any:
  """Interprets the pickle at a file's position, up to its end.

  Args:
    file: open for reading; left behind the pickle.
    table: by name, as 'module.attribute', all that may be imported.
    persistent: from the parts of the identity of a persistent object.

  Returns:
    Plain values, and what the table and `persistent` made of them.

  Raises:
    UserError: the pickle asks for something else.
    ValueError: the pickle is damaged.
  """
  machine = _Machine(table, persistent)
  try:
    for opcode, argument, _ in pickletools.genops(file):
      if opcode.name == 'STOP':
        return machine.stack.pop()
      machine.step(opcode.name, argument)
  except (AttributeError, IndexError, KeyError, TypeError) as error:
    raise ValueError('the pickle is damaged') from error
  raise ValueError('the pickle has no end')


def mapping(items: Iterable[tuple[Any, Any]] = ()) -> dict:
  """A dict of plain keys.

  Raises:
    TypeError: a key could exhaust the interpreter's stack when it is hashed.
  """
  result = {}
  for key, value in items:
    if not isinstance(key, str | int | float | None):
      raise TypeError('a key that is no plain value')
    result[key] = value
  return result


def refusal(what: str) -> UserError:
  """The error of a pickle that asks for something else than tensors."""
  return UserError(
    f'asks for {what}, which is refused: only tensors are read from pickles,'
    ' and nothing of it was run. Save the state dict alone, if you trust the'
    ' file, best as .safetensors.'
  )


class _Machine:
  """The stack, and the memo of what is used again."""

  def __init__(self, table, persistent):
    self._table, self._persistent = table, persistent
    self.stack, self._memo = [], {}

  def step(self, name: str, argument: Any) -> None:
    """Executes one opcode."""
    stack = self.stack
    if name in _ARGUMENTS:
      stack.append(argument)
    elif name in _VALUES:
      stack.append(_VALUES[name]())
    elif name == 'MARK':
      stack.append(_MARK)
    elif name in ('BINPUT', 'LONG_BINPUT', 'MEMOIZE'):
      key = len(self._memo) if argument is None else argument
      self._memo[key] = stack[-1]
    elif name in ('BINGET', 'LONG_BINGET'):
      stack.append(self._memo[argument])
    elif name in _TAKEN:
      items = self._take(_TAKEN[name])
      if name.startswith('TUPLE'):
        stack.append(tuple(items))
      elif name.startswith('APPEND'):
        stack[-1].extend(items)
      else:
        stack[-1].update(mapping(zip(items[::2], items[1::2], strict=True)))
    elif name not in ('PROTO', 'FRAME'):
      self._ask(name, argument)

  def _ask(self, name: str, argument: Any) -> None:
    """Opcodes by which a pickle could reach beyond itself."""
    stack = self.stack
    if name == 'GLOBAL':
      stack.append(self._look_up(*argument.split(' ', 1)))
    elif name == 'STACK_GLOBAL':
      stack.append(self._look_up(*self._take(2)))
    elif name == 'REDUCE':
      wanted, arguments = self._take(2)
      stack.append(wanted.call(*arguments))
    elif name == 'BUILD':
      # Attributes of an OrderedDict, which a state dict has: not needed.
      built, _ = self._take(2)
      if not isinstance(built, dict):
        raise refusal(f'the opcode BUILD of a {type(built).__name__}')
      stack.append(built)
    elif name == 'BINPERSID':
      stack.append(self._persistent(*stack.pop()))
    else:
      raise refusal(f'the opcode {name}')

  def _look_up(self, module: str, attribute: str) -> Global:
    # Anything but strings could be too deep to print.
    if not isinstance(module, str) or not isinstance(attribute, str):
      raise TypeError('a global without a name')
    name = f'{module}.{attribute}'
    if name not in self._table:
      raise refusal(name)
    return self._table[name]

  def _take(self, count: int | None) -> list:
    start = len(self.stack) - (count or 0)
    if count is None:
      while self.stack[start - 1] is not _MARK:
        start -= 1
    items = self.stack[start:]
    del self.stack[start if count else start - 1 :]
    if count and len(items) < count:
      raise IndexError('the stack is too short')
    return items
