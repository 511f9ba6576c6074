"""The optimisation of a picture with all that is seen of it."""

import pathlib

import jax
import optax

from da_jax.progress import Bar
from da_jax.style import pictures, transfer
from da_jax.style.network import Network

_PARTS_EVERY = 10  # steps: the parts of the loss cost a forward pass


def paint(
  network: Network,
  loss: transfer.LossFn,
  x: jax.Array,
  optimizer: optax.GradientTransformationExtraArgs,
  *,
  steps: int,
  save_every: int,
  out: pathlib.Path,
) -> None:
  """Optimises a picture, shows progress and writes what it becomes.

  Args:
    network: whose normalisation the picture has.
    loss: from `transfer.objective`.
    x: [1, h, w, 3], normalised, where to start.
    optimizer: from `transfer.optimizer`.
    steps: updates.
    save_every: steps between pictures `<out>-<step>`.
    out: the last picture.

  Raises:
    DivergedError: the loss is not finite.
  """
  parts_of = jax.jit(lambda x: loss(x)[1])
  first = parts = _floats(parts_of(x))
  bar = Bar('style', 0, steps)
  bar.start()
  try:
    for now in transfer.minimise(loss, x, optimizer, steps):
      last = now.step == steps
      if last or now.step % _PARTS_EVERY == 0:
        parts = _floats(parts_of(now.x))
      bar.step(now.step, now.loss, **parts)
      if last or now.step % save_every == 0:
        name = out.name if last else f'{out.stem}-{now.step}{out.suffix}'
        pixels = network.normalisation.inverse(now.x)[0]
        pictures.write(out.with_name(name), jax.device_get(pixels))
  finally:
    bar.stop()
  changes = (f'{k} {first[k]:.3g} -> {parts[k]:.3g}' for k in first)
  print(f'{out}: {", ".join(changes)}')


def _floats(parts: transfer.Losses) -> dict[str, float]:
  return {name: float(part) for name, part in parts.items()}
