"""How far apart two domains are, measured before anything is trained.

Proxy A-distance: Ben-David et al., "Analysis of Representations for Domain
Adaptation", NIPS 2006, https://papers.nips.cc/paper/2983. MMD: `losses.mmd`.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from da_jax import losses
from da_jax.data.audit.counts import is_tokens
from da_jax.data.augment.crop import crop_and_resize
from da_jax.data.own import words

_SIDE = 16  # of images as features
_TOKENS = 2000  # most frequent ids as features
_WORDS = 256  # of a text
_COMPONENTS = 50  # principal ones
_FOLDS = 5
_MMD_EXAMPLES = 1000  # kernel matrices grow with the square
_SPLITS = 5  # of the source in halves
_CHUNK = 250
_mmd = jax.jit(
  functools.partial(losses.mmd, estimator='unbiased', bandwidth='median')
)
_resize = jax.jit(crop_and_resize, static_argnums=3)


class Shift(NamedTuple):
  """Distances of the domains and what they would be without any shift."""

  a_distance: float  # in [0, 2]
  a_distance_none: float  # mean over random halves of the source
  mmd: float
  mmd_none: float
  sizes: tuple[int, int]  # examples of source and target


def measure(x_s: np.ndarray, x_t: np.ndarray, seed: int = 0) -> Shift:
  """Measures the shift from source to target.

  Args:
    x_s: [n, ...] raw examples, n > 3.
    x_t: [m, ...] likewise, m > 1.
    seed: of folds and halves.
  """
  z_s, z_t = reduce(*features(x_s, x_t), seed=seed)
  rng = np.random.default_rng(seed)
  halves = [
    np.array_split(z_s[rng.permutation(len(z_s))], 2) for _ in range(_SPLITS)
  ]
  return Shift(
    a_distance(z_s, z_t, seed),
    float(np.mean([a_distance(*both, seed) for both in halves])),
    mmd(z_s, z_t, seed),
    float(np.mean([mmd(*both, seed) for both in halves])),
    (len(z_s), len(z_t)),
  )


def features(x_s: np.ndarray, x_t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Raw examples as rows; values that are not finite become 0.

  Images [n, h, w, c] become 16x16 pixels, series [n, t, c] the mean and the
  standard deviation of every channel, token ids [n, t] how often each of the
  2000 most frequent ids occurs, texts [n] those of their words; rows [n, d]
  stay.

  Args:
    x_s: [n, ...] source examples.
    x_t: [m, ...] target examples of the same kind.

  Returns:
    float32 [n, d] and [m, d].
  """
  if x_s.dtype == object:
    x_s, x_t = (words.tokens(x, _WORDS) for x in (x_s, x_t))
  if is_tokens(x_s):
    ids, counts = np.unique(np.concatenate([x_s, x_t]), return_counts=True)
    ids = np.sort(ids[np.argsort(-counts, kind='stable')[:_TOKENS]])
    return _bags(x_s, ids), _bags(x_t, ids)
  form = {4: _pixels, 3: _moments}.get(x_s.ndim, lambda x: x)
  clean = lambda x: np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
  return tuple(
    form(clean(x.astype(np.float32) if x.ndim < 4 else x)).astype(np.float32)
    for x in (x_s, x_t)
  )


def reduce(
  x_s: np.ndarray, x_t: np.ndarray, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
  """Standardises both sets together, keeps up to 50 principal components.

  Args:
    x_s: [n, d].
    x_t: [m, d].
    seed: of the randomised decomposition.
  """
  from sklearn import decomposition, pipeline, preprocessing

  pooled = np.concatenate([x_s, x_t])
  components = min(_COMPONENTS, pooled.shape[1], len(pooled) - 1)
  reduced = pipeline.make_pipeline(
    preprocessing.StandardScaler(),
    decomposition.PCA(components, random_state=seed),
  ).fit_transform(pooled)
  return reduced[: len(x_s)], reduced[len(x_s) :]


def a_distance(z_s: np.ndarray, z_t: np.ndarray, seed: int = 0) -> float:
  """Proxy A-distance, 2 (1 - 2 err), cut at 0.

  err is the held-out error of a linear domain classifier (support vectors,
  5 folds), the mean of its errors on the two domains, so that domains of
  unequal size compare: chance is 1/2.

  Args:
    z_s: [n, d] source features, n > 1.
    z_t: [m, d] target features, m > 1.
    seed: of the folds.

  Returns:
    0 where the domains cannot be told apart, 2 where they always can.

  Raises:
    ValueError: a domain has one example.
  """
  from sklearn import model_selection, svm

  folds = min(_FOLDS, len(z_s), len(z_t))
  if folds < 2:
    raise ValueError(f'two or more examples, not {len(z_s)} and {len(z_t)}')
  domain = np.repeat([0, 1], [len(z_s), len(z_t)])
  guesses = model_selection.cross_val_predict(
    svm.LinearSVC(class_weight='balanced', dual=False),
    np.concatenate([z_s, z_t]),
    domain,
    cv=model_selection.StratifiedKFold(folds, shuffle=True, random_state=seed),
  )
  wrong = guesses != domain
  error = (np.mean(wrong[: len(z_s)]) + np.mean(wrong[len(z_s) :])) / 2
  return max(0.0, float(2 * (1 - 2 * error)))


def mmd(z_s: np.ndarray, z_t: np.ndarray, seed: int = 0) -> float:
  """Unbiased squared MMD with the median bandwidth, about 0 without shift.

  Args:
    z_s: [n, d] source features, n > 1; 1000 of more are drawn.
    z_t: [m, d] target features, m > 1; likewise.
    seed: of the draw.
  """
  rng = np.random.default_rng(seed)
  drawn = [
    jnp.asarray(z[rng.permutation(len(z))[:_MMD_EXAMPLES]]) for z in (z_s, z_t)
  ]
  return float(_mmd(*drawn))


def total_variation(y_s: np.ndarray, y_t: np.ndarray, classes: int) -> float:
  """Distance of the label distributions, sum_k |p_s(k) - p_t(k)| / 2."""
  p_s, p_t = (np.bincount(y, minlength=classes) / len(y) for y in (y_s, y_t))
  return float(np.abs(p_s - p_t).sum() / 2)


def _pixels(x: np.ndarray) -> np.ndarray:
  height, width = x.shape[1:3]
  rows = []
  for start in range(0, len(x), _CHUNK):  # float copies of all would not fit
    chunk = x[start : start + _CHUNK]
    boxes = jnp.tile(jnp.array([0.0, 0.0, height, width]), (len(chunk), 1))
    flips = jnp.zeros(len(chunk), bool)
    small = _resize(chunk, boxes, flips, _SIDE)
    rows.append(np.asarray(small).reshape(len(chunk), -1))
  return np.concatenate(rows)


def _moments(x: np.ndarray) -> np.ndarray:
  return np.concatenate([x.mean(axis=1), x.std(axis=1)], axis=1)


def _bags(x: np.ndarray, ids: np.ndarray) -> np.ndarray:
  """Counts of each of the sorted `ids` in every row."""
  places = np.minimum(np.searchsorted(ids, x), len(ids) - 1)
  rows, columns = np.nonzero(ids[places] == x)
  bags = np.zeros((len(x), len(ids)), np.float32)
  np.add.at(bags, (rows, places[rows, columns]), 1.0)
  return bags
