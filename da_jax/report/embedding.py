"""Features of both domains as a picture in the plane (t-SNE).

L. van der Maaten and G. Hinton. Visualizing Data using t-SNE. JMLR 2008.
https://www.jmlr.org/papers/v9/vandermaaten08a.html
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from da_jax.report import figures
from da_jax.report.folder import Arrays

SOURCE_COLOUR = figures.COLOURS[0]
TARGET_COLOUR = figures.COLOURS[3]
_LIMIT = 500  # points a domain
_NEEDED = ('source_features', 'source_labels', 'target_features')
_SOURCE = {'marker': 'o', 'linewidths': 0.8}
_TARGET = {'marker': '^', 'linewidths': 0}


class Key(NamedTuple):
  """What one colour means."""

  number: int  # written beside the class in the plot
  name: str
  colour: str


class Panels(NamedTuple):
  """One embedding, coloured in two ways."""

  title: str
  classes: figures.Picture
  domains: figures.Picture


def keys(predictions: Arrays, names: Sequence[str]) -> list[Key]:
  """Colours for the classes with most target points.

  More than ten colours cannot be told apart; the other classes stay grey.

  Args:
    predictions: has 'target_labels' [m].
    names: the k classes.

  Returns:
    At most ten classes in the order of their labels.
  """
  counts = np.bincount(predictions['target_labels'], minlength=len(names))
  common = np.argsort(-counts, kind='stable')[: len(figures.COLOURS)]
  return [
    Key(int(label), names[label], colour)
    for label, colour in zip(sorted(common), figures.COLOURS, strict=False)
  ]


def panels(predictions: Arrays, legend: list[Key], title: str) -> Panels | None:
  """Embeds both domains together and draws them.

  Args:
    predictions: features [n, d], [m, d] and labels [n], [m] of the domains.
    legend: the classes in colour.
    title: names the model.

  Returns:
    The two plots, or None where there are no features that can be embedded.
  """
  if any(name not in predictions for name in (*_NEEDED, 'target_labels')):
    return None
  parts = {name: predictions[name][:_LIMIT] for name in predictions}
  n = len(parts['source_features'])
  features = np.concatenate(
    [parts['source_features'], parts['target_features']]
  ).astype(np.float64)
  # A diverged or collapsed model has no neighbourhoods to show.
  if not np.isfinite(features).all() or np.ptp(features) == 0:
    return None
  if min(features.shape) < 2 or len(features) < 4:
    return None
  where = _tsne(features)
  labels = np.concatenate([parts['source_labels'], parts['target_labels']])
  is_target = np.arange(len(where)) >= n
  return Panels(
    title,
    _by_class(where, labels, is_target, legend, title),
    _by_domain(where, is_target, title),
  )


def _tsne(features: np.ndarray) -> np.ndarray:
  """Embeds [n, d] in the plane, [n, 2], the same way every time."""
  from sklearn.decomposition import PCA
  from sklearn.manifold import TSNE
  import threadpoolctl

  if min(features.shape) > 50:
    features = PCA(50, random_state=0).fit_transform(features)
  perplexity = min(30.0, (len(features) - 1) / 3)
  tsne = TSNE(init='pca', perplexity=perplexity, random_state=0)
  # Threads that wait for one another on a busy machine cost ten times more
  # than they bring with this few points.
  with threadpoolctl.threadpool_limits(1):
    return tsne.fit_transform(features)


def _by_class(
  where: np.ndarray,
  labels: np.ndarray,
  is_target: np.ndarray,
  legend: list[Key],
  title: str,
) -> figures.Picture:
  """Colour says the class, the marker the domain."""
  colours = np.full(len(where), figures.GREY, dtype=object)
  for key in legend:
    colours[labels == key.number] = key.colour
  # Grey lies under the classes that have a colour.
  named = colours != figures.GREY
  with figures.style():
    figure, axes = _axes(f'{title}, by class')
    for part in (~named, named):
      s, t = part & ~is_target, part & is_target
      axes.scatter(
        *where[s].T, s=16, facecolors='none', edgecolors=colours[s], **_SOURCE
      )
      axes.scatter(*where[t].T, s=16, c=colours[t], **_TARGET)
    for key in legend:
      cluster = where[(labels == key.number) & ~is_target]
      if len(cluster):
        _number(axes, np.median(cluster, axis=0), key)
    return figures.png(
      figure,
      f't-SNE of the features, {title}: colours show classes, circles the '
      'source, triangles the target.',
    )


def _by_domain(
  where: np.ndarray, is_target: np.ndarray, title: str
) -> figures.Picture:
  """Colour and marker say the domain."""
  with figures.style():
    figure, axes = _axes(f'{title}, by domain')
    axes.scatter(
      *where[~is_target].T,
      s=16,
      facecolors='none',
      edgecolors=SOURCE_COLOUR,
      **_SOURCE,
    )
    axes.scatter(*where[is_target].T, s=16, c=TARGET_COLOUR, **_TARGET)
    return figures.png(
      figure,
      f't-SNE of the features, {title}: source in blue circles, target in '
      'vermilion triangles.',
    )


def _axes(title: str):
  """A figure with axes without numbers: distances in t-SNE have no unit."""
  figure = figures.new(4.8, 4.4)
  axes = figure.add_subplot()
  axes.set_title(title, parse_math=False)
  axes.set(xticks=[], yticks=[])
  axes.spines[:].set(visible=True, color=figures.GREY)
  return figure, axes


def _number(axes, centre: np.ndarray, key: Key) -> None:
  """Writes the number of a class where its source points are."""
  from matplotlib import patheffects

  axes.text(
    *centre,
    str(key.number),
    ha='center',
    va='center',
    fontsize=14,
    fontweight='bold',
    path_effects=[patheffects.withStroke(linewidth=4, foreground='white')],
  )
