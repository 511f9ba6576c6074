"""Where points land in the plane, and what is written over them."""

from unittest import mock

import numpy as np
from sklearn import manifold

from da_jax.report import embedding


def _clusters(rows=80, width=20):
  rng = np.random.default_rng(0)
  labels = np.arange(rows) % 4
  return rng.normal(size=(4, width))[labels] * 3 + rng.normal(
    size=(rows, width)
  )


def test_pca_is_the_singular_value_decomposition():
  features = _clusters()
  _, found = embedding.maps(features)
  centred = features - features.mean(0)
  u, s, _ = np.linalg.svd(centred, full_matrices=False)
  where = (u * s)[:, :2]
  signs = np.sign((where * found.where).sum(0))
  np.testing.assert_allclose(found.where * signs, where, atol=1e-8)
  share = 100 * np.square(s[:2]).sum() / np.square(s).sum()
  assert found.name == f'PCA, {share:.0f} % of the variance'
  assert found.has_scale


def test_tsne_keeps_neighbours():
  features = _clusters()
  found, _ = embedding.maps(features)
  trust = manifold.trustworthiness(features, found.where, n_neighbors=5)
  random = np.random.default_rng(1).normal(size=(80, 2))
  assert trust > 0.9 > manifold.trustworthiness(features, random) + 0.2
  assert not found.has_scale


def test_numbers_do_not_cover_one_another():
  axes = mock.Mock()
  where = np.array([[0.0, 0], [0.1, 0], [5, 5], [10, 10]])
  legend = [embedding.Key(i, str(i), 'k') for i in range(4)]
  embedding._number(axes, where, np.array([0, 1, 2, -1]), legend)
  assert [call.args[2] for call in axes.text.call_args_list] == ['0', '2']
