"""The ways of fine-tuning by name: a table from flag values to factories."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flax import linen as nn
import optax

from da_jax.errors import UserError
from da_jax.methods import ulmfit
from da_jax.methods.bi_tuning import PROJECTOR, bi_tuning
from da_jax.methods.bss import bss
from da_jax.methods.co_tuning import co_tuning
from da_jax.methods.delta import delta
from da_jax.methods.ewc import ewc
from da_jax.methods.finetune import finetune
from da_jax.methods.l2_sp import l2_sp
from da_jax.methods.linear_probe import linear_probe
from da_jax.methods.lp_ft import lp_ft
from da_jax.methods.lwf import lwf
from da_jax.methods.start import SOURCE_HEAD, Trained
from da_jax.methods.stochnorm import stochnorm
from da_jax.optimizers import BACKBONE, Parts
from da_jax.types import Method


class Way(NamedTuple):
  """One way of fine-tuning.

  Attributes:
    make: (model, optimizer, *, label_smoothing, ...) -> Method.
    takes: which of 'steps', 'pretrained', 'source_classes' `make` has, too.
    strength: the keyword of `make` that is the strength of its own term.
    needs_weights: whether it is nothing without a trained start; whoever takes
      `source_classes` needs the start's head as well.
    needs_depths: whether it is nothing where the backbone does not train.
    parts: (backbone, steps) -> how the optimiser treats the parts.
  """

  make: Callable[..., Method]
  takes: tuple[str, ...] = ()
  strength: str | None = None
  needs_weights: bool = True
  needs_depths: bool = False
  parts: Callable[[nn.Module, int], Parts] = lambda backbone, steps: Parts()


def _stochnorm(model, optimizer, *, p: float = 0.5, **options) -> Method:
  return stochnorm(finetune(model, optimizer, **options), p=p)


def _gradual(model, optimizer, *, steps: int, **options) -> Method:
  first = ulmfit.unfreezing_steps(model.backbone, steps)
  return ulmfit.gradual(finetune(model, optimizer, **options), first)


def _always(parts: Parts) -> Callable[[nn.Module, int], Parts]:
  return lambda backbone, steps: parts


_OLD_HEAD = Parts(slow=(BACKBONE, SOURCE_HEAD))
WAYS: dict[str, Way] = {
  'full': Way(finetune, needs_weights=False),
  'head': Way(
    linear_probe, parts=_always(Parts(frozen=(BACKBONE, 'model/bottleneck')))
  ),
  'lp_ft': Way(lp_ft),
  'gradual': Way(
    _gradual,
    takes=('steps',),
    needs_depths=True,
    parts=lambda backbone, steps: Parts(
      unfrozen_at=ulmfit.unfreezing_steps(backbone, steps)
    ),
  ),
  'discriminative': Way(
    finetune,
    needs_depths=True,
    parts=lambda backbone, steps: Parts(
      slow=(), rate_scales=ulmfit.discriminative_rates(backbone)
    ),
  ),
  'l2_sp': Way(
    l2_sp,
    takes=('pretrained',),
    strength='alpha',
    parts=_always(Parts(decayed=False)),
  ),
  'delta': Way(
    delta,
    needs_depths=True,
    takes=('pretrained',),
    strength='alpha',
    parts=_always(Parts(decayed=False)),
  ),
  'bss': Way(bss, strength='weight', needs_weights=False),
  'stochnorm': Way(_stochnorm, strength='p', needs_weights=False),
  'co_tuning': Way(
    co_tuning,
    takes=('source_classes',),
    strength='weight',
    parts=_always(_OLD_HEAD),
  ),
  'bi_tuning': Way(
    bi_tuning,
    strength='weight',
    needs_weights=False,
    parts=_always(Parts(slow=(BACKBONE, PROJECTOR))),
  ),
  'lwf': Way(
    lwf,
    takes=('source_classes',),
    strength='weight',
    parts=_always(_OLD_HEAD),
  ),
  'ewc': Way(
    ewc,
    takes=('source_classes',),
    strength='weight',
    parts=_always(Parts(frozen=(SOURCE_HEAD,))),
  ),
}


def check(
  name: str, depths: Sequence, trained: Trained | None, penalty: float | None
) -> None:
  """Raises UserError where a way lacks what it needs.

  Args:
    name: in `WAYS`.
    depths: of the backbone; none where features are cached.
    trained: what the start brings; None without --weights.
    penalty: as in `build`.

  Raises:
    UserError: there is no start, its head is missing, or there is no term
      whose strength `penalty` could be.
  """
  way = WAYS[name]
  if way.needs_depths and not depths:
    raise UserError(
      f'--method={name} is about the depths of the backbone, none of which'
      ' trains with --cache_features: leave that out.'
    )
  if way.needs_weights and trained is None:
    raise UserError(
      f'--method={name} starts from what was trained: give --weights.'
    )
  if 'source_classes' in way.takes and trained.head_classes is None:
    raise UserError(
      f'--method={name} needs the head that the weights were trained with:'
      " give a run's folder as --weights instead of a file."
    )
  if penalty is not None and way.strength is None:
    raise UserError(
      f'--method={name} has no term of its own: leave out --penalty.'
    )


def build(
  name: str,
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  steps: int,
  trained: Trained | None = None,
  penalty: float | None = None,
  label_smoothing: float = 0.0,
) -> Method:
  """Makes a method of `WAYS`.

  Args:
    name: in `WAYS`.
    model: the classifier.
    optimizer: made with the way's `parts`.
    steps: of the run.
    trained: what the start brings.
    penalty: strength of the way's own term; None is its default.
    label_smoothing: in [0, 1).

  Returns:
    The method.
  """
  way, trained = WAYS[name], trained or Trained()
  known = {
    'steps': steps,
    'pretrained': trained.parts,
    'source_classes': trained.head_classes,
  }
  options = {option: known[option] for option in way.takes}
  if penalty is not None:
    options[way.strength] = penalty
  return way.make(model, optimizer, label_smoothing=label_smoothing, **options)
