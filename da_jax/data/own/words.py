"""Texts as numbers: weighted counts of words, hashed words or a sequence.

All lower the case and compose characters (NFC), so that equal words are equal
bytes.
"""

from collections.abc import Mapping, Sequence
import re
import unicodedata
import zlib

import numpy as np

from da_jax.data.own.sparse import SparseRows
from da_jax.data.pair import DomainPair, map_x
from da_jax.errors import UserError
from da_jax.types import TOKENS

VOCABULARY, BUCKETS = 5000, 2**13
_WORD = re.compile(r'\w+')


def normalise(text: str) -> str:
  """Lowers the case and composes characters."""
  return unicodedata.normalize('NFC', text.lower())


def tokens(texts: Sequence[str], length: int) -> np.ndarray:
  """Sequences of words: id = 1 + crc32(word) mod (TOKENS - 1).

  Args:
    texts: n of them.
    length: words that are kept of each, the first ones.

  Returns:
    int32 [n, length], with 0 after the last word.
  """
  ids = np.zeros((len(texts), length), np.int32)
  for row, text in enumerate(texts):
    words = _WORD.findall(normalise(text))[:length]
    ids[row, : len(words)] = [
      1 + zlib.crc32(word.encode()) % (TOKENS - 1) for word in words
    ]
  return ids


def hashed(texts: Sequence[str]) -> SparseRows:
  """Counts of words in 2**13 buckets by hash, of length 1; learns nothing.

  Returns:
    float32 [n, 2**13].
  """
  from sklearn.feature_extraction.text import HashingVectorizer

  vectorizer = HashingVectorizer(
    preprocessor=normalise, n_features=BUCKETS, dtype=np.float32
  )
  return SparseRows(vectorizer.transform(texts))


def fit_tfidf(pair: DomainPair) -> DomainPair:
  """Learns words and weights from the training texts of both domains.

  A word or a pair of neighbours t that occurs tf times in a text, and in df of
  n training texts, counts (1 + ln tf) (1 + ln((1 + n) / (1 + df))); rows are
  scaled to length 1. The 5000 most frequent t are kept.

  Args:
    pair: x are arrays of strings [n].

  Returns:
    The pair with x float32 [n, d]; `fitted` holds 'vocabulary' [d] and 'idf'
    [d].

  Raises:
    UserError: the training texts have no words.
  """
  vectorizer = _vectorizer(max_features=VOCABULARY)
  texts = np.concatenate([pair.source_train.x, pair.target_train.x])
  try:
    vectorizer.fit(texts)
  except ValueError as error:
    raise UserError(
      f'the training texts of {pair.source} and {pair.target} have no word of'
      ' two letters or more: choose --text_as=tokens, or mend the files.'
    ) from error
  rows = lambda texts: SparseRows(vectorizer.transform(texts))
  fitted = {
    'vocabulary': vectorizer.get_feature_names_out().astype(np.str_),
    'idf': vectorizer.idf_,
  }
  return map_x(pair, rows, rows)._replace(fitted=fitted)


def apply_tfidf(
  fitted: Mapping[str, np.ndarray], texts: Sequence[str]
) -> SparseRows:
  """Turns texts into the rows that `fit_tfidf` makes of them."""
  vectorizer = _vectorizer(vocabulary=fitted['vocabulary'].tolist())
  vectorizer.idf_ = fitted['idf']
  return SparseRows(vectorizer.transform(texts))


def _vectorizer(**vocabulary):
  from sklearn.feature_extraction.text import TfidfVectorizer

  return TfidfVectorizer(
    preprocessor=normalise,
    ngram_range=(1, 2),
    sublinear_tf=True,
    dtype=np.float32,
    **vocabulary,
  )
