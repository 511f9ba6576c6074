"""Freezing depths of a trained backbone: the fewer the labels, the more.

Images and texts keep what is near the input: early layers are general, late
ones special (Yosinski et al., "How transferable are features in deep neural
networks?", NeurIPS 2014, https://arxiv.org/abs/1411.1792). Series keep what is
near the output: other sensors change the input, which the first layers meet
(Lee et al., "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts",
ICLR 2023, https://arxiv.org/abs/2210.11466).

Frozen depths keep their BatchNorm statistics (`frozen` of the backbone) and
get no updates (`optimizers.by_part`).
"""

from typing import NamedTuple

from flax import linen as nn

from da_jax.errors import UserError

# Labelled target examples a class below which so much is frozen by 'auto'.
_AUTO = ((10, 'backbone'), (50, 'all but one'), (200, 'one'))


class Freezing(NamedTuple):
  """What is frozen of a backbone."""

  count: int  # of its leading depths; of its trailing ones where negative
  why: str  # for reports


def freezing(
  backbone: nn.Module,
  freeze: str,
  labels_per_class: float,
  *,
  from_output: bool = False,
) -> Freezing:
  """How many depths of a backbone a policy freezes.

  Args:
    backbone: gives the names from the input up, `depths`.
    freeze: 'none', 'backbone', the name of the last depth to freeze, or 'auto'
      = all below 10 labels a class, all but one below 50, one below 200.
    labels_per_class: labelled target training examples a class, on average.
    from_output: whether freezing goes down from the output instead of up from
      the input.

  Returns:
    The number of depths, and why so many in a sentence.

  Raises:
    UserError: the backbone has no depth of that name.
  """
  names = [name for name, _ in backbone.depths]
  names = names[::-1] if from_output else names
  chosen = freeze
  if freeze == 'auto':
    chosen = next((f for n, f in _AUTO if labels_per_class < n), 'none')
  counts = {
    'none': 0,
    'one': 1,
    'all but one': len(names) - 1,
    'backbone': len(names),
    **{name: number for number, name in enumerate(names, start=1)},
  }
  if chosen not in counts:
    choices = ', '.join(['none', *names, 'backbone', 'auto'])
    raise UserError(f'--freeze={freeze} is not a depth: choose of {choices}.')
  count = counts[chosen]
  return Freezing(
    -count if from_output else count,
    _why(names[:count], freeze, labels_per_class),
  )


def frozen_parts(backbone: nn.Module, count: int) -> tuple[str, ...]:
  """The parameters of `Freezing.count` depths, for `optimizers.by_part`."""
  depths = backbone.depths[count:] if count < 0 else backbone.depths[:count]
  return tuple(
    f'model/backbone/{module}' for _, modules in depths for module in modules
  )


def _why(frozen: list[str], freeze: str, labels_per_class: float) -> str:
  what = f'Frozen: {", ".join(frozen)}' if frozen else 'Nothing is frozen'
  if freeze != 'auto':
    return f'{what} (--freeze={freeze}).'
  return (
    f'{what} (--freeze=auto: {labels_per_class:.4g} labelled training examples'
    ' a class).'
  )
