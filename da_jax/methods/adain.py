"""Style as an augmentation of features: source examples look like target ones.

By adaptive instance normalisation, Huang and Belongie, "Arbitrary Style
Transfer in Real-time with Adaptive Instance Normalization", ICCV 2017,
https://arxiv.org/abs/1703.06868, after the backbone's stem instead of in a
network that paints.
"""

from flax import linen as nn
import jax

from da_jax import parallel
from da_jax.errors import UserError
from da_jax.models import stylisation
from da_jax.types import Method


def adain(method: Method, backbone: nn.Module, *, share: float) -> Method:
  """Stylises source examples wherever a method runs its joint passes.

  Under pmap a device draws from its own target examples.

  Args:
    method: whose passes see both domains at once, see `base.classify_pair`.
    backbone: of its classifier.
    share: probability of each source example, see `stylisation.stylised`.

  Returns:
    The method; metrics as before. Its step raises UserError where there is no
    joint pass, or the backbone has no maps.
  """

  def step(state, batch, key):
    key_step, key_style = jax.random.split(key)
    key_style = parallel.device_key(key_style)
    with stylisation.stylised(backbone, key_style, share) as passes:
      result = method.step(state, batch, key_step)
    if not passes:
      raise UserError(
        '--adain stylises in passes over both domains, which there are none of:'
        ' take a method with --passes=joint, or leave it out.'
      )
    return result

  return method._replace(step=step)
