"""A short training and what it does to the loss, for data of any shape."""

import jax
import numpy as np

from da_jax import methods, models, optimizers, schedules, train
from da_jax.data.pair import DomainPair


def losses(pair: DomainPair, steps: int = 20) -> tuple[float, float]:
  """Cross entropy of the source's training rows, before and after."""
  model = models.Classifier(
    models.BACKBONES[pair.backbone](), len(pair.class_names), bottleneck=0
  )
  optimizer = optimizers.OPTIMIZERS['adam'](schedules.constant(1e-3))
  examples, initial = pair.source_train, []
  # Parts of one size are one program to compile.
  pair = pair._replace(source_val=examples, target_test=examples)

  def remember(state):
    initial.append(jax.device_get(state))
    return state

  outcome = train.train(
    methods.source_only(model, optimizer),
    pair,
    steps=steps,
    batch_size=16,
    start=remember,
    quiet=True,
  )

  def loss(state):
    logits = outcome.predict(state, examples.x).logits.astype(np.float64)
    logits -= np.log(np.exp(logits).sum(1, keepdims=True))
    return -logits[np.arange(len(logits)), examples.y].mean()

  return loss(initial[0]), loss(outcome.state)
