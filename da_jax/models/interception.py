"""BatchNorm and dropout that behave otherwise for one call of a network.

An interceptor of `nn.intercept_methods` needs nothing of the networks; it acts
where a layer runs in training mode.
"""

from collections.abc import Callable
import zlib

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers

Path = tuple[str, ...]


def stochastic_norm(key: jax.Array, p: float) -> Callable:
  """Each channel takes the batch's statistics with probability p.

  Else it takes the moving statistics as they were before this call. The choice
  is a function of the key and the layer's path, the same on all devices.

  Args:
    key: PRNG key of a step.
    p: in [0, 1].

  Returns:
    The interceptor.
  """

  def intercept(next_fun, args, kwargs, context):
    module = context.module
    if not _trains(context, args, kwargs):
      return next_fun(*args, **kwargs)
    moving = _by_moving_statistics(module, args[0])
    by_batch = next_fun(*args, **kwargs)
    layer = jax.random.fold_in(key, zlib.crc32('/'.join(module.path).encode()))
    chosen = jax.random.bernoulli(layer, p, by_batch.shape[-1:])
    return jnp.where(chosen, by_batch, moving)

  return intercept


def evaluating(where: Callable[[Path], jax.Array | bool]) -> Callable:
  """Layers whose path says so run in evaluation mode, statistics untouched.

  Args:
    where: path of a layer -> whether, possibly traced.

  Returns:
    The interceptor.
  """

  def intercept(next_fun, args, kwargs, context):
    module = context.module
    if isinstance(module, nn.Dropout) and context.method_name == '__call__':
      dropped = next_fun(*args, **kwargs)
      return jnp.where(where(module.path), args[0], dropped)
    if not _trains(context, args, kwargs):
      return next_fun(*args, **kwargs)
    frozen = where(module.path)
    moving = _by_moving_statistics(module, args[0])
    old = {name: module.get_variable('batch_stats', name) for name in _STATS}
    by_batch = next_fun(*args, **kwargs)
    for name in _STATS:
      new = module.get_variable('batch_stats', name)
      kept = jnp.where(frozen, old[name], new)
      module.put_variable('batch_stats', name, kept)
    return jnp.where(frozen, moving, by_batch)

  return intercept


_STATS = ('mean', 'var')


def _trains(context: nn.module.InterceptorContext, args, kwargs) -> bool:
  if not isinstance(context.module, layers.BatchNorm):
    return False
  evaluates = args[1] if len(args) > 1 else kwargs['use_running_average']
  return context.method_name == '__call__' and not evaluates


def _by_moving_statistics(module: layers.BatchNorm, x: jax.Array) -> jax.Array:
  """What the layer gives in evaluation mode before its statistics move."""
  mean, var = (module.get_variable('batch_stats', name) for name in _STATS)
  scale, bias = (
    module.get_variable('params', name) for name in ('scale', 'bias')
  )
  factor = jax.lax.rsqrt(var + module.epsilon) * scale
  y = (x.astype(jnp.float32) - mean) * factor + bias
  return y.astype(module.dtype)
