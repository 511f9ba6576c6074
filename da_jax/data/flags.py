"""The flags that choose data, for every script that loads some."""

from absl import flags

from da_jax import data
from da_jax.data.broken import POLICIES
from da_jax.data.pair import DomainPair, Task
from da_jax.data.protocols import PROTOCOLS, Protocol
from da_jax.data.transforms import Augmentation

FLAGS = flags.FLAGS

flags.DEFINE_enum('dataset', 'digits', sorted(data.DATASETS), 'The data.')
flags.DEFINE_string(
  'data_dir',
  None,
  "The dataset's folder or one that holds it; default $DA_JAX_DATA, else"
  ' ~/da_jax_data.',
)
flags.DEFINE_string('source', None, "Labelled domain; default the dataset's.")
flags.DEFINE_string('target', None, "Unlabelled domain; default the dataset's.")
flags.DEFINE_integer('image_size', None, 'Side of images, for image files.')
flags.DEFINE_enum(
  'broken_files',
  None,
  POLICIES,
  'Image files that cannot be read: refuse to run (default) or skip them.',
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
  0.3,
  'Of the examples of those classes.',
  lower_bound=0.0,
  upper_bound=1.0,
)

NAMES = tuple(flag.name for flag in FLAGS.flags_by_module_dict()[__name__])
_OPTIONS = sorted(
  {o for entry in data.DATASETS.values() for o in entry.options}
)


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


def pair() -> DomainPair:
  """The data that the flags ask for."""
  return data.draw(task(), protocol(), augmentation())


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
  return Augmentation()
