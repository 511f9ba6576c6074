"""Writes the model that a run selected for use elsewhere.

python -m da_jax.weights.export RUN OUT.safetensors --stablehlo

OUT.safetensors has the backbone under the names of its usual files, beside it
`bottleneck.*` and `head.*`, and says which classes and pixels it is for.
OUT.stablehlo is the whole of prediction as one program.
"""

from collections.abc import Sequence
import json
import pathlib

from absl import flags
import jax
from jax import export
import jax.numpy as jnp

import da_jax
from da_jax import commands, files
from da_jax.data import normalisation
from da_jax.errors import UserError
from da_jax.weights import torchvision, trained
from da_jax.weights.trained import Trained

FLAGS = flags.FLAGS
PLATFORMS = ('cpu', 'cuda', 'rocm', 'tpu')

flags.DEFINE_bool(
  'stablehlo',
  False,
  'Also write OUT.stablehlo for jax.export.deserialize: from uint8 images to'
  ' probabilities.',
)


def main(words: Sequence[str]) -> None:
  """Exports the run whose folder is named to the file that is named.

  Raises:
    UserError: these are not two, the run cannot be read or the file not
      written.
  """
  if len(words) != 2:
    raise UserError('name the folder of a run and OUT.safetensors.')
  run, path = map(pathlib.Path, words)
  if path.suffix != '.safetensors':
    raise UserError(f'{path} must be the name of a .safetensors file.')
  if not path.parent.is_dir():
    raise UserError(f'{path} cannot be written: there is no {path.parent}.')
  selected = trained.read(run)
  program = serialised(selected) if FLAGS.stablehlo else None
  try:
    save(path, selected)
    print(path)
    if program is not None:
      path = path.with_suffix('.stablehlo')
      with files.replacing(path) as temporary:
        temporary.write_bytes(program)
      print(path)
  except OSError as error:
    raise UserError(
      f'{path} cannot be written: {error.strerror or error}.'
    ) from error


def save(path: pathlib.Path, selected: Trained) -> None:
  """Writes the arrays, and in the file's metadata what they are.

  Args:
    path: of the file.
    selected: of `trained.read`.
  """
  variables = {
    collection: {**parts.get('backbone', {})}
    | {name: tree for name, tree in parts.items() if name != 'backbone'}
    for collection, parts in selected.variables.items()
  }
  config = selected.config
  metadata = {
    'da_jax': da_jax.__version__,
    'backbone': config['flags']['backbone'],
    'class_names': json.dumps(config['class_names']),
  }
  if config.get('images') is not None:
    metadata['images'] = json.dumps(config['images'])
  with files.replacing(path) as temporary:
    torchvision.save_torchvision(temporary, variables, metadata)


def serialised(selected: Trained) -> bytes:
  """Prediction of any number of images as a program for all platforms.

  Args:
    selected: of `trained.read`.

  Returns:
    What `jax.export.deserialize` reads: uint8 images [b, h, w, c] of the size
    that the model takes, to float32 probabilities [b, k].

  Raises:
    UserError: the run is not one on images.
  """
  images = selected.config.get('images')
  if images is None:
    raise UserError(
      '--stablehlo is for images, which the data of the run are not.'
    )
  model = trained.classifier(selected)
  normalise = normalisation.from_record(images)

  def predict(x):
    prediction = model.apply(selected.variables, normalise(x), False)
    return jax.nn.softmax(prediction.logits)

  shape = export.symbolic_shape('b, ' + ', '.join(map(str, images['shape'])))
  x = jax.ShapeDtypeStruct(shape, jnp.uint8)
  program = export.export(jax.jit(predict), platforms=PLATFORMS)(x)
  return program.serialize()


if __name__ == '__main__':
  commands.run(main, (), arguments=True)
