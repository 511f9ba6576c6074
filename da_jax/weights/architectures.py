"""What is particular to the weight files of each backbone, one entry each.

Submodules of a backbone have the names of the most common files, so that most
entries only say what a file has beyond the backbone. Which pixels the weights
expect follows from the style of the names: who published them so trained so.
"""

from collections.abc import Collection, Mapping
import re
from typing import NamedTuple

from da_jax.data.normalisation import CAFFE, HALF, IMAGENET, Normalisation


class Names(NamedTuple):
  """One style of a backbone's files.

  Attributes:
    head: path of the classification layer.
    head_is_affine: whether logits are an affine function of the features.
    renames: by regular expressions in turn: part of what an array would be
      called in this style, and what it is in the file.
    normalisation: of pixels; None: the data's own.
    mark: regular expression that some name of a file matches if it is so.
    variants: of the same style; the first whose mark is found counts.
  """

  head: str = 'fc'
  head_is_affine: bool = True
  renames: tuple[tuple[str, str], ...] = ()
  normalisation: Normalisation | None = None
  mark: str = ''
  variants: tuple['Names', ...] = ()

  def of(self, name: str) -> str:
    """The name of an array in the file."""
    for ours, theirs in self.renames:
      name = re.sub(ours, theirs, name)
    return name

  def variant(self, names: Collection[str]) -> 'Names':
    """What these names of a file's arrays are."""
    for variant in self.variants:
      if any(re.search(variant.mark, name) for name in names):
        return variant
    return self


Architecture = Mapping[str, Names]  # by style, as `layouts.style_of` has them

_RESNET = {'torch': Names('fc', normalisation=IMAGENET)}
_CIFAR_RESNET = {'torch': Names('linear', normalisation=IMAGENET)}
_VGG = {'torch': Names('classifier.6', normalisation=IMAGENET)}


def _torchvision_vit(mlp: tuple[str, str], mark: str) -> Names:
  renames = (
    (r'^cls_token$', 'class_token'),
    (r'^pos_embed$', 'encoder.pos_embedding'),
    (r'^patch_embed\.proj', 'conv_proj'),
    (r'^norm\.', 'encoder.ln.'),
    (r'^blocks\.', 'encoder.layers.encoder_layer_'),
    (r'\.norm(\d)\.', r'.ln_\1.'),
    (r'\.attn\.qkv\.', '.self_attention.in_proj_'),
    (r'\.attn\.proj\.', '.self_attention.out_proj.'),
    (r'\.mlp\.fc1\.', f'.mlp.{mlp[0]}.'),
    (r'\.mlp\.fc2\.', f'.mlp.{mlp[1]}.'),
  )
  return Names('heads.head', True, renames, IMAGENET, mark)


# timm's own are so; those of DeiT and DINO want ImageNet's mean and deviation.
_VIT = {
  'torch': Names(
    'head',
    normalisation=HALF,
    variants=(
      # As torchvision's files have it, and as its networks do.
      _torchvision_vit(('linear_1', 'linear_2'), r'\.mlp\.linear_1\.'),
      _torchvision_vit(('0', '3'), r'^encoder\.layers\.'),
    ),
  )
}
_MOBILENET_V1 = {'keras': Names('conv_preds', normalisation=HALF)}
_SQUEEZENET_FIRES = tuple(
  (rf'^features\.{place}\.(squeeze|expand\dx\d)/', rf'fire{number}/\1/')
  for number, place in enumerate((3, 4, 6, 7, 9, 10, 11, 12), start=2)
)

ARCHITECTURES: dict[str, Architecture] = {
  'resnet18': _RESNET,
  'resnet34': _RESNET,
  'resnet50': _RESNET,
  'resnet101': _RESNET,
  'resnet152': _RESNET,
  'resnext50': _RESNET,
  'wide_resnet50': _RESNET,
  'cifar_resnet20': _CIFAR_RESNET,
  'cifar_resnet56': _CIFAR_RESNET,
  'vgg16': _VGG,
  'vgg19': _VGG,
  'alexnet': _VGG,
  'vit_s16': _VIT,
  'vit_b16': _VIT,
  'convnext_tiny': {'torch': Names('classifier.2', normalisation=IMAGENET)},
  'mobilenet_v1': _MOBILENET_V1,
  'mobilenet_v1_075': _MOBILENET_V1,
  'mobilenet_v2': {'torch': Names('classifier.1', normalisation=IMAGENET)},
  'squeezenet1_1': {
    # Its logits are means of what is left after a ReLU.
    'torch': Names('classifier.1', False, normalisation=IMAGENET),
    'keras': Names(
      'conv10',
      False,
      (
        (r'^features\.0/', 'conv1/'),
        *_SQUEEZENET_FIRES,
        ('/squeeze/', '/squeeze1x1/'),
      ),
      CAFFE,
    ),
  },
}
