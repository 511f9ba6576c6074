"""Source examples with the channel statistics of target images, on the way.

Adaptive instance normalisation (https://arxiv.org/abs/1703.06868) of what a
backbone's stem gives. An interceptor of `nn.intercept_methods` needs nothing of
the networks; `joint_pass` tells it which examples are of the source.
"""

from collections.abc import Iterator
import contextlib
import contextvars

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.errors import UserError
from da_jax.losses.adain import moments, with_moments

_SOURCE_ROWS = contextvars.ContextVar('source_rows', default=None)


@contextlib.contextmanager
def joint_pass(source_rows: int) -> Iterator[None]:
  """Says that the networks called inside see so many source examples first."""
  token = _SOURCE_ROWS.set(source_rows)
  try:
    yield
  finally:
    _SOURCE_ROWS.reset(token)


@contextlib.contextmanager
def stylised(
  backbone: nn.Module, key: jax.Array, share: float
) -> Iterator[list[jax.Array]]:
  """In joint passes inside, source examples have target statistics.

  Each source example takes, with probability `share`, the mean and deviation of
  every channel of the stem's maps of a random target example of its pass,
  through which no gradient flows; target examples stay as they are.

  Args:
    backbone: of the classifier; what the last module of its first depth gives
      is changed.
    key: PRNG key of the draws.
    share: in [0, 1].

  Yields:
    The maps so changed, one entry a pass.

  Raises:
    UserError: the backbone has no such maps.
  """
  if not backbone.depths:
    raise UserError(
      '--adain changes maps inside the backbone, of which'
      ' --cache_features keeps none: leave one of them out.'
    )
  stem, changed = ('backbone', backbone.depths[0][1][-1]), []

  def intercept(next_fun, args, kwargs, context):
    y = next_fun(*args, **kwargs)
    source_rows, path = _SOURCE_ROWS.get(), context.module.path
    if source_rows is None or context.method_name != '__call__':
      return y
    if path == stem and getattr(y, 'ndim', None) == 4:
      changed.append(_restyled(y, source_rows, key, share))
      return changed[-1]
    if path == stem[:1] and not changed:
      raise UserError(
        f'{type(backbone).__name__} has no maps of channels after its stem to'
        ' stylise: leave --adain out or take another --backbone.'
      )
    return y

  with nn.intercept_methods(intercept):
    yield changed


def _restyled(maps, n, key, share):
  key_share, key_style = jax.random.split(key)
  source, target = maps[:n], maps[n:]
  drawn = jax.random.randint(key_style, (n,), 0, len(target))
  mean, std = jax.lax.stop_gradient(moments(target))
  styled = with_moments(source, mean[drawn], std[drawn])
  chosen = jax.random.bernoulli(key_share, share, (n, 1, 1, 1))
  source = jnp.where(chosen, styled.astype(maps.dtype), source)
  return jnp.concatenate([source, target])
