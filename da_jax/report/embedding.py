"""Features of both domains as pictures in the plane, by t-SNE and PCA.

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
LIMIT = 300  # points a domain
# Half of scikit-learn's. On the digits the divergence is within 3 % of that
# after 1000, and the trustworthiness differs by less than 0.001.
_ITERATIONS = 500
_NEEDED = ('source_features', 'source_labels', 'target_features')
_SOURCE = {'marker': 'o', 'linewidths': 0.8}
_TARGET = {'marker': '^', 'linewidths': 0}


class Key(NamedTuple):
  """What one colour means."""

  number: int  # written beside the class in the plot
  name: str
  colour: str


class Map(NamedTuple):
  """Where points lie in the plane, and how they got there."""

  name: str
  where: np.ndarray  # [n, 2]
  has_scale: bool  # whether distances mean something


class Panels(NamedTuple):
  """One embedding, coloured in two ways."""

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


def panels(predictions: Arrays, legend: list[Key], title: str) -> list[Panels]:
  """Embeds both domains together and draws them, by t-SNE and by PCA.

  Args:
    predictions: features [n, d], [m, d] and labels [n], [m] of the domains.
    legend: the classes in colour.
    title: names the model.

  Returns:
    The plots; nothing where there are no features that can be embedded.
  """
  if any(name not in predictions for name in (*_NEEDED, 'target_labels')):
    return []
  parts = {name: predictions[name][:LIMIT] for name in predictions}
  n = len(parts['source_features'])
  features = np.concatenate(
    [parts['source_features'], parts['target_features']]
  ).astype(np.float64)
  # A diverged or collapsed model has no neighbourhoods to show.
  if not np.isfinite(features).all() or np.ptp(features) == 0:
    return []
  if min(features.shape) < 2 or len(features) < 4:
    return []
  labels = np.concatenate([parts['source_labels'], parts['target_labels']])
  is_target = np.arange(len(features)) >= n
  return [
    Panels(
      _by_class(found, labels, is_target, legend, title),
      _by_domain(found, is_target, title),
    )
    for found in maps(features)
  ]


def maps(features: np.ndarray) -> tuple[Map, Map]:
  """Embeds [n, d] in the plane, the same way every time.

  Args:
    features: not all equal, n >= 4, d >= 2.

  Returns:
    t-SNE (of the first 50 principal components) and PCA.
  """
  from sklearn.decomposition import PCA
  from sklearn.manifold import TSNE
  import threadpoolctl

  perplexity = min(30.0, (len(features) - 1) / 3)
  tsne = TSNE(
    init='pca', perplexity=perplexity, random_state=0, max_iter=_ITERATIONS
  )
  # Threads that wait for one another on a busy machine cost ten times more
  # than they bring with this few points.
  with threadpoolctl.threadpool_limits(1):
    pca = PCA(min(50, *features.shape), random_state=0)
    components = pca.fit_transform(features)
    kept = 100 * pca.explained_variance_ratio_[:2].sum()
    return (
      Map('t-SNE', tsne.fit_transform(components), False),
      Map(f'PCA, {kept:.0f} % of the variance', components[:, :2], True),
    )


def _by_class(
  found: Map,
  labels: np.ndarray,
  is_target: np.ndarray,
  legend: list[Key],
  title: str,
) -> figures.Picture:
  """Colour says the class, the marker the domain."""
  where = found.where
  colours = np.full(len(where), figures.GREY, dtype=object)
  for key in legend:
    colours[labels == key.number] = key.colour
  # Grey lies under the classes that have a colour.
  named = colours != figures.GREY
  with figures.style():
    figure, axes = _axes(found, f'{title}, by class')
    for part in (~named, named):
      s, t = part & ~is_target, part & is_target
      axes.scatter(
        *where[s].T, s=16, facecolors='none', edgecolors=colours[s], **_SOURCE
      )
      axes.scatter(*where[t].T, s=16, c=colours[t], **_TARGET)
    _number(axes, where, np.where(is_target, -1, labels), legend)
    return figures.png(
      figure,
      f'{found.name} of the features, {title}: colours show classes,'
      ' circles the source, triangles the target.',
    )


def _by_domain(
  found: Map, is_target: np.ndarray, title: str
) -> figures.Picture:
  """Colour and marker say the domain."""
  where = found.where
  with figures.style():
    figure, axes = _axes(found, f'{title}, by domain')
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
      f'{found.name} of the features, {title}: source in blue circles,'
      ' target in vermilion triangles.',
    )


def _axes(found: Map, title: str):
  """A figure with axes without numbers: neither map has a unit."""
  figure = figures.new(4.8, 4.4)
  axes = figure.add_subplot()
  axes.set_title(f'{title} ({found.name})', parse_math=False, fontsize=9.5)
  axes.set(xticks=[], yticks=[])
  if found.has_scale:
    axes.set_aspect('equal', 'datalim')
  axes.spines[:].set(visible=True, color=figures.GREY)
  return figure, axes


def _number(
  axes, where: np.ndarray, labels: np.ndarray, legend: list[Key]
) -> None:
  """Writes the number of each class amid its points, not over another."""
  from matplotlib import patheffects

  places = []
  for key in legend:
    points = where[labels == key.number]
    if not len(points):
      continue
    place = np.median(points, axis=0)
    if any((abs(place - p) < np.ptp(where, 0) / 16).all() for p in places):
      continue
    places.append(place)
    axes.text(
      *place,
      str(key.number),
      ha='center',
      va='center',
      fontsize=14,
      fontweight='bold',
      path_effects=[patheffects.withStroke(linewidth=4, foreground='white')],
    )
