"""How fast training images come, beside Pillow code as torchvision's.

python -m benchmarks.input_pipeline --data_dir=...

Rates are images a second of processor time, in a process that has one core
(where the system lets it choose) and of all its threads: what else runs counts
little. The goals: twice the rate of Pillow, and at most 5 % of the time of a
small training waiting for input. The training has all cores.
"""

from collections.abc import Callable
from concurrent import futures
import math
import multiprocessing
import os
import pathlib
import random
import statistics
import time

from absl import app, flags, logging
import jax
import numpy as np
from PIL import Image

from da_jax import methods, models, optimizers, schedules, train
from da_jax.data import load, transforms
from da_jax.data.files import cache, content, images, trees
from da_jax.data.published import office_caltech10

FLAGS = flags.FLAGS
flags.DEFINE_string(
  'data_dir',
  os.environ.get('DA_JAX_DATA'),
  'Folder with Office-Caltech10, or its own.',
)
flags.DEFINE_integer('repeats', 7, 'Of which the median counts.', lower_bound=5)
flags.DEFINE_integer('steps', 40, 'Of the training.', lower_bound=1)

BATCH, STORED, SIZE = 64, 256, 224
SOURCE, TARGET = 'amazon', 'webcam'
MEAN = np.array((0.485, 0.456, 0.406), np.float32)
STD = np.array((0.229, 0.224, 0.225), np.float32)


def torchvision_like(path: pathlib.Path, rng: random.Random) -> np.ndarray:
  """ResizeImage(256), RandomResizedCrop(224), flip, ToTensor, Normalize."""
  image = decode(path).resize(
    (SIZE, SIZE), Image.Resampling.BILINEAR, box=_box(rng)
  )
  if rng.random() < 0.5:
    image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
  return (np.asarray(image, np.float32) / 255 - MEAN) / STD


def decode(path: pathlib.Path) -> Image.Image:
  """RGB of 256 pixels."""
  with Image.open(path) as image:
    rgb = image.convert('RGB')
  return rgb.resize((STORED, STORED), Image.Resampling.BILINEAR)


def _box(rng: random.Random) -> tuple[int, int, int, int]:
  for _ in range(10):
    area = STORED**2 * rng.uniform(0.08, 1.0)
    ratio = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
    width = round(math.sqrt(area * ratio))
    height = round(math.sqrt(area / ratio))
    if width <= STORED and height <= STORED:
      left, top = (
        rng.randint(0, STORED - width),
        rng.randint(0, STORED - height),
      )
      return left, top, left + width, top + height
  return 0, 0, STORED, STORED


def pin() -> None:
  """Leaves one core to this process, and says so to XLA before it starts."""
  if hasattr(os, 'sched_setaffinity'):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def rate(work: Callable[[], object], repeats: int) -> float:
  """Images of a batch by seconds of processor time, median of repeats."""
  jax.block_until_ready(work())
  seconds = []
  for _ in range(repeats):
    start = time.process_time()
    jax.block_until_ready(work())
    seconds.append(time.process_time() - start)
  return BATCH / statistics.median(seconds)


def rates(root: pathlib.Path, repeats: int) -> dict[str, float]:
  """All rates, by what is done."""
  classes = trees.scan(root / SOURCE)
  paths = [path for files in classes.values() for path in files]
  key = content.key(paths, root)
  files = images.ImageFiles(
    images.Paths(tuple(paths)), np.arange(len(paths)), STORED, key
  )
  mapped = cache.decoded(files).x
  order, rng = np.random.default_rng(0), random.Random(0)
  augment = jax.jit(transforms.standard(SIZE)[0])
  draw = lambda: order.choice(len(paths), BATCH, replace=False)
  batch, jax_key = mapped[draw()], jax.random.key(0)
  work = {
    'Pillow: decode, resize, crop, flip, normalise': lambda: [
      torchvision_like(paths[row], rng) for row in draw()
    ],
    'da_jax: mapped batch, crop, flip, normalise': lambda: augment(
      jax_key, mapped[draw()]
    ),
    'Pillow: decode and resize alone': lambda: [
      decode(paths[row]) for row in draw()
    ],
    'da_jax: decode and resize alone': lambda: files[draw()],
    'da_jax: mapped batch alone': lambda: mapped[draw()],
    'da_jax: crop, flip, normalise alone': lambda: augment(jax_key, batch),
  }
  return {name: rate(function, repeats) for name, function in work.items()}


def input_wait(root: pathlib.Path) -> tuple[float, float]:
  """Share of a training's time that waits, and seconds a step."""
  pair = load(
    'folder', data_dir=root, source=SOURCE, target=TARGET, image_size=112
  )
  model = models.Classifier(
    models.BACKBONES['resnet18'](), len(pair.class_names), bottleneck=256
  )
  optimizer = optimizers.sgd(schedules.constant(0.01), weight_decay=1e-3)
  outcome = train.train(
    methods.source_only(model, optimizer),
    pair,
    steps=FLAGS.steps,
    batch_size=16,
    eval_every=FLAGS.steps,
    quiet=True,
  )
  record = outcome.record
  return record['waited'] / record['stepped'], record['stepped'] / FLAGS.steps


def main(argv) -> None:
  del argv
  logging.set_verbosity(logging.WARNING)
  data_dir = pathlib.Path(FLAGS.data_dir or '~/da_jax_data').expanduser()
  folders = [data_dir / name for name in office_caltech10.PUBLISHED.folders]
  root = next(f for f in [*folders, data_dir] if (f / SOURCE).is_dir())
  load_before = os.getloadavg()[0]
  spawn = multiprocessing.get_context('spawn')
  with futures.ProcessPoolExecutor(1, spawn, initializer=pin) as pool:
    found = pool.submit(rates, root, FLAGS.repeats).result()
  share, seconds = input_wait(root)
  print('| images of Office-Caltech10, 256 to 224 pixels | images / core s |')
  print('|---|---|')
  for name, value in found.items():
    print(f'| {name} | {value:.0f} |')
  pillow, ours = list(found.values())[:2]
  print(f'\n{ours / pillow:.1f} times the rate of Pillow (goal: 2)')
  print(
    f'{share:.1%} of a training waits for input (goal: at most 5 %): ResNet-18,'
    f' 112 pixels, batches of 16 + 16, {seconds:.2f} s a step'
  )
  print(
    f'jax {jax.__version__} on {jax.default_backend()}, {os.cpu_count()} cores,'
    f' load {load_before:.1f} before, median of {FLAGS.repeats}'
  )


if __name__ == '__main__':
  app.run(main)
