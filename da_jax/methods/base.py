"""The plumbing that methods share: networks as parts, passes, one update.

A network is a linen module called `(x, train)`; the classifier is the part
'model'. On several mapped devices features are gathered here, once, so that
every loss sees the global batch, and gradients are averaged here.
"""

from collections.abc import Callable, Mapping

from flax import linen as nn
import jax
import jax.numpy as jnp
import optax

from da_jax import losses, parallel, types
from da_jax.models import stylisation
from da_jax.types import Batch, Method, Metrics, Prediction, PyTree, State

PASSES = ('joint', 'separate')

LossFn = Callable[
  [PyTree, PyTree, Batch, jax.Array, jax.Array],
  tuple[jax.Array, tuple[PyTree, Metrics]],
]


def init_state(
  key: jax.Array,
  batch: Batch,
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  **networks: nn.Module,
) -> State:
  """Initialises the classifier and the networks that take its features.

  Args:
    key: PRNG key.
    batch: a batch of the run; only shapes and dtypes of an `x` are used.
    model: the classifier, part 'model'.
    optimizer: transformation of all parts' parameters.
    **networks: further parts by name, each called `(features, train)`.

  Returns:
    The state before the first update.
  """
  x = next(iter(batch.values()))['x']
  keys = jax.random.split(key, 1 + len(networks))
  model_variables = model.init(keys[0], x, train=False)
  features = model.apply(model_variables, x, train=False).features
  variables = {'model': model_variables}
  for key_n, (name, network) in zip(keys[1:], networks.items(), strict=True):
    variables[name] = network.init(key_n, features, train=False)
  params = {name: value.pop('params') for name, value in variables.items()}
  return State(
    jnp.zeros((), jnp.int32), params, variables, optimizer.init(params)
  )


def run(
  network: nn.Module,
  part: str,
  params: PyTree,
  variables: PyTree,
  x: jax.Array,
  key: jax.Array,
  *,
  train: bool = True,
) -> tuple[PyTree, PyTree]:
  """Runs a part, in training mode unless told otherwise.

  Args:
    network: the part's module.
    part: its name.
    params: of all parts.
    variables: of all parts.
    x: [n, ...] what it takes.
    key: PRNG key of dropout.
    train: whether in training mode.

  Returns:
    What the network returns, and all variables with the part's updated.
  """
  collections = {'params': params[part], **variables[part]}
  output, updated = network.apply(
    collections,
    x,
    train=train,
    rngs={'dropout': key},
    mutable=list(variables[part]),
  )
  return output, {**variables, part: {**variables[part], **updated}}


def classify(
  model: nn.Module,
  params: PyTree,
  variables: PyTree,
  x: jax.Array,
  key: jax.Array,
  *,
  train: bool = True,
) -> tuple[Prediction, PyTree]:
  """Runs the classifier on this device's share; gathers all devices' results.

  Args:
    model: the classifier.
    params: of all parts.
    variables: of all parts.
    x: [b, ...] this device's share.
    key: PRNG key of dropout, the same on all devices.
    train: whether in training mode.

  Returns:
    The prediction for the global batch and the updated variables.
  """
  key = parallel.device_key(key)
  prediction, variables = run(
    model, 'model', params, variables, x, key, train=train
  )
  return parallel.gather(prediction), variables


def classify_pair(
  model: nn.Module,
  params: PyTree,
  variables: PyTree,
  batch: Batch,
  key: jax.Array,
  *,
  passes: str,
) -> tuple[Prediction, Prediction, PyTree]:
  """Runs the classifier on both domains.

  Args:
    model: the classifier.
    params: of all parts.
    variables: of all parts.
    batch: source and target.
    key: PRNG key of dropout.
    passes: 'joint' runs one pass over both domains, so that BatchNorm mixes
      their statistics; 'separate' runs source, then target, each normalised
      by itself.

  Returns:
    Predictions for the source and the target, and the updated variables.

  Raises:
    ValueError: `passes` is neither.
  """
  x_s, x_t = batch['source']['x'], batch['target']['x']
  if passes == 'separate':
    key_s, key_t = jax.random.split(key)
    source, variables = classify(model, params, variables, x_s, key_s)
    target, variables = classify(model, params, variables, x_t, key_t)
    return source, target, variables
  if passes != 'joint':
    raise ValueError(f'passes is one of {PASSES}, not {passes!r}')
  key = parallel.device_key(key)
  with stylisation.joint_pass(len(x_s)):
    both, variables = run(
      model, 'model', params, variables, jnp.concatenate([x_s, x_t]), key
    )
  # Split before gathering: gathered shares alternate between the domains.
  n = len(x_s)
  source, target = (
    parallel.gather(jax.tree.map(part, both))
    for part in (lambda z: z[:n], lambda z: z[n:])
  )
  return source, target, variables


def labels(batch: Batch, domain: str) -> jax.Array:
  """The labels of the global batch, in the order of its predictions."""
  return parallel.gather(batch[domain]['y'])


def descend(
  loss: LossFn, optimizer: optax.GradientTransformation
) -> types.StepFn:
  """The usual step: one gradient of one loss, one update.

  Args:
    loss: (params, variables, batch, key, step) -> (scalar, (variables,
      metrics)).
    optimizer: transformation of all parts' parameters.

  Returns:
    A step whose metrics are the loss's, 'loss' and 'gradient_norm'.
  """

  def step(state, batch, key):
    differentiate = jax.value_and_grad(loss, has_aux=True)
    (value, (variables, metrics)), gradients = differentiate(
      state.params, state.variables, batch, key, state.step
    )
    gradients = parallel.mean(gradients)
    updates, opt_state = optimizer.update(
      gradients, state.opt_state, state.params
    )
    metrics = {
      'loss': value,
      **metrics,
      'gradient_norm': optax.tree.norm(gradients),
    }
    params = optax.apply_updates(state.params, updates)
    return State(state.step + 1, params, variables, opt_state), metrics

  return step


def supervised(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  domain: str,
  label_smoothing: float = 0.0,
  train: bool = True,
) -> Method:
  """Minimises the cross entropy of one domain's labelled examples.

  Args:
    model: the classifier.
    optimizer: transformation of {'model': params}.
    domain: 'source' or 'target', the only one looked at.
    label_smoothing: in [0, 1).
    train: whether the classifier runs in training mode.

  Returns:
    The method; metrics: loss, <domain>_batch_accuracy, gradient_norm.
  """

  def init(key, batch):
    return init_state(key, batch, model, optimizer)

  def loss(params, variables, batch, key, step):
    del step
    prediction, variables = classify(
      model, params, variables, batch[domain]['x'], key, train=train
    )
    y = labels(batch, domain)
    value = losses.cross_entropy(
      prediction.logits, y, label_smoothing=label_smoothing
    )
    accuracy = losses.accuracy(prediction.logits, y)
    return value, (variables, {f'{domain}_batch_accuracy': accuracy})

  return Method(init, descend(loss, optimizer), predictor(model))


def predictor(model: nn.Module) -> types.PredictFn:
  """Prediction in evaluation mode: running statistics, no dropout."""

  def predict(state, x):
    collections: Mapping[str, PyTree] = {
      'params': state.params['model'],
      **state.variables['model'],
    }
    return model.apply(collections, x, train=False)

  return predict
