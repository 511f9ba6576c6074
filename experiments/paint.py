"""Images of classes in the style of a target's, arxiv.org/abs/1703.06868

python -m experiments.paint --content=photos/day --style=photos/night --out=x
"""

import pathlib
import sys

from absl import flags

from da_jax import commands
from da_jax.errors import UserError
from da_jax.style import adain, folder, network

_F = flags.FLAGS
flags.DEFINE_string('content', None, '<class>/* to paint.', required=True)
flags.DEFINE_string('style', None, 'Images, at any depth.', required=True)
flags.DEFINE_string('out', None, 'Folder to write or go on.', required=True)
flags.DEFINE_enum('backbone', 'squeezenet1_1', list(network.LAYERS), 'Encoder.')
flags.DEFINE_string('weights', None, 'Its file, or the name of published ones.')
flags.DEFINE_string(
  'layer', None, 'Whose statistics; default the first, colours above all.'
)
flags.DEFINE_integer('size', 128, 'Side of the pictures.', lower_bound=1)
flags.DEFINE_integer('steps', 30, 'Updates of each.', lower_bound=1)
flags.DEFINE_float('learning_rate', 0.05, 'Of adam, 1: black to white.')
flags.DEFINE_float('tv_weight', 10.0, 'Of differences in it.', lower_bound=0.0)
flags.DEFINE_integer('batch_size', 8, 'Pictures at once.', lower_bound=1)
flags.DEFINE_integer('seed', 0, 'Which style for which.', lower_bound=0)


def main():
  layers = list(network.LAYERS[_F.backbone].style)
  layer = _F.layer or layers[0]
  if layer not in layers:
    raise UserError(f'--layer={layer} is none of {", ".join(layers)}.')
  content, style, out = map(pathlib.Path, (_F.content, _F.style, _F.out))
  painted = folder.outputs(content, out)
  weights = network.find(_F.backbone, _F.weights)
  net = network.load(_F.backbone, weights, network.Layers({layer: 1.0}, {}))
  given = lambda *names: {name: _F[name].value for name in names}
  how, what = (
    given('steps', 'learning_rate', 'tv_weight'),
    given('size', 'seed'),
  )
  settings = given('content', 'style', 'backbone') | how | what
  settings |= {'layer': layer, 'weights': weights.name, 'images': len(painted)}
  folder.claim(out, content, style, settings)
  paint_batch = adain.painter(net, layer, **how)
  broken = folder.paint(
    paint_batch, painted, style, batch_size=_F.batch_size, **what
  )
  for why in broken.values():
    print(f'not read: {why}', file=sys.stderr)
  print(f'{sum(map(pathlib.Path.exists, painted.values()))} pictures: {out}')


if __name__ == '__main__':
  commands.run(main, ())
