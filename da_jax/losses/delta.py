"""Attentive distance of feature maps.

Li X. et al., "DELTA: DEep Learning Transfer using Feature Map with Attention
for Convolutional Networks", ICLR 2019, https://arxiv.org/abs/1901.09229
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp


def attentive_distance(
  maps: Mapping[str, jax.Array],
  start_maps: Mapping[str, jax.Array],
  attention: Mapping[str, jax.Array],
) -> jax.Array:
  """1/2 sum_layers sum_n sum_c (C a_c / positions) ||FM_nc - FM0_nc||^2.

  As the authors' code (and TLlib's) computes it: SUMMED over the batch, and
  times the number C of channels, so that equal attention weighs each by 1.

  Args:
    maps: by layer [n, ..., C].
    start_maps: the start's, likewise; a constant.
    attention: by layer [C], summing to 1.

  Returns:
    [] float32.
  """
  total = jnp.zeros(())
  for name, a in attention.items():
    start = jax.lax.stop_gradient(start_maps[name]).astype(jnp.float32)
    squares = (maps[name].astype(jnp.float32) - start) ** 2
    squares = squares.reshape(len(start), -1, len(a))
    total += 0.5 * len(a) * jnp.sum(squares.mean(1) @ a)
  return total


def channel_attention(loss_increase: jax.Array) -> jax.Array:
  """softmax(standardised / 5) of the loss increase without each channel.

  Args:
    loss_increase: [C].

  Returns:
    [C] float32, summing to 1; equal weights where all increases are equal.
  """
  centred = loss_increase - jnp.mean(loss_increase)
  deviation = jnp.std(loss_increase)
  scores = centred / jnp.where(deviation > 0, deviation, 1.0)
  return jax.nn.softmax(scores / 5.0)
