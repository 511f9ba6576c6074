"""Texts from tables, and what becomes of them."""

import collections
import itertools
import math
import re
import unicodedata

import numpy as np
import pyarrow as pa
from pyarrow import parquet
import pytest

from da_jax import data, types
from da_jax.data.own import words
from da_jax.errors import UserError
from tests import short

GOOD = ('A fine book', 'fine, fine "prose"', 'Good story\nand good end')
BAD = ('bad bad film', 'Dull story', 'a bad, dull end')
TEXTS = [text for two in zip(GOOD, BAD, strict=True) for text in two] * 4


def _csv(texts, labels=('pos', 'neg'), column='text'):
  quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
  rows = [f'{text},{labels[i % 2]}' for i, text in enumerate(quoted)]
  return '\n'.join([f'{column},label', *rows]) + '\n'


def _load(folder, source='a.csv', target='b.csv', **options):
  return data.load(
    'text', data_dir=folder, source=source, target=target, **options
  )


@pytest.fixture
def folder(tmp_path):
  (tmp_path / 'a.csv').write_text(_csv(TEXTS))
  (tmp_path / 'b.csv').write_text(_csv([f'{t} indeed' for t in TEXTS]))
  return tmp_path


def _terms(text):
  singles = re.findall(r'\b\w\w+\b', text.lower())
  pairs = [' '.join(two) for two in itertools.pairwise(singles)]
  return collections.Counter(singles + pairs)


def test_tfidf_is_the_formula_of_the_training_texts(folder):
  pair = _load(folder, protocol=data.Protocol('split'))
  target = [f'{text} indeed' for text in TEXTS]
  train = [TEXTS[i] for i in pair.split['source_train']]
  train += [target[i] for i in pair.split['target_train']]
  counted = [_terms(text) for text in train]
  vocabulary = sorted(set().union(*counted))
  idf = [
    1 + math.log((1 + len(train)) / (1 + sum(term in c for c in counted)))
    for term in vocabulary
  ]
  assert pair.fitted['vocabulary'].tolist() == vocabulary
  np.testing.assert_allclose(pair.fitted['idf'], idf, rtol=1e-6)
  texts = [target[i] for i in pair.split['target_test']]
  rows = np.array(
    [
      [
        (1 + math.log(_terms(text)[term])) * w if term in _terms(text) else 0
        for term, w in zip(vocabulary, idf, strict=True)
      ]
      for text in texts
    ]
  )
  rows /= np.linalg.norm(rows, axis=1, keepdims=True)
  x = pair.target_test.x[np.arange(len(texts))]
  np.testing.assert_allclose(x, rows, atol=1e-6)
  assert x.dtype == np.float32 and pair.backbone == 'mlp'


def test_words_of_held_out_texts_are_not_learnt(folder):
  pair = _load(folder, protocol=data.Protocol('split'))
  for name, part in (('a.csv', 'source_val'), ('b.csv', 'target_test')):
    texts = [t if name == 'a.csv' else f'{t} indeed' for t in TEXTS]
    for row in pair.split[part]:
      texts[row] += ' unheard words'
    (folder / name).write_text(_csv(texts))
  other = _load(folder, protocol=data.Protocol('split'))
  for name in ('vocabulary', 'idf'):
    np.testing.assert_array_equal(pair.fitted[name], other.fitted[name])


def test_rows_stay_sparse_until_a_batch(folder):
  pair = _load(folder)
  assert pair.target_test is pair.target_train
  x = pair.source_train.x
  assert not isinstance(x, np.ndarray)
  whole = x[np.arange(len(x))]
  indices = np.array([5, 0, 5])
  np.testing.assert_array_equal(x[indices], whole[indices])
  np.testing.assert_array_equal(x[2:4], whole[2:4])
  some = x.subset(indices)
  assert len(some) == 3
  np.testing.assert_array_equal(some[np.array([1])], whole[:1])


def test_hashed_rows_count_words_whatever_the_others_are(folder):
  pair = _load(folder, text_as='hashed')
  x = pair.target_test.x[np.arange(24)]
  assert x.shape == (24, 2**13) and not pair.fitted
  for row, text in zip(x, TEXTS, strict=True):
    counts = collections.Counter(
      re.findall(r'\b\w\w+\b', f'{text} indeed'.lower())
    )
    expected = np.array(sorted(counts.values()))
    np.testing.assert_allclose(
      np.sort(np.abs(row[row != 0])),
      expected / np.linalg.norm(expected),
      rtol=1e-6,
    )


