"""The TFDS builder of every published dataset."""

from da_jax.data import office31, office_caltech10
from da_jax.data.builder import Builder


class Office31(Builder, skip_registration=True):
  """Office-31: amazon, dslr and webcam, 31 classes (Saenko et al., 2010)."""

  PUBLISHED = office31.PUBLISHED


class OfficeCaltech10(Builder, skip_registration=True):
  """Office-Caltech10: four domains, 10 classes (Gong et al., 2012)."""

  PUBLISHED = office_caltech10.PUBLISHED


BUILDERS = {
  builder.PUBLISHED.name: builder for builder in (Office31, OfficeCaltech10)
}
