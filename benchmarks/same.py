"""Whether two runs ended with the same bits.

python -m benchmarks.same runs/whole runs/disturbed
"""

import json
import pathlib

from absl import app, logging
import numpy as np

from da_jax import checkpoint, metrics, observation


def differing(run: pathlib.Path, other: pathlib.Path) -> list[str]:
  """What differs in type, shape or a bit, or is in one of the two only.

  Args:
    run: a run's folder.
    other: another's.

  Returns:
    Names of arrays of the last checkpoints; `metrics.FILE`, if anything but
    costs differs in it.
  """
  mine, theirs = (_bits(checkpoint.read_arrays(path)) for path in (run, other))
  names = sorted(mine.keys() | theirs.keys())
  names = [name for name in names if mine.get(name) != theirs.get(name)]
  if _metrics(run) != _metrics(other):
    names.append(metrics.FILE)
  return names


def _bits(arrays) -> dict[str, tuple]:
  arrays = {name: np.asarray(array) for name, array in arrays.items()}
  return {
    name: (array.dtype, array.shape, array.tobytes())
    for name, array in arrays.items()
  }


def _metrics(run: pathlib.Path) -> list[dict]:
  lines = (run / metrics.FILE).read_text().splitlines()
  return [
    {
      name: value
      for name, value in json.loads(line).items()
      if name not in observation.COSTS
    }
    for line in lines
  ]


def main(argv) -> int:
  logging.set_verbosity(logging.WARNING)  # Orbax tells much
  run, other = map(pathlib.Path, argv[1:])
  names = differing(run, other)
  print(f'{run.name} and {other.name}:', ', '.join(names) or 'equal')
  return 1 if names else 0


if __name__ == '__main__':
  app.run(main)
