"""SURF histograms of Office-Caltech10: Gong, Shi, Sha, Grauman, "Geodesic Flow
Kernel for Unsupervised Domain Adaptation", CVPR 2012
(https://doi.org/10.1109/CVPR.2012.6247911)."""

import functools

from da_jax.data.obtain.download import Remote
from da_jax.data.published import office_caltech10
from da_jax.data.published import office_caltech10_features as features
from da_jax.data.published.record import File

_URL = (
  'https://raw.githubusercontent.com/viggin/domain-adaptation-toolbox/master/'
  'ToRelease_GFK/data/'
)
_SHA256 = {
  'amazon': 'df32548b994e18d364c99e1f317e1fae100597259f0423a41b90f4f68187bb1f',
  'Caltech10': (
    '4f9334c8ced489d5054de97a5fd51a61f017f3bcd1f38c9a85c6d78cb9d7bda5'
  ),
  'dslr': '44d673c68e1d07b837893aa74dba3b986e4a6cc3fd66f0dd357683bdef059216',
  'webcam': 'a6a9c78b4b7181dfbb58bcfd351d4ebd737f171c31247b8884948aa156d3f700',
}
_SURF = features.Features(
  'office_caltech10_surf',
  width=800,
  ending='SURF_L10',
  homepage='https://github.com/viggin/domain-adaptation-toolbox',
  citation=office_caltech10.CITATION,
  files=tuple(
    File(
      Remote(
        f'{stem}_SURF_L10.mat',
        (f'{_URL}{stem}_SURF_L10.mat',),
        f'sha256:{sha256}',
      ),
      folder=None,
      domains=(stem.lower(),),
    )
    for stem, sha256 in _SHA256.items()
  ),
)
DOMAINS = features.DOMAINS
PUBLISHED = features.published(_SURF)
load = functools.partial(features.load, _SURF)
