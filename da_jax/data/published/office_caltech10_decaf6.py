"""DeCAF6 features of Office-Caltech10: Donahue et al., "DeCAF: A Deep
Convolutional Activation Feature for Generic Visual Recognition", ICML 2014
(https://proceedings.mlr.press/v32/donahue14.html).

The files of https://github.com/jindongwang/transferlearning, got by hand.
"""

import functools

from da_jax.data.published import office_caltech10_features as features

_DECAF6 = features.Features(
  'office_caltech10_decaf6',
  width=4096,
  ending='decaf',
  homepage='https://github.com/jindongwang/transferlearning/tree/master/data',
  citation="""@inproceedings{donahue2014decaf,
  title={{DeCAF}: A Deep Convolutional Activation Feature for Generic Visual
         Recognition},
  author={Donahue, Jeff and Jia, Yangqing and Vinyals, Oriol and Hoffman, Judy
          and Zhang, Ning and Tzeng, Eric and Darrell, Trevor},
  booktitle={International Conference on Machine Learning},
  year={2014}
}""",
)
DOMAINS = features.DOMAINS
PUBLISHED = features.published(_DECAF6)
load = functools.partial(features.load, _DECAF6)
