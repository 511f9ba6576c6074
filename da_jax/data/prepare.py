"""Gets a published dataset ready: `python -m da_jax.data.prepare DATASET`.

It downloads what is missing (into `<data_dir>/downloads` and
`<data_dir>/<dataset>`) or takes what is there, prepares every domain as `load`
would, and compares the numbers of examples with the published ones.
"""

from collections.abc import Sequence
import pathlib
import sys

from absl import flags, logging

from da_jax import commands
from da_jax.data import flags as data_flags
from da_jax.data.obtain.acquire import acquire
from da_jax.data.published.builders import BUILDERS
from da_jax.data.published.prepared import stored
from da_jax.data.published.record import Published, Records, present, split_name
from da_jax.errors import UserError

FLAGS = flags.FLAGS

flags.DEFINE_list('domains', None, 'Names of those to prepare; default all.')
flags.DEFINE_bool('list', False, 'List the datasets, prepare none.')


def prepare(
  published: Published, data_dir: pathlib.Path, domains: Sequence[str]
) -> list[str]:
  """Prepares some domains of a dataset.

  Args:
    published: which dataset.
    data_dir: its folder or one that holds it.
    domains: names.

  Returns:
    Lines of a table: found and published numbers, and what differs.

  Raises:
    UserError: none of the domains is there and cannot be downloaded, or the
      data are damaged.
  """
  acquire(published, data_dir, domains)
  there = present(published, data_dir, domains)
  if there is None:
    folder = (data_dir / published.folders[0]).absolute()
    raise UserError(
      f'{folder} holds none of {", ".join(domains)}: expected'
      f' {published.layout}. Remove the folder to download it anew.'
    )
  root, found = there
  rows = []
  for domain in domains:
    splits = found[domain]
    if splits:
      print(f'preparing {domain} ...', file=sys.stderr)
      stored(published, root, domain, splits)
    for split, expected in published.counts[domain].items():
      records = splits.get(split)
      name = split_name(domain, split)
      rows.append((name, *_compare(published, records, expected)))
  return [f'{published.name} in {root.absolute()}', *_table(rows)]


def _compare(
  published: Published, records: Records | None, expected: int
) -> tuple[str, str, str]:
  if records is None:
    return '-', str(expected), 'not there'
  found, differs = len(records.y), []
  if found != expected:
    differs.append(f'{found - expected:+d}')
  present = set(records.y.tolist())
  missing = [
    name for i, name in enumerate(published.class_names) if i not in present
  ]
  if missing:
    differs.append(f'without {", ".join(missing)}')
  return str(found), str(expected), '; '.join(differs) or 'as published'


def listing() -> list[str]:
  """Lines of a table of the published datasets."""
  rows = []
  for name, builder in BUILDERS.items():
    published = builder.PUBLISHED
    numbers = ', '.join(
      f'{domain} {"+".join(map(str, splits.values()))}'
      for domain, splits in published.counts.items()
    )
    got = 'downloaded' if published.files else 'by hand'
    rows.append((name, got, numbers))
  return _table(rows, ('dataset', 'files', 'examples'))


def _table(
  rows: list[tuple[str, ...]],
  head: tuple[str, ...] = ('domain', 'found', 'published', 'difference'),
) -> list[str]:
  lines = [head, *rows]
  widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
  return [
    '  '.join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
    for line in lines
  ]


def _published(name: str) -> Published:
  if name not in BUILDERS:
    raise UserError(
      f'there is no published dataset {name!r}: choose from'
      f' {", ".join(BUILDERS)}.'
    )
  return BUILDERS[name].PUBLISHED


def _domains(published: Published) -> tuple[str, ...]:
  domains = tuple(FLAGS.domains or published.counts)
  for name in domains:
    if name not in published.counts:
      raise UserError(
        f'{published.name} has no domain {name!r}: choose from'
        f' {", ".join(published.counts)}.'
      )
  return domains


def main(names: Sequence[str]) -> None:
  """Prepares the dataset named on the command line, or lists all.

  Raises:
    UserError: not one dataset is named, or it cannot be prepared.
  """
  logging.set_verbosity(logging.ERROR)  # the table says what differs
  if FLAGS.list:
    print('\n'.join(listing()))
    return
  if len(names) != 1:
    raise UserError(
      'name one dataset, as in `python -m da_jax.data.prepare office31`; --list'
      ' lists them.'
    )
  published = _published(names[0])
  domains = _domains(published)
  lines = prepare(published, data_flags.folder(), domains)
  print('\n'.join([*lines, '', published.homepage, published.citation]))


if __name__ == '__main__':
  commands.run(main, ('data_dir',), arguments=True)
