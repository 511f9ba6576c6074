"""Domain adaptation and transfer learning in JAX and Flax."""

import importlib.metadata
import os
import pathlib
import re

__version__ = '0.1.0'

_YNN_FLAG = '--xla_cpu_experimental_ynn_fusion_type='


def _avoid_wrong_results_on_cpu() -> None:
  """Switches off YNNPACK fusions, which miscompile silently on XLA:CPU.

  jaxlib 0.10.2 to 0.12 return wrong numbers for some fusions on CPU. The flag
  exists since jaxlib 0.8.3, older ones abort on it; XLA reads it at the first
  use of a device, so importing da_jax before computing is enough. What the
  user set stands.
  """
  version = re.findall(r'\d+', importlib.metadata.version('jaxlib'))
  known = tuple(int(number) for number in version[:3]) >= (0, 8, 3)
  flags = os.environ.get('XLA_FLAGS', '')
  if known and 'xla_cpu_experimental_ynn_fusion_type' not in flags:
    os.environ['XLA_FLAGS'] = f'{flags} {_YNN_FLAG}'.strip()


_avoid_wrong_results_on_cpu()


def load(run: str | pathlib.Path, which: str = 'selected'):
  """The trained model of a run as a `predictor.Predictor`; see there."""
  # JAX takes a second to import, and `da_jax.data` does not always need it.
  from da_jax import predictor

  return predictor.load(run, which)
