"""Lays runs over one another on one page, those that go on still included.

python -m experiments.compare runs/digits-plain-photo/dann-seed0
  runs/digits-plain-photo/dann-seed0/source_only --out=compare.html
"""

from collections.abc import Sequence
import os
import pathlib

from absl import flags
from rich import console

from da_jax import commands
from da_jax.errors import UserError
from da_jax.report import compare_page, matrix

# Other scripts have one, which tests import beside it.
_OUT = flags.DEFINE_string(
  'out', None, 'The page; default compare.html.', allow_override=True
)


def main(words: Sequence[str]) -> None:
  """Compares the runs whose folders are named."""
  if len(words) < 2:
    raise UserError('name the folders of two runs or more.')
  out = pathlib.Path(_OUT.value or 'compare.html')
  if out.suffix != '.html' or not os.access(out.parent, os.W_OK):
    raise UserError(f'--out={out} is no .html that can be written.')
  entries = compare_page.read([pathlib.Path(word) for word in words])
  compare_page.write(out, entries)
  table = matrix.to_terminal(compare_page.numbers(entries), 'target accuracy')
  console.Console().print(table)
  print(f'Curves, flags and classes: {out}')


if __name__ == '__main__':
  commands.run(main, (), arguments=True)
