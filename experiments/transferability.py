"""Which trained network suits a labelled target, before any training.

python -m experiments.transferability --weights=RUN --weights=resnet50.pth
"""

import pathlib

from absl import flags
from rich import console, markup, table

from da_jax import commands
from da_jax.data import flags as data_flags
from da_jax.data.labelled import labelled_target
from da_jax.errors import UserError
from da_jax.transferability import candidates
from da_jax.weights import published, start

FLAGS = flags.FLAGS
flags.DEFINE_multi_string(
  'weights',
  [],
  'A run, a file of weights or the name of published ones; may be repeated.',
)
flags.DEFINE_integer('labels_per_class', None, 'Default: all.', lower_bound=2)
flags.DEFINE_integer('seed', 0, 'Of which labels are given.', lower_bound=0)
flags.DEFINE_string('out', 'transferability.csv', 'What is written.')


def main() -> None:
  """Ranks the candidates of --weights by LogME."""
  if not FLAGS.weights:
    raise UserError('give --weights=RUN|FILE|NAME, once for each candidate.')
  out = pathlib.Path(FLAGS.out)
  task = data_flags.task()
  found = sorted(
    (_scores(task, name) for name in FLAGS.weights), key=lambda s: -s.logme
  )
  grid = table.Table(
    table.Column('weights', overflow='fold'),
    *('backbone', 'LogME', 'H-score', 'LEEP', 'NCE'),
    title=f'for the labelled target {markup.escape(task.target.name)}',
  )
  for name, backbone, *values in found:
    numbers = ('–' if v is None else f'{v:.4f}' for v in values)
    grid.add_row(markup.escape(name), backbone, *numbers)
  console.Console().print(grid)
  candidates.to_csv(out, found)
  print(f'Higher is better, without comparison between columns: {out}')


def _scores(task, name: str) -> candidates.Scores:
  path = published.find(name)
  backbone = candidates.backbone_of(path)
  pair = data_flags.pair(task, start.input_of(path, backbone))
  pair, _ = labelled_target(pair, FLAGS.labels_per_class, FLAGS.seed)
  prediction = candidates.predictions(path, pair)
  y = pair.target_train.y[candidates.drawn(pair)]
  return candidates.scores(name, backbone, prediction, y)


if __name__ == '__main__':
  commands.run(main, data_flags.NAMES)
