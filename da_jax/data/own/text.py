"""Texts of the user's own: a column of CSV or Parquet files."""

import pathlib

from da_jax.data import inputs
from da_jax.data.own import own_files, table_file, words
from da_jax.data.own.table import Table
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError

CHOICES = ('tfidf', 'hashed', 'tokens')
LENGTH = 128


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  *,
  text_column: str = 'text',
  label_column: str = 'label',
  domain_column: str | None = None,
  text_as: str = 'tfidf',
  text_length: int | None = None,
) -> Task:
  """Reads two domains.

  Args:
    data_dir: folder of the files; with a domain column, the one table.
    source: name of a file in it or a path, see `table_file.read`; with a
      domain column, a value in it.
    target: another one.
    text_column: the texts.
    label_column: the labels.
    domain_column: of a table that holds both domains.
    text_as: 'tfidf', `words.fit_tfidf`; 'hashed', `words.hashed`; or 'tokens',
      `words.tokens`.
    text_length: words of a sequence of tokens, 128 if None.

  Returns:
    Texts as strings [n] that become rows in the pair, hashed rows or int32 ids
    [n, text_length].

  Raises:
    UserError: a file is missing, damaged or in another encoding, a column is
      missing, or a text.
  """
  _check(text_as, text_length)
  strings = (text_column, label_column)
  if domain_column is None:
    paths = own_files.find_two(data_dir, source, target, table_file.SUFFIXES)
    tables = [table_file.read(path, strings) for path in paths]
  else:
    tables = table_file.split(data_dir, source, target, domain_column, strings)

  def domain(name: str, part: Table) -> Domain:
    x = part.texts(text_column)
    if text_as == 'hashed':
      x = words.hashed(x)
    if text_as == 'tokens':
      x = words.tokens(x, text_length or LENGTH)
    class_names, y = part.labels(label_column)
    return Domain(name, class_names, Examples(x, y))

  taken = inputs.texts(text_as, text_column, text_length or LENGTH)
  return Task(
    'text',
    *map(domain, (source, target), tables),
    protocol='transductive',
    backbone='lstm' if text_as == 'tokens' else 'mlp',
    transform=inputs.transform(taken),
    fit=words.fit_tfidf if text_as == 'tfidf' else lambda pair: pair,
    inputs=taken,
  )


def _check(text_as: str, text_length: int | None) -> None:
  if text_as not in CHOICES:
    raise UserError(f'--text_as={text_as}: choose from {", ".join(CHOICES)}.')
  if text_length is not None and text_as != 'tokens':
    raise UserError(
      f'--text_length={text_length} is for --text_as=tokens: {text_as} takes'
      ' whole texts.'
    )
  if text_length is not None and text_length < 1:
    raise UserError(f'--text_length={text_length} must be positive.')
