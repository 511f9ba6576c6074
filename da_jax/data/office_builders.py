"""TFDS builders of the Office datasets: domains are splits.

In a module of its own because importing TFDS takes a while. Images are stored
as the files they are and in `array_record`: the rest of TFDS wants TensorFlow.
"""

import contextlib
import pathlib
import sys

import tensorflow_datasets as tfds

from da_jax.data import office, office31, office_caltech10
from da_jax.errors import UserError

_FORMAT = 'array_record'


class _Office(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """Records of an image, its label and its path in the tree."""

  VERSION = tfds.core.Version('1.0.0')
  MANUAL_DOWNLOAD_INSTRUCTIONS = 'Folders <domain>/<class>/* of images.'
  PUBLISHED: office.Published

  def _info(self) -> tfds.core.DatasetInfo:
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.__doc__,
      features=tfds.features.FeaturesDict(
        {
          'image': tfds.features.Image(),
          'label': tfds.features.ClassLabel(names=self.PUBLISHED.class_names),
          'name': tfds.features.Text(),
        }
      ),
      homepage=self.PUBLISHED.url,
      supervised_keys=('image', 'label'),
      disable_shuffling=True,  # the order is that of the sorted names
    )

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    root = pathlib.Path(dl_manager.manual_dir)
    domains = office.scan(self.PUBLISHED, root)
    return {
      domain: self._generate_examples(root, classes)
      for domain, classes in domains.items()
    }

  def _generate_examples(self, root: pathlib.Path, classes: dict[str, list]):
    for label, paths in classes.items():
      for path in paths:
        name = path.relative_to(root).as_posix()
        yield name, {'image': path, 'label': label, 'name': name}


class Office31(_Office):
  """Office-31: amazon, dslr and webcam, 31 classes (Saenko et al., 2010)."""

  PUBLISHED = office31.PUBLISHED


class OfficeCaltech10(_Office):
  """Office-Caltech10: four domains, 10 classes (Gong et al., 2012)."""

  PUBLISHED = office_caltech10.PUBLISHED


_BUILDERS = {'office31': Office31, 'office_caltech10': OfficeCaltech10}


def prepared(
  name: str, root: pathlib.Path, cache: pathlib.Path
) -> tfds.core.DatasetBuilder:
  """Returns the builder of a tree, ready to be read.

  TFDS writes into an incomplete folder and renames it in the end, so that what
  was interrupted is never taken for finished.

  Args:
    name: 'office31' or 'office_caltech10'.
    root: folder of the domains.
    cache: folder for this very tree.

  Raises:
    UserError: the cache cannot be written.
  """
  make = lambda: _BUILDERS[name](data_dir=cache, file_format=_FORMAT)
  builder = make()
  if builder.data_path.exists():
    return builder
  manual = tfds.download.DownloadConfig(manual_dir=root)
  try:
    # TFDS announces itself on stdout, which is the caller's.
    with contextlib.redirect_stdout(sys.stderr):
      builder.download_and_prepare(download_config=manual)
  except OSError as error:
    # Another process may have been faster with the same tree.
    if not builder.data_path.exists():
      raise UserError(
        f'{root} cannot be prepared in {cache} ({error}): free some space or'
        ' name another folder by $DA_JAX_CACHE.'
      ) from error
  return make()
