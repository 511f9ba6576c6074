"""Mixed examples, the convex combinations of two prepared ones.

Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018,
https://arxiv.org/abs/1710.09412, with the fixed share of MixVal (Hu et al.,
NeurIPS 2023, https://openreview.net/forum?id=ackajXqei2).
"""

from collections.abc import Callable
import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

SHARE = 0.55  # of the first of a pair


class Ends(NamedTuple):
  """The raw examples [n, ...] that are mixed row by row."""

  first: jax.Array
  second: jax.Array


@dataclasses.dataclass(frozen=True)
class Mixtures:
  """Pairs of examples in the place of examples, as `Examples.x`.

  Attributes:
    x: the examples, as `Examples.x`.
    pairs: int64 [n, 2], rows of x.
  """

  x: Any
  pairs: np.ndarray

  def __len__(self) -> int:
    return len(self.pairs)

  def __getitem__(self, indices) -> Ends:
    return Ends(*(self.x[rows] for rows in self.pairs[indices].T))


def prepared(
  prepare: Callable[[jax.Array], jax.Array], x: jax.Array | Ends
) -> jax.Array:
  """prepare(x), of ends SHARE prepare(first) + (1 - SHARE) prepare(second)."""
  if not isinstance(x, Ends):
    return prepare(x)
  return SHARE * prepare(x.first) + (1 - SHARE) * prepare(x.second)


def why_not(prepare: Callable[[jax.Array], jax.Array], x: Any) -> str | None:
  """Why these examples cannot be mixed; None where they can.

  Ids of words have no convex combinations; they are what is padded, too.
  """
  dtype = jax.eval_shape(prepare, x[:1]).dtype
  if jnp.issubdtype(dtype, jnp.floating):
    return None
  return f'inputs of type {dtype} are ids, which cannot be mixed'
