"""Density ratio of target and source by a classifier of domains.

Bickel, Brückner and Scheffer, "Discriminative Learning for Differing Training
and Test Distributions", ICML 2007,
https://doi.org/10.1145/1273496.1273507.
"""

import numpy as np

_FOLDS = 3
_STRENGTHS = (1e-4, 1e-2, 1.0)  # C: the smaller, the closer to equal weights


def density_ratio(
  z_s: np.ndarray, z_t: np.ndarray, z_train: np.ndarray | None = None
) -> np.ndarray:
  """Estimates w(z) = p_t(z) / p_s(z) at held-out source features.

  w = (n / m) exp(g), where g is the logit for target of a logistic regression
  on standardised features; n / m undoes the odds of the sizes. Its strength of
  regularisation has the least log loss on 3 folds. Without `z_train` it tells
  `z_s` from `z_t`, and g comes from the fold that had not seen the example;
  with it, it tells `z_train` from `z_t`, as in deep embedded validation.

  Args:
    z_s: [n, d], n > 1.
    z_t: [m, d], m > 1.
    z_train: [l, d], l > 1, of the source, none of `z_s`; then n is l.

  Returns:
    [n], positive.
  """
  from sklearn import linear_model, metrics, model_selection, preprocessing

  pool = z_s if z_train is None else z_train
  x = np.concatenate([pool, z_t])
  scaler = preprocessing.StandardScaler().fit(x)
  x = scaler.transform(x)
  is_target = np.repeat([0, 1], [len(pool), len(z_t)])
  folds = model_selection.StratifiedKFold(
    min(_FOLDS, len(pool), len(z_t)), shuffle=True, random_state=0
  )
  tried = []
  for strength in _STRENGTHS:
    model = linear_model.LogisticRegression(C=strength, max_iter=1000)
    g = model_selection.cross_val_predict(
      model, x, is_target, cv=folds, method='decision_function'
    )
    p = 1.0 / (1.0 + np.exp(-g))
    tried.append((metrics.log_loss(is_target, p), strength, g))
  _, strength, g = min(tried, key=lambda one: one[0])
  if z_train is None:
    g = g[: len(z_s)]
  else:
    model = linear_model.LogisticRegression(C=strength, max_iter=1000)
    g = model.fit(x, is_target).decision_function(scaler.transform(z_s))
  return len(pool) / len(z_t) * np.exp(g)
