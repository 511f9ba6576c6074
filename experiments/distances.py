"""Distances of the domains in every layer of a trained run.

python -m experiments.distances --run=RUN

Prints a table, writes distances.csv into the folder of the run, and its report
again, which then shows them.
"""

import pathlib

from absl import flags
from rich import console, markup, table

from da_jax import commands, distances, files
from da_jax.data import flags as data_flags
from da_jax.data import normalisation
from da_jax.data.pair import DomainPair
from da_jax.errors import UserError
from da_jax.models import from_settings
from da_jax.report import page
from da_jax.weights import trained

FLAGS = flags.FLAGS
flags.DEFINE_string('run', None, 'Folder of a trained run.')


def main() -> None:
  """Measures the run that the flag names, on the data that it says."""
  if not FLAGS.run:
    raise UserError('give --run=RUN.')
  run = pathlib.Path(FLAGS.run)
  found = trained.read(run)
  pair = _pair(found.config, run)
  model = from_settings.classifier(
    found.config['flags'], len(found.config['class_names'])
  )
  layers = distances.per_layer(model, found.variables, pair)
  title = f'{pair.source} and {pair.target}'
  grid = table.Table(*distances.Layer._fields, title=markup.escape(title))
  for layer in layers:
    grid.add_row(layer.name, str(layer.width), *(f'{d:.4f}' for d in layer[2:]))
  console.Console().print(grid)
  print(f'Written: {distances.write(run, layers)}')
  if (run / page.FILE).exists():
    with files.writing(run):
      print(f'Written: {page.write(run)}')


def _pair(config: dict, run: pathlib.Path) -> DomainPair:
  """The run's data, images also where it was trained on their features."""
  for name in data_flags.NAMES:
    if name in config['flags']:
      FLAGS[name].value = config['flags'][name]
  images = config['images'] and normalisation.from_record(config['images'])
  pair = data_flags.pair(data_flags.task(), images)
  if pair.fingerprint != config['data']:
    raise UserError(f'the data of {run} have changed since it was trained.')
  return pair


if __name__ == '__main__':
  commands.run(main, ())
