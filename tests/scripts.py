"""Running the scripts as users do, in a process of their own."""

import csv
import os
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).parents[1]


def run(
  script: str, *flags: str, devices: int = 2
) -> subprocess.CompletedProcess:
  """Runs `python -m experiments.<script>` on fake devices."""
  return subprocess.run(
    [sys.executable, '-m', f'experiments.{script}', *flags],
    cwd=ROOT,
    env=environment(devices),
    capture_output=True,
    text=True,
    timeout=300,
    check=False,
  )


def environment(devices: int = 2) -> dict[str, str]:
  """Without what XLA writes to stderr when it finds a program compiled."""
  name = '--xla_force_host_platform_device_count'
  flags = os.environ['XLA_FLAGS'].split()
  flags = [flag for flag in flags if not flag.startswith(name)]
  flags = ' '.join([*flags, f'{name}={devices}'])
  return {**os.environ, 'XLA_FLAGS': flags, 'TF_CPP_MIN_LOG_LEVEL': '3'}


def write_images(
  folder: pathlib.Path, domain: str, classes: dict[str, int], side: int = 32
) -> None:
  """Writes a tree <folder>/<domain>/<class>/*.png of random images."""
  rng = np.random.default_rng(len(domain))
  for name, count in classes.items():
    path = folder / domain / name
    path.mkdir(parents=True)
    for number in range(count):
      image = rng.integers(256, size=(side, side, 3)).astype(np.uint8)
      Image.fromarray(image).save(path / f'{number}.png')


def write_rows(folder: pathlib.Path) -> tuple[str, ...]:
  """Writes two small domains of rows; returns the flags that name them."""
  rng = np.random.default_rng(0)
  for name in ('a', 'b'):
    y = np.repeat([0, 1], 20)
    x = rng.normal(size=(40, 3)) + 2 * y[:, None]
    np.savez(folder / f'{name}.npz', x=x.astype(np.float32), y=y)
  domains = (f'--source={folder}/a.npz', f'--target={folder}/b.npz')
  return ('--dataset=features', *domains)


def train(folder: pathlib.Path, *flags: str) -> pathlib.Path:
  """Trains source-only for a few steps; returns its folder."""
  quick = ('--steps=4', '--batch_size=8', '--eval_every=2', '--noreport')
  quick = (*quick, '--baseline=none', f'--workdir={folder}')
  process = run('source_only', *quick, *flags)
  assert process.returncode == 0, process.stderr
  return folder


def lines(path: pathlib.Path) -> list[dict[str, str]]:
  """The lines of a CSV that `predict` wrote."""
  with path.open(newline='') as file:
    return list(csv.DictReader(file))


def probabilities(lines: list[dict[str, str]], class_names) -> np.ndarray:
  """Those of all classes [n, k]."""
  return np.array(
    [[float(line[f'p({name})']) for name in class_names] for line in lines]
  )
