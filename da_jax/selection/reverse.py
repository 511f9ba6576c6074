"""Reverse (circular) validation on features.

Zhong et al., "Cross Validation Framework to Choose amongst Models and Datasets
for Transfer Learning", ECML PKDD 2010; for networks Ganin et al.,
"Domain-Adversarial Training of Neural Networks", JMLR 17, 2016,
https://arxiv.org/abs/1505.07818. Deviation: both train the whole model again,
from the target with its predicted labels to the source; here the features
stay and only the classifier on them is new.
"""

import numpy as np

from da_jax.selection.evidence import Evidence, draw, validator


@validator
def reverse(evidence: Evidence) -> float:
  """Accuracy on source validation of the nearest target example's prediction.

  mean_i [yhat_t(argmin_j ||z_i - z_j||) = y_i], in [0, 1]. The new classifier
  is the nearest neighbour and not a linear one: predicted labels are linear in
  the features, so a linear one would only be the old one again. Of more than
  2000 examples of a domain 2000 are drawn.
  """
  from sklearn import neighbors

  z_s, y_s = draw(evidence.features_s, evidence.y_s)
  z_t, logits_t = draw(evidence.features_t, evidence.logits_t)
  model = neighbors.KNeighborsClassifier(1, algorithm='brute')
  model.fit(z_t, np.argmax(logits_t, axis=1))
  return np.mean(model.predict(z_s) == y_s)
