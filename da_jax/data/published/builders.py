"""The TFDS builder of every published dataset."""

from da_jax.data.published import (
  amazon_reviews,
  camelyon17,
  digits_five,
  domainnet,
  domainnet126,
  image_clef,
  mnist_c,
  office31,
  office_caltech10,
  office_caltech10_decaf6,
  office_caltech10_surf,
  office_home,
  pacs,
  visda2017,
)
from da_jax.data.published.builder import Builder


class Office31(Builder):
  """Office-31: amazon, dslr and webcam, 31 classes (Saenko et al., 2010)."""

  PUBLISHED = office31.PUBLISHED


class OfficeCaltech10(Builder):
  """Office-Caltech10: four domains, 10 classes (Gong et al., 2012)."""

  PUBLISHED = office_caltech10.PUBLISHED


class OfficeHome(Builder):
  """Office-Home: four domains, 65 classes (Venkateswara et al., 2017)."""

  PUBLISHED = office_home.PUBLISHED


class Visda2017(Builder):
  """VisDA-2017: renderings and photographs, 12 classes (Peng et al., 2017)."""

  PUBLISHED = visda2017.PUBLISHED


class Domainnet(Builder):
  """DomainNet: six domains, 345 classes (Peng et al., 2019)."""

  PUBLISHED = domainnet.PUBLISHED


class Domainnet126(Builder):
  """DomainNet-126: four domains, 126 classes (Saito et al., 2019)."""

  PUBLISHED = domainnet126.PUBLISHED


class ImageClef(Builder):
  """ImageCLEF-DA: four domains, 12 classes (Long et al., 2017)."""

  PUBLISHED = image_clef.PUBLISHED


class Pacs(Builder):
  """PACS: four domains, 7 classes (Li et al., 2017)."""

  PUBLISHED = pacs.PUBLISHED


class Camelyon17(Builder):
  """Camelyon17-WILDS: patches of five hospitals (Koh et al., 2021)."""

  PUBLISHED = camelyon17.PUBLISHED


class DigitsFive(Builder):
  """MNIST, USPS, MNIST-M, SVHN and Synthetic Digits, 10 classes."""

  PUBLISHED = digits_five.PUBLISHED


class MnistC(Builder):
  """MNIST-C: MNIST and 15 corruptions of it (Mu and Gilmer, 2019)."""

  PUBLISHED = mnist_c.PUBLISHED


class OfficeCaltech10Surf(Builder):
  """SURF histograms of Office-Caltech10 (Gong et al., 2012)."""

  PUBLISHED = office_caltech10_surf.PUBLISHED


class OfficeCaltech10Decaf6(Builder):
  """DeCAF6 features of Office-Caltech10 (Donahue et al., 2014)."""

  PUBLISHED = office_caltech10_decaf6.PUBLISHED


class AmazonReviews(Builder):
  """Amazon reviews: four domains, 2 classes (Blitzer et al., 2007)."""

  PUBLISHED = amazon_reviews.PUBLISHED


BUILDERS = {
  builder.PUBLISHED.name: builder
  for builder in (
    Office31,
    OfficeCaltech10,
    OfficeHome,
    Visda2017,
    Domainnet,
    Domainnet126,
    ImageClef,
    Pacs,
    Camelyon17,
    DigitsFive,
    MnistC,
    OfficeCaltech10Surf,
    OfficeCaltech10Decaf6,
    AmazonReviews,
  )
}
