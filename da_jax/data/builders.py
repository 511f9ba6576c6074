"""The TFDS builder of every published dataset."""

from da_jax.data import (
  amazon_reviews,
  digits_five,
  mnist_c,
  office31,
  office_caltech10,
  office_caltech10_decaf6,
  office_caltech10_surf,
)
from da_jax.data.builder import Builder


class AmazonReviews(Builder, skip_registration=True):
  """Amazon reviews: four kinds of products, counts of words (Blitzer, 2007)."""

  PUBLISHED = amazon_reviews.PUBLISHED


class DigitsFive(Builder, skip_registration=True):
  """MNIST, USPS, MNIST-M, SVHN and Synthetic Digits, 10 classes."""

  PUBLISHED = digits_five.PUBLISHED


class MnistC(Builder, skip_registration=True):
  """MNIST-C: MNIST and 15 corruptions of it (Mu and Gilmer, 2019)."""

  PUBLISHED = mnist_c.PUBLISHED


class Office31(Builder, skip_registration=True):
  """Office-31: amazon, dslr and webcam, 31 classes (Saenko et al., 2010)."""

  PUBLISHED = office31.PUBLISHED


class OfficeCaltech10(Builder, skip_registration=True):
  """Office-Caltech10: four domains, 10 classes (Gong et al., 2012)."""

  PUBLISHED = office_caltech10.PUBLISHED


class OfficeCaltech10Decaf6(Builder, skip_registration=True):
  """DeCAF6 features of Office-Caltech10 (Donahue et al., 2014)."""

  PUBLISHED = office_caltech10_decaf6.PUBLISHED


class OfficeCaltech10Surf(Builder, skip_registration=True):
  """SURF histograms of Office-Caltech10 (Gong et al., 2012)."""

  PUBLISHED = office_caltech10_surf.PUBLISHED


BUILDERS = {
  builder.PUBLISHED.name: builder
  for builder in (
    AmazonReviews,
    DigitsFive,
    MnistC,
    Office31,
    OfficeCaltech10,
    OfficeCaltech10Decaf6,
    OfficeCaltech10Surf,
  )
}
