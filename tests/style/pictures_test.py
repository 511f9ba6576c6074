import numpy as np
from PIL import Image
import pytest

from da_jax.errors import UserError
from da_jax.style import pictures


def _ramp():
  return np.arange(6 * 12 * 3).reshape(6, 12, 3).astype(np.uint8)


def test_longer_side_is_resized_as_pillow_does(tmp_path):
  Image.fromarray(_ramp()).save(tmp_path / 'a.png')
  expected = Image.fromarray(_ramp()).resize((8, 4), Image.Resampling.LANCZOS)
  picture = pictures.read(tmp_path / 'a.png', 8)
  np.testing.assert_array_equal(picture, np.asarray(expected))


def test_picture_stands_upright_as_its_camera_says(tmp_path):
  exif = Image.Exif()
  exif[0x0112] = 6  # the camera was turned by a quarter
  Image.fromarray(_ramp()).save(tmp_path / 'a.png', exif=exif)
  picture = pictures.read(tmp_path / 'a.png', 12)
  np.testing.assert_array_equal(picture, np.rot90(_ramp(), -1))


def test_written_picture_is_rounded_and_clipped(tmp_path):
  pixels = np.float32([[[-3.0, 0.6, 300.0]]])
  pictures.write(tmp_path / 'a.png', pixels)
  with Image.open(tmp_path / 'a.png') as image:
    assert np.asarray(image).tolist() == [[[0, 1, 255]]]
  assert [path.name for path in tmp_path.iterdir()] == ['a.png']


def test_what_is_no_picture_is_named(tmp_path):
  (tmp_path / 'a.jpg').write_text('words')
  with pytest.raises(UserError, match=r'a\.jpg cannot be read as a picture'):
    pictures.read(tmp_path / 'a.jpg', 8)
  with pytest.raises(UserError, match=r'b\.jpg is not a file'):
    pictures.read(tmp_path / 'b.jpg', 8)


def test_what_cannot_be_written_is_named(tmp_path):
  pictures.check_output(tmp_path / 'a.JPG')
  with pytest.raises(UserError, match=r'a\.picture has no known ending'):
    pictures.check_output(tmp_path / 'a.picture')
  with pytest.raises(UserError, match='away is not a folder'):
    pictures.check_output(tmp_path / 'away' / 'a.png')