def test_tokens_are_ids_of_words_in_order(folder):
  pair = _load(folder, text_as='tokens', text_length=4)
  x = pair.target_test.x
  assert x.shape == (24, 4) and x.dtype == np.int32
  assert pair.backbone == 'lstm' and pair.prepare(x).dtype == np.int32
  # A fine book indeed; bad bad film indeed
  assert x[1, 0] == x[1, 1] and len(set(x[0])) == 4 and x[0, 3] == x[1, 3]
  assert x[:2].min() > 0 and x.max() < types.TOKENS
  # Of zlib's manual: the CRC-32 of 'a' is e8b7be43.
  assert x[0, 0] == 1 + 0xE8B7BE43 % (types.TOKENS - 1)
  default = _load(folder, text_as='tokens').target_test.x
  assert default.shape == (24, 128)
  np.testing.assert_array_equal(default[:, :4], x)
  assert (default[0, 4:] == 0).all()


def test_equal_words_are_equal():
  one, two = (unicodedata.normalize(form, 'É') for form in ('NFC', 'NFD'))
  ids = words.tokens([f'{one}tude', f'{two.lower()}TUDE'], 2)
  assert ids[0].tolist() == ids[1].tolist() and ids[0, 1] == 0


def test_divides_a_table_by_a_column(tmp_path):
  columns = {
    'review': TEXTS,
    'stars': [1, 5] * 12,
    'shop': ['x'] * 10 + ['y'] * 14,
  }
  parquet.write_table(pa.table(columns), tmp_path / 'all.parquet')
  task = data.load_task(
    'text',
    data_dir=tmp_path / 'all.parquet',
    source='x',
    target='y',
    text_column='review',
    label_column='stars',
    domain_column='shop',
  )
  assert task.source.examples.x.tolist() == TEXTS[:10]
  assert task.target.examples.x.tolist() == TEXTS[10:]
  assert task.target.class_names == ('1', '5')


@pytest.mark.parametrize(
  'text_as', ['tfidf', pytest.param('tokens', marks=pytest.mark.slow)]
)
def test_training_lowers_the_loss(folder, text_as):
  options = {'text_length': 6} if text_as == 'tokens' else {}
  before, after = short.losses(_load(folder, text_as=text_as, **options))
  assert after < 0.8 * before


@pytest.mark.parametrize(
  ('options', 'culprit'),
  [
    ({'text_column': 'body'}, "'body' but text, label: .*--text_column"),
    ({'label_column': 'y'}, "'y' but text, label: .*--label_column"),
    ({'text_as': 'bytes'}, 'text_as=bytes: choose from tfidf'),
    ({'text_length': 9}, 'text_length=9 is for --text_as=tokens'),
    ({'text_as': 'tokens', 'text_length': 0}, 'text_length=0 must be'),
  ],
)
def test_what_is_wrong_with_options_is_named(folder, options, culprit):
  with pytest.raises(UserError, match=culprit):
    _load(folder, **options)


def _numbers(folder):
  table = pa.table({'text': [1, 2], 'label': ['a', 'b']})
  parquet.write_table(table, folder / 'a.parquet')


@pytest.mark.parametrize(
  ('source', 'harm', 'culprit'),
  [
    (
      'a.csv',
      lambda f: (f / 'a.csv').write_text(_csv(['fine', 'bad', ' '])),
      r'a\.csv has no text in row 3 \(1 ',
    ),
    (
      'a.csv',
      lambda f: (f / 'a.csv').write_bytes('text,label\né,a'.encode('latin-1')),
      r'a\.csv is not UTF-8 at byte 11 \(0xe9\)',
    ),
    ('a.parquet', _numbers, r"'text' of .*a\.parquet holds int64"),
    ('a.npz', lambda f: np.savez(f / 'a.npz', x=[1]), r'ends with .*\.csv'),
  ],
)
def test_what_is_wrong_with_a_file_is_named(folder, source, harm, culprit):
  harm(folder)
  with pytest.raises(UserError, match=culprit):
    _load(folder, source)


def test_texts_without_words_are_named(folder):
  for name in ('a.csv', 'b.csv'):
    (folder / name).write_text(_csv(['!', '? a', '.', ';'] * 2))
  with pytest.raises(UserError, match=r'a\.csv and b\.csv have no word'):
    _load(folder)
