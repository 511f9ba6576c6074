"""Whether predicted classes are clusters of the target features.

ClassAMI: Musgrave, Belongie and Lim, "Three New Validators and a Large-Scale
Benchmark Ranking for Unsupervised Domain Adaptation", 2022,
https://arxiv.org/abs/2208.07360. Silhouette: Rousseeuw, "Silhouettes: A
Graphical Aid to the Interpretation and Validation of Cluster Analysis", Journal
of Computational and Applied Mathematics 20, 1987,
https://doi.org/10.1016/0377-0427(87)90125-7.
"""

import warnings

import numpy as np

from da_jax.selection.evidence import Evidence, draw, one_class, validator

_STARTS = 3  # of k-means, the best of which counts


@validator
def class_ami(evidence: Evidence) -> float:
  """Adjusted mutual information of predicted classes and k-means clusters.

  The clusters are as many as classes. 1 where both agree, about 0 where they
  are independent, 0 where there is only one class or one cluster. Of more than
  2000 examples 2000 are drawn.
  """
  from sklearn import cluster, exceptions, metrics

  z, logits = draw(evidence.features_t, evidence.logits_t)
  if one_class(logits):
    return 0.0
  number = min(logits.shape[1], len(logits))
  model = cluster.KMeans(number, n_init=_STARTS, random_state=0)
  with warnings.catch_warnings():
    # Features that coincide give fewer clusters than asked for.
    warnings.simplefilter('ignore', exceptions.ConvergenceWarning)
    found = model.fit_predict(z)
  if len(np.unique(found)) < 2:
    return 0.0
  predicted = np.argmax(logits, axis=1)
  return metrics.adjusted_mutual_info_score(predicted, found)


@validator
def silhouette(evidence: Evidence) -> float:
  """Mean silhouette of the target features by predicted class, in [-1, 1].

  mean_i (b_i - a_i) / max(a_i, b_i), a the mean distance within the class and
  b that to the nearest other one. -1 where one class or as many classes as
  examples are predicted. Of more than 2000 examples 2000 are drawn.
  """
  from sklearn import metrics

  z, logits = draw(evidence.features_t, evidence.logits_t)
  predicted = np.argmax(logits, axis=1)
  if not 1 < len(np.unique(predicted)) < len(predicted):
    return -1.0
  return metrics.silhouette_score(z, predicted)
