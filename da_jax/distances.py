"""How far apart the domains are, layer by layer of a trained network.

Proxy A-distance: Ben-David et al., "Analysis of Representations for Domain
Adaptation", NIPS 2006, https://papers.nips.cc/paper/2983. MMD: `losses.mmd`.
CORAL: `losses.coral`. Yosinski et al., "How transferable are features in deep
neural networks?", NIPS 2014 (https://arxiv.org/abs/1411.1792) say why layers
differ: features turn from general to specific with depth.
"""

from collections.abc import Callable, Mapping
import csv
import io
import pathlib
from typing import Any, NamedTuple

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from da_jax import evaluate, files, losses, models, parallel, types
from da_jax.data.audit import shift
from da_jax.data.pair import DomainPair, Examples, subset
from da_jax.selection import distances
from da_jax.selection.evidence import draw

FILE = 'distances.csv'
EXAMPLES = 1000  # of a domain
_coral = jax.jit(losses.coral)


class Layer(NamedTuple):
  """The distances of the domains in one layer; NaN where all rows coincide."""

  name: str  # of a depth of the backbone, or 'features', the input of the head
  width: int
  a_distance: float  # in [0, 2]
  mmd: float  # squared, about 0 without shift
  coral: float  # of standardised columns


def per_layer(
  model: models.Classifier,
  variables: types.PyTree,
  pair: DomainPair,
) -> list[Layer]:
  """Measures every depth of the backbone and the features, input first.

  Between source validation and target test examples; labels are not read.
  A depth is what its last module gives, averaged over places (positions of
  padding, too). Of more than 1000 examples of a domain 1000 are drawn; at any
  time memory holds the layers of one batch, and the averages of all.

  Args:
    model: the classifier.
    variables: its collections, 'params' and maybe 'batch_stats'.
    pair: the data.
  """
  predict = evaluate.compile_predict(pooled(model), pair.prepare)
  variables = parallel.replicate(variables)
  z_s, z_t = (
    predict(variables, _drawn(part).x)
    for part in (pair.source_val, pair.target_test)
  )
  names = [depth for depth, _ in model.backbone.depths if depth in z_s]
  return [
    Layer(name, z_s[name].shape[1], *between(z_s[name], z_t[name]))
    for name in (*names, 'features')
  ]


def between(z_s: np.ndarray, z_t: np.ndarray) -> tuple[float, float, float]:
  """Proxy A-distance, unbiased squared MMD and CORAL.

  The first two are those of the validators, without their minus. CORAL is of
  columns with deviation 1 over both domains, so that layers compare.

  Args:
    z_s: [n, d], n > 1.
    z_t: [m, d], m > 1.
  """
  import threadpoolctl

  z_s, z_t = (z.astype(np.float64) for z in (z_s, z_t))
  if distances.coincide(z_s, z_t):
    return (np.nan,) * 3
  deviation = np.concatenate([z_s, z_t]).std(axis=0)
  scale = 1 / np.where(deviation > 0, deviation, 1.0)
  with threadpoolctl.threadpool_limits(1):  # as in `selection.evidence`
    a_distance = shift.a_distance(*shift.reduce(z_s, z_t))
  mmd, coral = distances.squared_mmd(z_s, z_t), _coral(z_s * scale, z_t * scale)
  return a_distance, mmd, float(coral)


def write(run: pathlib.Path, layers: list[Layer]) -> pathlib.Path:
  """Writes a line a layer into the folder of a run; returns the file."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator='\n')
  writer.writerow(Layer._fields)
  writer.writerows(layers)
  with files.writing(run):
    files.write_atomically(run / FILE, text.getvalue())
  return run / FILE


def _drawn(part: Examples) -> Examples:
  (rows,) = draw(np.arange(len(part.y)), limit=EXAMPLES)
  return subset(part, np.sort(rows))


def pooled(model: models.Classifier) -> Callable[..., Mapping[str, jax.Array]]:
  """(variables, x) -> by depth [n, channels], and 'features'."""
  depth_of = {
    module: depth for depth, names in model.backbone.depths for module in names
  }

  def wanted(module: nn.Module, method: str) -> bool:
    path = module.path
    return (
      method == '__call__'
      and len(path) == 2
      and path[0] == 'backbone'
      and path[1] in depth_of
    )

  def predict(variables, x):
    prediction, found = model.apply(
      variables,
      x,
      train=False,
      capture_intermediates=wanted,
      mutable=['intermediates'],
    )
    outputs = found['intermediates'].get('backbone', {})
    # In the order of the depths, so that the last module of each stays.
    last = {
      depth: outputs[module]['__call__'][-1]
      for module, depth in depth_of.items()
      if module in outputs
    }
    means = {depth: _mean(output) for depth, output in last.items()}
    return {**means, 'features': prediction.features}

  return predict


def _mean(output: Any) -> jax.Array:
  """Over all axes but the first and the last, of the first array if many."""
  z = jax.tree.leaves(output)[0].astype(jnp.float32)
  return z.mean(axis=tuple(range(1, z.ndim - 1)))
