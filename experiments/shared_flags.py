"""The flags that every training script has, beside those of the data."""

from absl import flags

from da_jax import cluster, models, optimizers, parallel, schedules
from da_jax.course import SELECT
from da_jax.data import flags as data_flags
from da_jax.selection import VALIDATORS

FLAGS = flags.FLAGS
SCHEDULES = {
  'inverse': lambda: schedules.inverse_decay(
    FLAGS.learning_rate, gamma=FLAGS.gamma
  ),
  'paper': lambda: schedules.paper_decay(FLAGS.learning_rate, FLAGS.steps),
  'step': lambda: schedules.step_decay(
    FLAGS.learning_rate, FLAGS.steps, milestones=FLAGS.milestones
  ),
  'cosine': lambda: schedules.cosine_decay(FLAGS.learning_rate, FLAGS.steps),
  'constant': lambda: schedules.constant(FLAGS.learning_rate),
}

flags.DEFINE_string(
  'workdir',
  None,
  'Folder of the run, where an unfinished one goes on; default'
  ' runs/<dataset>-<source>-<target>/<method>-seed<seed>.',
)
flags.DEFINE_bool('overwrite', False, 'Throw away the run in --workdir.')
flags.DEFINE_integer('steps', 3000, 'Updates.', lower_bound=1)
flags.DEFINE_integer('seed', 0, 'Of everything that is drawn.', lower_bound=0)
flags.DEFINE_enum('optimizer', 'sgd', sorted(optimizers.OPTIMIZERS), 'Updates.')
flags.DEFINE_float('learning_rate', 0.01, 'At step 0.', lower_bound=0.0)
flags.DEFINE_float('momentum', 0.9, 'Of sgd, with nesterov.', lower_bound=0.0)
flags.DEFINE_float('weight_decay', 1e-3, 'L2 of all parameters.')
flags.DEFINE_enum(
  'schedule',
  'inverse',
  list(SCHEDULES),
  "Learning rate: inverse = TLlib's (1 + gamma i)^-.75, paper = (1 + 10 p)^-.75"
  ' of the progress p, step = a tenth at each of --milestones, cosine to 0,'
  ' constant.',
)
flags.DEFINE_multi_float(
  'milestones', [0.6], 'Of --schedule=step, shares of --steps.'
)
flags.DEFINE_float('gamma', 1e-3, 'Of --schedule=inverse.', lower_bound=0.0)
flags.DEFINE_float(
  'backbone_rate',
  None,
  "Factor on the backbone's learning rate; default 0.1 with --weights, else 1.",
)
flags.DEFINE_enum(
  'backbone', None, sorted(models.BACKBONES), "Default: the dataset's."
)
flags.DEFINE_integer(
  'bottleneck', 256, 'Features after the backbone; 0: none.', lower_bound=0
)
flags.DEFINE_bool('bottleneck_norm', True, 'BatchNorm in the bottleneck.')
flags.DEFINE_float('bottleneck_dropout', 0.0, 'Share of features dropped.')
flags.DEFINE_string(
  'weights',
  None,
  'Start from a file of a backbone (.safetensors, .npz, .h5, .pth, ...), from'
  " published weights such as resnet50.tv_in1k, or from the model that a run's"
  ' folder selected.',
)
flags.DEFINE_bool(
  'cache_features',
  False,
  'Freeze the backbone of --weights whole and compute its features once; train'
  ' bottleneck, head and critic on these, without augmentation.',
)
flags.DEFINE_string(
  'baseline',
  'auto',
  'What the result is compared with: auto = source-only trained under the same'
  ' flags (for fine-tuning: the start), once for all runs of a seed in one'
  " folder (with --overwrite: anew), none, or a finished run's folder.",
)
flags.DEFINE_integer(
  'workers',
  0,
  'Processes that read and decode batches, for image files too many to be kept'
  ' decoded; 0: threads.',
  lower_bound=0,
)
flags.DEFINE_string(
  'profile',
  None,
  'Keep a trace by jax.profiler of these steps in <workdir>/profile: 10:20 for'
  ' 10 to 19.',
)
flags.DEFINE_bool('report', True, 'Write report.html.')
flags.DEFINE_float(
  'ema',
  None,
  'Evaluate and select the moving average of this decay, e.g. 0.999.',
  lower_bound=0.0,
  upper_bound=1.0,
)
flags.DEFINE_enum(
  'select',
  SELECT,
  list(VALIDATORS),
  'Validator that selects a checkpoint, without target labels; not for'
  ' fine-tuning, where labels held out do.',
)
flags.DEFINE_bool(
  'keep_best',
  False,
  'Also keep the model that each validator would have chosen, for --which=NAME'
  ' of experiments.predict.',
)
flags.DEFINE_integer(
  'patience',
  None,
  'End after so many evaluations without a better score of --select, or in'
  ' fine-tuning of validation accuracy.',
  lower_bound=1,
)
flags.DEFINE_integer(
  'accumulate',
  1,
  'Parts of --batch_size examples whose mean gradient makes an update.',
  lower_bound=1,
)
flags.DEFINE_integer('eval_every', 500, 'Steps between.', lower_bound=1)
flags.DEFINE_integer('checkpoint_every', 500, 'Steps between.', lower_bound=1)
flags.DEFINE_enum(
  'dtype',
  'float32',
  ['float32', 'bfloat16'],
  'Of the computation; parameters, statistics and losses are float32.',
)
flags.DEFINE_enum('parallel', 'jit', parallel.MODES, 'How devices share work.')
SHARED = (
  *data_flags.NAMES,
  *cluster.NAMES,
  *(flag.name for flag in FLAGS.flags_by_module_dict()[__name__]),
)
# Not one of SHARED, as the baseline does not see target images.
flags.DEFINE_float(
  'adain',
  None,
  'Share of source examples that take the channel statistics of a target image'
  ' after the stem, in joint passes; not for the baseline.',
  lower_bound=0.0,
  upper_bound=1.0,
)
