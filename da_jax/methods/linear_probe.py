"""Linear probing: the head alone is trained, on features that stand still."""

from flax import linen as nn
import numpy as np
import optax

from da_jax.methods import base
from da_jax.types import Method


def linear_probe(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises the target's cross entropy over the head.

  The classifier runs in evaluation mode: BatchNorm uses and keeps the start's
  statistics, dropout is off.

  Args:
    model: the classifier.
    optimizer: transformation of {'model': params}, all below the head frozen.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: loss, target_batch_accuracy, gradient_norm (of all
    parameters, the frozen ones included).
  """
  return base.supervised(
    model,
    optimizer,
    domain='target',
    label_smoothing=label_smoothing,
    train=False,
  )


def fit_head(
  features: np.ndarray, y: np.ndarray, num_classes: int, *, c: float = 1.0
) -> dict[str, np.ndarray]:
  """The head of the L2-regularised logistic regression on fixed features.

  Minimises C sum_n CE(z_n W + b, y_n) + ||W||^2 / 2 (scikit-learn's objective)
  by L-BFGS from zero, in float64; classes without examples are allowed.

  Args:
    features: [n, d].
    y: int [n].
    num_classes: k.
    c: C, the inverse strength of the regularisation.

  Returns:
    {'kernel': float32 [d, k], 'bias': float32 [k]}.
  """
  from scipy import optimize, special

  z = np.asarray(features, np.float64)
  n, d = z.shape
  hit = np.eye(num_classes)[y]

  def objective(flat):
    w, b = np.split(flat, [d * num_classes])
    w = w.reshape(d, num_classes)
    log_p = special.log_softmax(z @ w + b, axis=1)
    residual = c * (np.exp(log_p) - hit)
    value = -c * np.sum(log_p * hit) + 0.5 * np.sum(w**2)
    gradient = np.concatenate([(z.T @ residual + w).ravel(), residual.sum(0)])
    return value / n, gradient / n

  found = optimize.minimize(
    objective,
    np.zeros((d + 1) * num_classes),
    jac=True,
    method='L-BFGS-B',
    options={'maxiter': 1000, 'ftol': 1e-12, 'gtol': 1e-8},
  )
  kernel, bias = np.split(found.x.astype(np.float32), [d * num_classes])
  return {'kernel': kernel.reshape(d, num_classes), 'bias': bias}
