"""Joining the other processes of a run, and leaving them.

Every process runs the same command; the flags or the scheduler say which one
it is. A process that fails does not wait for the others, and they notice
within `SILENCE` seconds: none hangs.
"""

import os
import re
import sys
import threading
import time
from typing import NoReturn

from absl import flags

from da_jax import files
from da_jax.errors import UnmetError, UserError

FLAGS = flags.FLAGS
JOIN_TIMEOUT = 300  # seconds that a process waits for the others to come
SILENCE = 30  # seconds without a sign of life after which a process is dead
_GRACE = 2  # seconds that others have to say what is wrong with them
_LATER = 60  # seconds after which JAX, too, would have waited in vain
_met = threading.Event()
_LOST = re.compile(
  'Gloo|NCCL|RCCL|UNAVAILABLE|DEADLINE|coordination|heartbeat|peer', re.I
)

flags.DEFINE_bool(
  'distributed',
  False,
  'Run with the other processes of this SLURM, Open MPI or TPU job.',
)
flags.DEFINE_string(
  'coordinator',
  None,
  'host:port of process 0; runs with others wherever they were started.',
)
flags.DEFINE_integer(
  'num_processes', None, 'Of the run, with --coordinator.', lower_bound=1
)
flags.DEFINE_integer(
  'process_id',
  None,
  'From 0, with --coordinator; default $JOB_COMPLETION_INDEX of Kubernetes.',
  lower_bound=0,
)
NAMES = ('distributed', 'coordinator', 'num_processes', 'process_id')


def join() -> None:
  """Finds the other processes, if the flags ask for it; before any device.

  Raises:
    UserError: the settings are wrong.
    UnmetError: they have not come within `JOIN_TIMEOUT`.
  """
  if not FLAGS.distributed and FLAGS.coordinator is None:
    return
  import jax

  # It would take SIGTERM away from `signals`.
  jax.config.update('jax_enable_preemption_service', False)
  address, failures = _address(), []

  def initialize():
    try:
      jax.distributed.initialize(
        **address,
        # After it JAX aborts the process.
        initialization_timeout=JOIN_TIMEOUT + _LATER,
        heartbeat_timeout_seconds=SILENCE,
      )
    except Exception as error:
      failures.append(error)

  # In the main thread signals would have to wait for its end.
  thread = threading.Thread(target=initialize, daemon=True)
  thread.start()
  thread.join(JOIN_TIMEOUT)
  if thread.is_alive():
    raise UnmetError(_unmet(f'within {JOIN_TIMEOUT} s'))
  if failures:
    _explain(failures[0])
  _met.set()


def _explain(error: Exception) -> NoReturn:
  if isinstance(error, ValueError):
    raise UserError(
      f'the processes of the run do not find each other: {error}'
    ) from error
  if isinstance(error, RuntimeError) and _LOST.search(str(error)):
    raise UnmetError(_unmet(f'({files.reason(error)})')) from error
  raise error


def _unmet(why: str) -> str:
  return (
    f'the other processes of the run did not come {why}: start all, and the'
    ' same commands go on.'
  )


def _address() -> dict:
  if FLAGS.coordinator is None:
    return {}  # JAX asks the scheduler
  index = FLAGS.process_id
  if index is None and 'JOB_COMPLETION_INDEX' in os.environ:
    index = int(os.environ['JOB_COMPLETION_INDEX'])
  if index is None or FLAGS.num_processes is None:
    raise UserError(
      f'--coordinator={FLAGS.coordinator} needs --num_processes and'
      ' --process_id.'
    )
  if not index < FLAGS.num_processes or ':' not in FLAGS.coordinator:
    raise UserError(
      f'--coordinator={FLAGS.coordinator} --process_id={index}'
      f' --num_processes={FLAGS.num_processes}: the first is host:port, the'
      ' second below the third.'
    )
  return {
    'coordinator_address': FLAGS.coordinator,
    'num_processes': FLAGS.num_processes,
    'process_id': index,
    'cluster_detection_method': 'deactivate',
  }


def joined() -> bool:
  """Whether there are others."""
  return _met.is_set()


def has_lost(error: Exception) -> bool:
  """Whether an error says that another process is gone."""
  return joined() and _LOST.search(str(error)) is not None


def leave(code: int) -> None:
  """Exits at once; an ordinary exit waits for the others, who may not come."""
  jax = sys.modules.get('jax')
  if jax is None or not jax.distributed.is_initialized():
    sys.exit(code)
  sys.stdout.flush()
  sys.stderr.flush()
  if joined():  # with process 0 the others are ended at once
    time.sleep(0 if jax.process_index() else _GRACE)
  os._exit(code)
