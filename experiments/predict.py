"""Classes of new images or rows, by a trained run.

python -m experiments.predict --run=RUN --images=FOLDER --out=predictions.csv
"""

import os
import pathlib
import sys

from absl import flags

from da_jax import commands, predictions, predictor
from da_jax.errors import UserError
from da_jax.report import sheet
from da_jax.weights import trained

FLAGS = flags.FLAGS
flags.DEFINE_string('run', None, 'Folder of a trained run.')
flags.DEFINE_multi_string(
  'images', [], 'A file, or a folder with all below it; may be repeated.'
)
flags.DEFINE_string(
  'table', None, 'A .csv, .parquet or .npz like those trained on; no labels.'
)
flags.DEFINE_string('out', 'predictions.csv', 'What is written.')
flags.DEFINE_string(
  'sheet', None, 'Page of the images; default --out with .html.'
)
flags.DEFINE_enum(
  'which',
  'selected',
  trained.WHICH,
  'State: selected, newest (last), or what a validator would have chosen, of a'
  ' run with --keep_best.',
)


def main() -> None:
  """Predicts what the flags ask for."""
  if not FLAGS.run or bool(FLAGS.images) == bool(FLAGS.table):
    raise UserError('give --run=RUN and either --images or --table.')
  if FLAGS.table and FLAGS.sheet:
    raise UserError('--sheet shows images: it is not for --table.')
  out = pathlib.Path(FLAGS.out)
  page = pathlib.Path(FLAGS.sheet or out.with_suffix('.html'))
  for flag, path, suffix in (('out', out, '.csv'), ('sheet', page, '.html')):
    if path.suffix != suffix or not os.access(path.parent, os.W_OK):
      raise UserError(f'--{flag}={path} is no {suffix} that can be written.')
  paths = predictions.image_paths(FLAGS.images)
  model = predictor.load(FLAGS.run, FLAGS.which)
  if FLAGS.table:
    found = predictions.of_table(model, pathlib.Path(FLAGS.table))
  else:
    found = predictions.of_images(model, paths)
    sheet.write(page, FLAGS.run, found)
    print(f'Images and classes: {page}')
  predictions.write_csv(out, found)
  print(f'{len(found.names)} {found.kind}s: {out}')
  for row, why in found.broken.items():
    print(f'not read: {found.names[row]} ({why})', file=sys.stderr)


if __name__ == '__main__':
  commands.run(main, ())
