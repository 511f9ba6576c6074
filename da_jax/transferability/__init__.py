"""How well a pretrained model suits a labelled target, before any training.

For fine-tuning, where target labels are given; higher is better in all.
"""

from da_jax.transferability.h_score import h_score as h_score
from da_jax.transferability.leep import leep as leep
from da_jax.transferability.logme import logme as logme
from da_jax.transferability.nce import nce as nce
