"""Several seeds: a process each, in turns in one, or by vmap in one.

python -m benchmarks.replicas

Every measurement is a process of its own, the start of Python and compiling
included; the ways take turns, so that what else runs meets all of them. Whole
processes are measured in seconds of processor time, of all threads, which count
what else runs little; steps by the clock. DANN on random numbers: nothing is
learnt. `da_jax.replicas.choose` follows what it finds.
"""

import os
import resource
import statistics
import subprocess
import sys
from typing import NamedTuple

from absl import app, flags, logging
from flax import linen as nn
import jax
import numpy as np
from rich.progress import track

from da_jax import (
  methods,
  models,
  optimizers,
  programs,
  replicas,
  schedules,
  train,
)
from da_jax.course import Plan, course
from da_jax.data import transforms
from da_jax.data.pair import DomainPair, Examples

FLAGS = flags.FLAGS
WAYS = ('alone', 'turns', 'vmap')


class Setting(NamedTuple):
  """What is trained."""

  shape: tuple[int, ...]  # of an example
  backbone: nn.Module
  critic: tuple[int, ...]
  steps: int


SETTINGS = {
  'mlp 64, 64 features': Setting((64,), models.Mlp((64, 64)), (64,), 300),
  'mlp 256, 1024 features': Setting((1024,), models.Mlp(), (1024, 1024), 60),
  'lenet, 32x32 images': Setting((32, 32, 3), models.LeNet(), (1024, 1024), 20),
}
flags.DEFINE_integer('seeds', 5, 'Trained.', lower_bound=1)
flags.DEFINE_integer('repeats', 3, 'Of which the median counts.', lower_bound=1)
flags.DEFINE_enum('way', None, WAYS, 'Measure this one, in this process.')
flags.DEFINE_enum('setting', None, list(SETTINGS), 'Of --way.')


def pair(shape: tuple[int, ...]) -> DomainPair:
  """Random examples of ten classes."""
  rng = np.random.default_rng(0)
  images = len(shape) > 1

  def draw(n):
    x = rng.normal(size=(n, *shape)).astype(np.float32)
    if images:
      x = (127 + 40 * x).clip(0, 255).astype(np.uint8)
    return Examples(x, rng.integers(10, size=n).astype(np.int32))

  if images:
    augment, prepare = transforms.standard(shape[0])
  else:
    augment, prepare = transforms.rows()
  names = tuple('abcdefghij')
  parts = [draw(n) for n in (1000, 200, 1000, 200)]
  return DomainPair(
    'random', 'a', 'b', names, *parts, augment, prepare, 'none', 'mlp'
  )


def measure(way: str, setting: str, seeds: int) -> float:
  """Seconds of a step of one seed, by the clock, without compiling."""
  given = SETTINGS[setting]
  data = pair(given.shape)
  method = methods.dann(
    models.Classifier(given.backbone, 10, bottleneck=64),
    models.DomainCritic(given.critic),
    optimizers.sgd(schedules.constant(0.001), weight_decay=1e-3),
    strength=schedules.dann_strength(given.steps),
  )
  plan = Plan(given.steps, eval_every=given.steps, quiet=True)
  if way == 'alone':
    outcomes = [train.train(method, data, **plan._asdict())]
  else:
    shared = programs.of(method, data)
    courses = [
      course(shared, data, plan._replace(seed=seed)) for seed in range(seeds)
    ]
    outcomes = replicas.train(courses, shared.step, way=way, name=way)
  times = outcomes[0].record['step_seconds']
  return statistics.median(times) / len(outcomes)


def main(argv) -> None:
  del argv
  logging.set_verbosity(logging.WARNING)
  if FLAGS.way:
    print(measure(FLAGS.way, FLAGS.setting, FLAGS.seeds))
    return
  load = os.getloadavg()[0]
  order = [(s, w) for _ in range(FLAGS.repeats) for s in SETTINGS for w in WAYS]
  found: dict[tuple[str, str], list[tuple[float, float]]] = {}
  for setting, way in track(order):
    found.setdefault((setting, way), []).append(_process(setting, way))
  print(
    '| | way | ms a step and seed | ratio | processor s, all seeds | ratio |'
  )
  print('|---|---|---|---|---|---|')
  for setting in SETTINGS:
    medians = {way: _medians(found[setting, way]) for way in WAYS}
    # One after another.
    medians['alone'] *= np.array([1, FLAGS.seeds])
    for way, (step, whole) in medians.items():
      fast = medians['alone'] / medians[way]
      print(
        f'| {setting} | {way} | {1000 * step:.1f} | {fast[0]:.1f} | {whole:.1f}'
        f' | {fast[1]:.1f} |'
      )
  print(
    f'{FLAGS.seeds} seeds, jax {jax.__version__} on {jax.default_backend()},'
    f' {os.cpu_count()} cores, load {load:.1f} before, median of'
    f' {FLAGS.repeats}'
  )


def _medians(found: list[tuple[float, float]]) -> np.ndarray:
  return np.median(np.array(found), axis=0)


def _process(setting: str, way: str) -> tuple[float, float]:
  """Seconds of a step, and of the processor for the process that measured."""
  start = resource.getrusage(resource.RUSAGE_CHILDREN)
  process = subprocess.run(
    [
      *(sys.executable, '-m', 'benchmarks.replicas', f'--way={way}'),
      *(f'--setting={setting}', f'--seeds={FLAGS.seeds}'),
    ],
    capture_output=True,
    text=True,
    check=True,
  )
  end = resource.getrusage(resource.RUSAGE_CHILDREN)
  seconds = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
  return float(process.stdout.splitlines()[-1]), seconds


if __name__ == '__main__':
  app.run(main)
