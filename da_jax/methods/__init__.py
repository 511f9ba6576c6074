"""Methods: one paper, one file, one factory that returns a `types.Method`."""

from da_jax.methods.accumulate import accumulate as accumulate
from da_jax.methods.adain import adain as adain
from da_jax.methods.align import align as align
from da_jax.methods.dann import dann as dann
from da_jax.methods.ema import ema as ema
from da_jax.methods.finetune import finetune as finetune
from da_jax.methods.source_only import source_only as source_only
