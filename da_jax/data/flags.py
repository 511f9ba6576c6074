"""The flags that choose data, for every script that loads some."""

import pathlib

from absl import flags

from da_jax import data
from da_jax.data.files.broken import POLICIES
from da_jax.data.normalisation import Normalisation
from da_jax.data.own import standardise, text
from da_jax.data.pair import DomainPair, Task
from da_jax.data.protocols import PROTOCOLS, Protocol
from da_jax.data.transforms import Augmentation

FLAGS = flags.FLAGS
_AUGMENTATION = Augmentation._fields

flags.DEFINE_enum('dataset', 'digits', sorted(data.DATASETS), 'The data.')
flags.DEFINE_string(
  'data_dir',
  None,
  "The dataset's folder or one that holds it, or the file that"
  ' --domain_column divides; default $DA_JAX_DATA, else ~/da_jax_data.',
)
flags.DEFINE_string('source', None, "Labelled domain; default the dataset's.")
flags.DEFINE_string('target', None, "Unlabelled domain; default the dataset's.")
flags.DEFINE_integer('batch_size', 64, 'Per domain.', lower_bound=1)
flags.DEFINE_integer('image_size', None, 'Side of images, for image files.')
flags.DEFINE_enum(
  'broken_files',
  None,
  POLICIES,
  'Image files that cannot be read: refuse to run (default) or skip them.',
)

flags.DEFINE_string('label_column', None, "Of tables; default 'label'.")
flags.DEFINE_string(
  'domain_column',
  None,
  'Of one table with both domains, whose values --source and --target are.',
)
flags.DEFINE_list('drop_columns', None, 'Of tables, not to be features.')
flags.DEFINE_enum(
  'missing',
  None,
  standardise.CHOICES['missing'],
  'What is done with missing numbers: reject (default) them, or fill with the'
  ' mean or median of the training rows.',
)
flags.DEFINE_enum(
  'outliers',
  None,
  standardise.CHOICES['outliers'],
  'Keep (default) them, or clip three quartile ranges beyond the quartiles.',
)
flags.DEFINE_enum(
  'standardise',
  None,
  standardise.CHOICES['standardise'],
  "To mean 0, deviation 1 of the source's training rows (default), or of each"
  " domain's own.",
)
flags.DEFINE_string('text_column', None, "Of tables; default 'text'.")
flags.DEFINE_enum(
  'text_as',
  None,
  text.CHOICES,
  'What a text becomes: tfidf (default) = weighted counts of words and pairs,'
  ' hashed = counts of hashed words, tokens = a sequence of hashed words.',
)
flags.DEFINE_integer(
  'text_length', None, 'Words of a sequence; default 128.', lower_bound=1
)

flags.DEFINE_enum(
  'protocol',
  None,
  list(PROTOCOLS),
  'Which target examples train and test: transductive = all do both, published'
  " = the dataset's splits, split = 80 % / 20 %, sampled = as published, of"
  " small samples. Default: the dataset's.",
)
for _role in ('source', 'target'):
  flags.DEFINE_list(
    f'{_role}_classes', None, f'Names of the {_role} classes to keep.'
  )
  flags.DEFINE_integer(
    f'{_role}_examples',
    None,
    f'Draw so many {_role} examples to train.',
    lower_bound=1,
  )
flags.DEFINE_enum(
  'label_shift',
  None,
  ['source', 'target'],
  'In which domain the first half of the classes keeps --label_shift_share.',
)
flags.DEFINE_float(
  'label_shift_share',
  None,
  'Of the examples of those classes; default 0.3.',
  lower_bound=0.0,
  upper_bound=1.0,
)
for _name, _help in (
  ('crop', 'Crop training images at random; default: images above 64 pixels.'),
  ('flip', 'Mirror training images at random; default: above 64 pixels.'),
):
  flags.DEFINE_bool(_name, None, _help)
for _name, _help in (
  ('jitter', 'Strength of colour jitter of training images, 0 to 2.'),
  ('grey', 'Share of training images turned grey.'),
  ('blur', 'Share of training images blurred.'),
  ('cutout', 'Side of the square cut out of training images over theirs.'),
):
  flags.DEFINE_float(_name, 0.0, _help)
flags.DEFINE_integer(
  'randaugment', 0, 'RandAugment operations on a training image.'
)

NAMES = tuple(flag.name for flag in FLAGS.flags_by_module_dict()[__name__])
_OPTIONS = sorted(
  {o for entry in data.DATASETS.values() for o in entry.options}
)


def folder() -> pathlib.Path:
  """Where the flags say that the data are."""
  return data.data_folder(FLAGS.data_dir)


def task(**instead: str) -> Task:
  """The two domains that the flags ask for, whole.

  Args:
    **instead: options of the dataset that overrule the flags.
  """
  return data.load_task(
    FLAGS.dataset,
    data_dir=FLAGS.data_dir,
    source=FLAGS.source,
    target=FLAGS.target,
    **{name: FLAGS[name].value for name in _OPTIONS} | instead,
  )


def pair(whole: Task, normalisation: Normalisation | None = None) -> DomainPair:
  """The parts of a task that the flags ask for.

  Args:
    whole: from `task`.
    normalisation: of images; None: the task's own.
  """
  return data.draw(whole, protocol(), augmentation(), normalisation)


def protocol() -> Protocol:
  """The protocol that the flags ask for."""
  classes = {
    name: tuple(FLAGS[name].value) if FLAGS[name].value else None
    for name in ('source_classes', 'target_classes')
  }
  return Protocol(
    name=FLAGS.protocol,
    **classes,
    source_examples=FLAGS.source_examples,
    target_examples=FLAGS.target_examples,
    label_shift=FLAGS.label_shift,
    label_shift_share=FLAGS.label_shift_share,
  )


def augmentation() -> Augmentation:
  """The augmentation that the flags ask for."""
  return Augmentation(**{name: FLAGS[name].value for name in _AUGMENTATION})
