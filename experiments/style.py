"""A photograph in the style of a picture, doi.org/10.1109/CVPR.2016.265

python -m experiments.style --content=a.jpg --style=b.jpg --out=c.png
"""

import pathlib

from absl import flags

from da_jax import commands
from da_jax.style import network, painting, pictures, transfer

_F = flags.FLAGS
flags.DEFINE_string('content', None, 'Picture of what is shown.', required=True)
flags.DEFINE_string('style', None, 'Picture of the style.', required=True)
flags.DEFINE_string('out', None, 'Picture to write.', required=True)
flags.DEFINE_enum('backbone', 'vgg19', list(network.LAYERS), 'Whose features.')
flags.DEFINE_string('weights', None, 'Its file, or the name of published ones.')
flags.DEFINE_integer('size', 256, 'Pixels of the longer side.', lower_bound=1)
flags.DEFINE_integer('steps', 300, 'Updates.', lower_bound=1)
flags.DEFINE_integer('save_every', 100, 'Between pictures.', lower_bound=1)
flags.DEFINE_float('content_weight', 1.0, 'Of what is shown.', lower_bound=0.0)
flags.DEFINE_float('style_weight', 100.0, 'Of the style.', lower_bound=0.0)
flags.DEFINE_float('tv_weight', 100.0, 'Of differences in it.', lower_bound=0.0)
flags.DEFINE_enum('start', 'content', transfer.STARTS, 'The first picture.')
flags.DEFINE_integer('seed', 0, 'Of --start=noise.', lower_bound=0)
flags.DEFINE_enum('optimizer', 'lbfgs', transfer.OPTIMIZERS, 'Of the pixels.')
flags.DEFINE_float('learning_rate', 0.02, 'Of adam, 1: black to white.')


def main():
  out = pathlib.Path(_F.out)
  pictures.check_output(out)
  content = pictures.read(_F.content, _F.size)[None]
  style = pictures.read(_F.style, _F.size)[None]
  net = network.load(_F.backbone, network.find(_F.backbone, _F.weights))
  weights = transfer.Weights(_F.content_weight, _F.style_weight, _F.tv_weight)
  painting.paint(
    net,
    transfer.objective(net, content, style, weights),
    net.normalisation(transfer.start(_F.start, content, _F.seed)),
    transfer.optimizer(_F.optimizer, _F.learning_rate, net.normalisation),
    steps=_F.steps,
    save_every=_F.save_every,
    out=out,
  )


if __name__ == '__main__':
  commands.run(main, ())
