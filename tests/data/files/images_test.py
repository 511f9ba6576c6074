import io
import pickle

import numpy as np
from PIL import Image
import pytest

from da_jax.data.files import images
from da_jax.errors import UserError

RGB = np.random.default_rng(0).integers(0, 256, (9, 7, 3)).astype(np.uint8)


def _encode(image, kind='png', **kwargs):
  stream = io.BytesIO()
  image.save(stream, kind, **kwargs)
  return stream.getvalue()


def test_decodes_and_resizes_as_pillow_does():
  resized = Image.fromarray(RGB).resize((5, 5), Image.Resampling.BILINEAR)
  decoded = images.decode(_encode(Image.fromarray(RGB)), 'a.png', 5)
  np.testing.assert_array_equal(decoded, resized)


def test_keeps_the_sides_if_no_size_is_asked_for():
  decoded = images.decode(_encode(Image.fromarray(RGB)), 'a.png', None)
  np.testing.assert_array_equal(decoded, RGB)


def test_takes_a_path(tmp_path):
  path = tmp_path / 'a.png'
  path.write_bytes(_encode(Image.fromarray(RGB)))
  np.testing.assert_array_equal(images.decode(path, 'a', None), RGB)


@pytest.mark.parametrize(
  ('mode', 'kind'),
  [
    ('1', 'png'),
    ('L', 'png'),
    ('LA', 'png'),
    ('P', 'png'),
    ('P', 'gif'),
    ('RGBA', 'png'),
    ('RGBA', 'webp'),
    ('CMYK', 'tiff'),
    ('CMYK', 'jpeg'),
    ('YCbCr', 'jpeg'),
  ],
)
def test_brings_every_mode_to_rgb(mode, kind):
  image = Image.fromarray(RGB).convert(mode)
  lossless = {'lossless': True} if kind == 'webp' else {}
  decoded = images.decode(_encode(image, kind, **lossless), 'a', None)
  assert decoded.shape == RGB.shape
  assert decoded.dtype == np.uint8
  if kind != 'jpeg':
    np.testing.assert_array_equal(decoded, image.convert('RGB'))


def test_scales_sixteen_bits():
  grey = RGB[..., 0].astype(np.uint16) * 257
  for kind in ('png', 'tiff'):
    decoded = images.decode(_encode(Image.fromarray(grey), kind), 'a', None)
    np.testing.assert_array_equal(decoded, np.stack([RGB[..., 0]] * 3, -1))


def _damaged():
  noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
  image = Image.fromarray(noise.astype(np.uint8))
  png, jpeg = _encode(image), _encode(image, 'jpeg')
  yield from (b'', b'not an image', png[:30], png[: len(png) // 2])
  yield from (jpeg[: len(jpeg) // 2], _encode(Image.new('F', (2, 2)), 'tiff'))


@pytest.mark.parametrize('data', list(_damaged()))
def test_names_what_cannot_be_decoded(data):
  with pytest.raises(UserError, match=r'tree/bike/7\.jpg'):
    images.decode(data, 'tree/bike/7.jpg', 8)


def test_names_a_file_that_is_gone(tmp_path):
  with pytest.raises(UserError, match=r'gone\.png'):
    images.decode(tmp_path / 'gone.png', 'gone.png', 8)


def _files(n=5):
  encoded = [_encode(Image.new('RGB', (4, 3), (i, 2 * i, 0))) for i in range(n)]
  return images.ImageFiles(
    lambda i: (f'{i}.png', encoded[i]), np.arange(n)[::-1], size=2
  )


def test_files_answer_like_an_array():
  files, array = _files(), images.in_memory(_files())
  assert isinstance(array, np.ndarray)
  assert len(files) == len(array) == 5
  indices = np.array([4, 0, 0])
  assert files[indices][:, 0, 0, 1].tolist() == [0, 8, 8]
  np.testing.assert_array_equal(files[indices], array[indices])


def test_a_slice_and_a_subset_answer_like_those_of_an_array():
  files, array = _files(), images.in_memory(_files())
  np.testing.assert_array_equal(files[1:4], array[1:4])
  rows = np.array([3, 1])
  np.testing.assert_array_equal(files.subset(rows)[:2], array[rows])


def test_in_memory_names_the_damaged_files():
  png = _encode(Image.new('RGB', (2, 2)))
  data = [b'', png, b'GIF', png[:40], *[b''] * 4]
  files = images.ImageFiles(lambda i: (f'{i}.png', data[i]), np.arange(8), 2)
  with pytest.raises(UserError) as raised:
    images.in_memory(files)
  text = str(raised.value)
  assert text.startswith('7 files cannot be read as an image: 0.png (no known')
  assert all(f'{i}.png' in text for i in (0, 2, 3, 4, 5))
  assert '1.png' not in text and '6.png' not in text and ', ...' in text


def test_what_is_wrong_does_not_depend_on_the_place(tmp_path):
  said = []
  for name in ('here', 'there'):
    path = tmp_path / name
    path.write_bytes(b'no image')
    absent = tmp_path / f'{name}.absent'
    paths = images.Paths((path, absent))
    said.append(images.decode_all(images.ImageFiles(paths, np.arange(2), 4))[1])
  assert (
    said[0]
    == said[1]
    == {
      0: 'no known image format',
      1: 'No such file or directory',
    }
  )


def test_files_can_be_sent_to_another_process(tmp_path):
  path = tmp_path / 'a.png'
  path.write_bytes(_encode(Image.fromarray(RGB)))
  files = images.ImageFiles(images.Paths((path,)), np.arange(1), 7)
  sent = pickle.loads(pickle.dumps(files))
  np.testing.assert_array_equal(sent[:1], files[:1])
