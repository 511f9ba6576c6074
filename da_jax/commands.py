"""How every command reads its flags and ends: a sentence and an exit code.

| code | the command |
|---|---|
| 0 | is done |
| 1 | failed: training diverged, or the reason was printed |
| 2 | was used wrongly, or a folder cannot be written |
| 75 | was preempted (SIGTERM, SIGUSR1) and saved, or alone: run it again |
| 130 | was stopped by Ctrl-C and saved; by a second one at once |
"""

from collections.abc import Callable, Iterable
import functools
import pathlib
import sys
import traceback

from absl import app, flags, logging

from da_jax import cluster, files, signals
from da_jax.errors import (
  DivergedError,
  InterruptedRunError,
  UnmetError,
  UserError,
)

FLAGS = flags.FLAGS
# EX_TEMPFAIL of sysexits.h, "try again later": launchers requeue on it.
PREEMPTED = 75


def run(
  main: Callable[..., int | None],
  shared: Iterable[str],
  *,
  arguments: bool = False,
) -> None:
  """Parses the flags, runs a command and exits.

  See the table of codes above; each but 0 follows one sentence. What `main`
  returns is the code otherwise.

  Args:
    main: the command.
    shared: names of flags defined in other modules that are the command's too.
    arguments: whether `main` takes the list of words that are no flags; else
      there may be none.
  """
  app.run(
    functools.partial(_main, main, arguments),
    flags_parser=functools.partial(_parse, tuple(shared), arguments),
  )


def _parse(
  shared: tuple[str, ...], arguments: bool, argv: list[str]
) -> list[str]:
  for flag in shared:  # else --help lists the command's own flags only
    FLAGS.register_key_flag_for_module(argv[0], FLAGS[flag])
  try:
    parsed = FLAGS(argv)
  except flags.Error as error:
    _fail(argv[0], error)
  except SystemExit:  # --help, for which absl exits with 1
    sys.exit(0)
  if parsed[1:] and not arguments:
    _fail(argv[0], f'unexpected argument {parsed[1]}: flags are --name=value.')
  return parsed


def _main(
  main: Callable[..., int | None], arguments: bool, argv: list[str]
) -> int | None:
  logging.set_verbosity(logging.WARNING)
  try:
    with signals.raising():
      cluster.join()
      return main(argv[1:]) if arguments else main()
  except UserError as error:
    _fail(argv[0], error)
  except DivergedError as error:
    _fail(argv[0], error, code=1)
  except UnmetError as error:
    _fail(argv[0], error, code=PREEMPTED)
  except InterruptedRunError as stop:
    _fail(
      argv[0],
      f'{stop} and saved: the same command goes on.',
      code=_code(stop.signal_number),
      leave=sys.exit,  # with all others, who stop at the same step
    )
  except KeyboardInterrupt:
    _fail(
      argv[0],
      'stopped at once: the same command goes on from the last checkpoint.',
      code=130,
    )
  except signals.PreemptedError:
    _fail(argv[0], 'preempted before anything was lost.', code=PREEMPTED)
  except Exception as error:
    if not cluster.joined():
      raise
    if not cluster.has_lost(error):
      traceback.print_exc()
      _fail(argv[0], 'failed here; the other processes end as well.', code=1)
    _fail(
      argv[0],
      f'another process of the run is gone: see what it says; here it was'
      f' {files.reason(error)!r}. The same commands go on from the last'
      ' checkpoint.',
      code=1,
    )


def _code(signal_number: int) -> int:
  if signal_number in signals.PREEMPTION:
    return PREEMPTED
  return 128 + signal_number


def _fail(
  script: str, error: object, code: int = 2, leave=cluster.leave
) -> None:
  signals.ignore()  # repeated ones would change the code
  print(f'{pathlib.Path(script).stem}: {error}', file=sys.stderr)
  leave(code)
