"""The feature maps inside of a classifier, seen from outside."""

from collections.abc import Iterator, Mapping
import contextlib

from flax import linen as nn
import jax

from da_jax.models import layers


@contextlib.contextmanager
def captured(
  backbone: nn.Module, offsets: Mapping[str, jax.Array] | None = None
) -> Iterator[dict[str, jax.Array]]:
  """Collects what the last convolution or dense layer of each stage gives.

  Args:
    backbone: of the classifier that is called inside; gives the depths, of
      which the first, the stem, is left out where there are others.
    offsets: added to the outputs of layers by name, as zeros whose gradient is
      that of the output.

  Yields:
    A dictionary that each call fills: 'layer4/2/conv3' to [n, ..., channels].
  """
  depths = backbone.depths[1:] or backbone.depths
  depth_of = {module: depth for depth, modules in depths for module in modules}
  offsets, last, maps = offsets or {}, {}, {}

  def intercept(next_fun, args, kwargs, context):
    y = next_fun(*args, **kwargs)
    module, path = context.module, context.module.path
    if (
      not isinstance(module, (layers.Conv, layers.Dense))
      or path[0] != 'backbone'
      or path[1] not in depth_of
      or 'downsample' in path  # called last, but beside the block
    ):
      return y
    depth, name = depth_of[path[1]], '/'.join(path[1:])
    if name in offsets:
      y = y + offsets[name]
    maps.pop(last.get(depth), None)
    last[depth], maps[name] = name, y
    return y

  with nn.intercept_methods(intercept):
    yield maps
