import io

import numpy as np
from PIL import Image
import pytest

from da_jax.data.audit import copies
from da_jax.data.audit import counts as audit
from da_jax.data.audit.copies import Content
from da_jax.data.files import images

RNG = np.random.default_rng(0)


def test_counts_and_imbalance():
  found = audit.count(np.array([0, 0, 0, 0, 0, 2, 2]), ('a', 'b', 'c'))
  assert found == (('a', 'b', 'c'), (5, 0, 2), 2.5)


@pytest.mark.parametrize(
  'x',
  [
    RNG.integers(0, 256, (200, 4, 5, 3)).astype(np.uint8),
    RNG.normal(size=(130, 7, 2)).astype(np.float32),
    RNG.normal(size=(3, 6)).astype(np.float32),
  ],
)
def test_ranges_are_those_of_every_channel(x):
  found = audit.scan(x).ranges
  for channel in range(x.shape[-1]):
    values = x[..., channel].astype(np.float64)
    assert found.low[channel] == values.min()
    assert found.high[channel] == values.max()
    assert found.mean[channel] == pytest.approx(values.mean())
  assert found.missing == 0


def test_values_that_are_not_finite_are_counted_and_left_out():
  x = np.array([[1, np.nan], [3, np.inf], [-np.inf, 5]], np.float32)
  found = audit.ranges(x)
  assert found.missing == 3
  assert found.low.tolist() == [1, 5] and found.high.tolist() == [3, 5]
  assert found.mean.tolist() == [2, 5]


def test_token_ids_are_one_channel():
  found = audit.ranges(np.array([[0, 7, 2], [1, 1, 1]], np.int32))
  assert (found.low, found.high, found.mean) == ([0], [7], [2])


def _ranges(*spans):
  return audit.ranges(np.array(spans, np.float32).T)


def test_magnitude_gap_finds_the_channel():
  a, b = _ranges((0, 1), (0, 255), (5, 5)), _ranges((0, 2), (0, 1), (0, 9))
  channel, factor = audit.magnitude_gap(a, b)
  assert (channel, factor) == (1, 255)
  assert audit.magnitude_gap(b, a) == (channel, factor)
  assert audit.magnitude_gap(_ranges((4, 4)), _ranges((0, 1)))[1] == np.inf
  assert audit.magnitude_gap(_ranges((4, 4)), _ranges((4, 4)))[1] == 1


def test_equal_contents_have_equal_digests_and_others_do_not():
  x = RNG.integers(0, 256, (300, 4, 4, 3)).astype(np.uint8)
  x[299], x[10, 0, 0, 0] = x[7], x[9, 0, 0, 0]
  found = audit.scan(x)
  assert found.digests[299] == found.digests[7]
  assert len(set(found.digests)) == 299
  assert found.rows.tolist() == list(range(300))


def test_of_many_examples_some_are_read():
  x = np.arange(500, dtype=np.float32)[:, None]
  found = audit.scan(x, limit=100)
  assert len(set(found.rows.tolist())) == len(found.digests) == 100
  whole = audit.scan(x)
  for row, digest in zip(found.rows, found.digests, strict=True):
    assert whole.digests[row] == digest


def _png(width, height):
  stream = io.BytesIO()
  Image.new('RGB', (width, height)).save(stream, 'png')
  return stream.getvalue()


def test_original_sizes_by_area_without_broken_files():
  encoded = [_png(9, 8), b'no image', _png(2, 3), _png(5, 4)]
  files = images.ImageFiles(
    lambda index: (str(index), encoded[index]), np.arange(4), size=2
  )
  sizes = audit.original_sizes(files)
  assert sizes.tolist() == [[2, 3], [5, 4], [9, 8]]


A, A2, B, C = (
  Content(b'a', 'a', 'cup'),
  Content(b'a', 'a2', 'mug'),
  Content(b'b', 'b', 'cup'),
  Content(b'c', 'c', 'cup'),
)


def test_copies_within_a_set():
  found = copies.within('here', [A, B, A2])
  assert found.groups == ((A, A2),)
  assert found.conflicting == 1
  assert copies.within('here', [A, B, C]).groups == ()


def test_copies_among_parts_leave_out_parts_that_are_one():
  parts = {'one': [A, B], 'two': [A2, C], 'three': [A2, C]}
  found = {shared.where: shared.groups for shared in copies.among(parts)}
  assert found == {'one and two': ((A, A2),), 'one and three': ((A, A2),)}
