"""What the TFDS builders of published datasets share, and preparing with them.

A domain is a configuration. Images are stored as the files they are and in
`array_record`: the rest of TFDS wants TensorFlow. In a module of its own
because importing TFDS takes a while.
"""

import contextlib
import io
import pathlib
import sys

import numpy as np
import tensorflow_datasets as tfds

from da_jax.data.published.record import Published, Records, split_name
from da_jax.errors import UserError

_FORMAT = 'array_record'


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """Records of an image or a row, its label and its name.

  The splits of the domain `d` are called `d`, or `d_train` and `d_test`.

  Attributes:
    PUBLISHED: the dataset.
  """

  VERSION = tfds.core.Version('1.0.0')
  MANUAL_DOWNLOAD_INSTRUCTIONS = 'See `python -m da_jax.data.prepare`.'
  PUBLISHED: Published

  def __init_subclass__(cls, skip_registration: bool = True, **kwargs):
    super().__init_subclass__(skip_registration=skip_registration, **kwargs)
    cls.BUILDER_CONFIGS = [
      tfds.core.BuilderConfig(name=domain) for domain in cls.PUBLISHED.counts
    ]

  def _info(self) -> tfds.core.DatasetInfo:
    rows = self.PUBLISHED.rows
    if rows is None:
      example = {'image': tfds.features.Image()}
    else:
      example = {
        'row': tfds.features.Tensor(shape=rows.shape, dtype=rows.dtype)
      }
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(
        {
          **example,
          'label': tfds.features.ClassLabel(names=self.PUBLISHED.class_names),
          'name': tfds.features.Text(),
        }
      ),
      homepage=self.PUBLISHED.homepage,
      citation=self.PUBLISHED.citation,
      supervised_keys=(*example, 'label'),
      disable_shuffling=True,  # the order is that of the records
    )

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    domain = self.builder_config.name
    root = pathlib.Path(dl_manager.manual_dir)
    splits = self.PUBLISHED.records(root, domain)
    return {
      split_name(domain, split): self._generate_examples(records)
      for split, records in splits.items()
    }

  def _generate_examples(self, records: Records):
    key = 'image' if self.PUBLISHED.rows is None else 'row'
    for index, name in enumerate(records.names):
      example = records.read(index)
      if key == 'image' and isinstance(example, np.ndarray):
        example = _png(example)
      yield index, {key: example, 'label': int(records.y[index]), 'name': name}


def _png(pixels: np.ndarray) -> bytes:
  """Encodes uint8 [h, w] or [h, w, 3]; TFDS would want TensorFlow for it."""
  from PIL import Image

  stream = io.BytesIO()
  Image.fromarray(pixels).save(stream, 'PNG')
  return stream.getvalue()


def prepared(
  builder_class: type[Builder],
  domain: str,
  root: pathlib.Path,
  cache: pathlib.Path,
  splits: list[str],
):
  """Gives the examples of a domain, prepared unless they are.

  TFDS writes into an incomplete folder and renames it in the end, so that what
  was interrupted is never taken for finished.

  Args:
    builder_class: of the dataset.
    domain: name.
    root: folder of the dataset.
    cache: folder for these very files.
    splits: in the order wanted.

  Returns:
    TFDS data source; images as encoded bytes.

  Raises:
    UserError: the cache cannot be written.
  """
  make = lambda: builder_class(
    data_dir=cache, config=domain, file_format=_FORMAT
  )
  builder = make()
  if not builder.data_path.exists():
    _prepare(builder, root, cache)
    builder = make()
  decoders = {'image': tfds.decode.SkipDecoding()}
  return builder.as_data_source(
    '+'.join(split_name(domain, split) for split in splits),
    decoders=decoders if 'image' in builder.info.features else None,
  )


def _prepare(builder, root: pathlib.Path, cache: pathlib.Path) -> None:
  manual = tfds.download.DownloadConfig(manual_dir=root)
  try:
    # TFDS announces itself on stdout, which is the caller's.
    with contextlib.redirect_stdout(sys.stderr):
      builder.download_and_prepare(download_config=manual)
  except OSError as error:
    # Another process may have been faster with the same files.
    if not builder.data_path.exists():
      raise UserError(
        f'{root} cannot be prepared in {cache} ({error}): free some space or'
        ' name another folder by $DA_JAX_CACHE.'
      ) from error
