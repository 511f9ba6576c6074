"""How long the validators of one evaluation take, beside its predictions.

python -m benchmarks.validators

Validators are timed in this process, the best of three calls, on random
evidence of as many target rows as the table says and half as many of the
source. What an evaluation predicts (source validation, the target, as many test
examples, the mixtures) is timed on 128 images and scaled to the number. Of a
larger target an evaluation takes 5000 rows; here validators see all.
"""

from collections.abc import Callable, Mapping
import functools
import time
from typing import Any

from absl import app, flags
import jax
import numpy as np
from rich import console, table

from da_jax import assess, evaluate, models
from da_jax.data import transforms
from da_jax.methods.base import predictor
from da_jax.selection import VALIDATORS, Evidence
from da_jax.selection.mixval import draw_pairs
from da_jax.types import State

FLAGS = flags.FLAGS
flags.DEFINE_string('network', 'resnet50', 'What predicts.')
flags.DEFINE_integer('side', 224, 'Side of its images.')

SIZES, CLASSES, WIDTH, TIMED = (1000, 10_000), (10, 65), 256, 128


def evidence(count: int, classes: int) -> Evidence:
  """Clusters of which the target's are moved and predictions are imperfect."""
  rng = np.random.default_rng(0)
  means = rng.normal(size=(classes, WIDTH)).astype(np.float32)

  def domain(n, shift):
    y = rng.integers(classes, size=n)
    z = means[y] + shift + 2 * rng.normal(size=(n, WIDTH)).astype(np.float32)
    logits = (z @ means.T - (means**2).sum(1) / 2) / 8
    return z, logits, y

  z_s, logits_s, y_s = domain(count // 2, 0.0)
  z_t, logits_t, _ = domain(count, 0.1)
  pairs = draw_pairs(logits_t)
  first, second = logits_t[pairs.T]
  mixed = 0.55 * first + 0.45 * second
  return Evidence(
    *(z_s, logits_s, y_s, z_t, logits_t), pairs=pairs, logits_mixed=mixed
  )


def seconds(seen: Evidence) -> Mapping[str, float]:
  """Of every validator."""
  return {
    name: _best(functools.partial(score, seen))
    for name, score in VALIDATORS.items()
  }


def seconds_an_image() -> float:
  """Of a prediction, compiled, with its preparation."""
  _, prepare = transforms.small()
  model = models.Classifier(models.BACKBONES[FLAGS.network](), max(CLASSES))
  side = FLAGS.side
  x = np.zeros((TIMED, side, side, 3), np.uint8)
  variables = jax.jit(lambda x: model.init(jax.random.key(0), x, train=False))(
    prepare(x[:2])
  )
  params = {'model': variables.pop('params')}
  state = State(np.int32(0), params, {'model': variables}, ())
  predict = evaluate.compile_predict(predictor(model), prepare)
  return _best(functools.partial(predict, state, x)) / TIMED


def _best(call: Callable[[], Any]) -> float:
  """Seconds of the fastest of three calls, after one that compiles."""
  call()
  found = []
  for _ in range(3):
    start = time.perf_counter()
    call()
    found.append(time.perf_counter() - start)
  return min(found)


def main(_) -> None:
  """Prints a column a setting."""
  settings = [(n, k) for n in SIZES for k in CLASSES]
  rate, columns = seconds_an_image(), []
  for count, classes in settings:
    seen = evidence(count, classes)
    each = seconds(seen)
    target = min(count, assess.TARGET_EXAMPLES)
    images = count // 2 + target + count + len(seen.pairs)
    total, predicting = sum(each.values()), images * rate
    columns.append(
      [f'{value:.3f}' for value in each.values()]
      + [f'{total:.2f}', f'{len(seen.pairs) * rate:.1f}', f'{predicting:.1f}']
      + [f'{100 * total / (total + predicting):.1f} %']
    )
  grid = table.Table(
    'seconds', *(f'{n} rows\n{k} classes' for n, k in settings)
  )
  names = (
    *VALIDATORS,
    'all validators',
    'predicting mixtures',
    f'all predictions, {FLAGS.network}',
    'validators of an evaluation',
  )
  for name, *cells in zip(names, *columns, strict=True):
    grid.add_row(name, *cells)
  device = jax.devices()[0].device_kind
  console.Console(width=100).print(grid)
  print(f'{WIDTH} features; {len(jax.devices())} x {device}')


if __name__ == '__main__':
  app.run(main)
