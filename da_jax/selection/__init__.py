"""Choosing checkpoints without target labels.

Every validator reads an `Evidence` and returns a float, higher is better; NaN
means that it cannot tell and is never chosen.
"""

from da_jax.selection.bnm import bnm
from da_jax.selection.clusters import class_ami, silhouette
from da_jax.selection.corr_c import corr_c
from da_jax.selection.dev import dev
from da_jax.selection.distances import a_distance, mmd
from da_jax.selection.evidence import Evidence as Evidence
from da_jax.selection.evidence import Validator
from da_jax.selection.information import diversity, entropy, infomax
from da_jax.selection.iwcv import iwcv
from da_jax.selection.mixval import mixval, mixval_inter, mixval_intra
from da_jax.selection.rankme import rankme
from da_jax.selection.reverse import reverse
from da_jax.selection.snd import snd
from da_jax.selection.source_accuracy import source_accuracy

VALIDATORS: dict[str, Validator] = {
  'source_accuracy': source_accuracy,
  'entropy': entropy,
  'diversity': diversity,
  'infomax': infomax,
  'snd': snd,
  'bnm': bnm,
  'corr_c': corr_c,
  'mixval_intra': mixval_intra,
  'mixval_inter': mixval_inter,
  'mixval': mixval,
  'iwcv': iwcv,
  'dev': dev,
  'reverse': reverse,
  'class_ami': class_ami,
  'silhouette': silhouette,
  'rankme': rankme,
  'mmd': mmd,
  'a_distance': a_distance,
}
