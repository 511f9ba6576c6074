"""The TFDS builder of every published dataset."""

from da_jax.data import (
  camelyon17,
  domainnet,
  domainnet126,
  image_clef,
  office31,
  office_caltech10,
  office_home,
  pacs,
  visda2017,
)
from da_jax.data.builder import Builder


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
  )
}
