"""Running the scripts as users do, in a process of their own."""

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
  """Without the tests' compilation cache: loading from it writes to stderr."""
  count = f'--xla_force_host_platform_device_count={devices}'
  inherited = {
    name: value
    for name, value in os.environ.items()
    if name != 'JAX_COMPILATION_CACHE_DIR'
  }
  return {**inherited, 'XLA_FLAGS': count}


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
