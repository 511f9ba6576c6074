"""How every command reads its flags and ends: a sentence and an exit code."""

from collections.abc import Callable, Iterable
import functools
import pathlib
import sys

from absl import app, flags, logging

from da_jax.errors import DivergedError, InterruptedRunError, UserError

FLAGS = flags.FLAGS


def run(
  main: Callable[..., int | None],
  shared: Iterable[str],
  *,
  arguments: bool = False,
) -> None:
  """Parses the flags, runs a command and exits.

  Wrong use exits with 2, divergence with 1, a signal with 128 + its number,
  each after one sentence; what `main` returns is the code otherwise.

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
    return main(argv[1:]) if arguments else main()
  except UserError as error:
    _fail(argv[0], error)
  except DivergedError as error:
    _fail(argv[0], error, code=1)
  except InterruptedRunError as stop:
    _fail(
      argv[0],
      f'{stop} and saved: the same command goes on.',
      code=128 + stop.signal_number,
    )
  except KeyboardInterrupt:
    _fail(argv[0], 'stopped before anything was lost.', code=130)


def _fail(script: str, error: object, code: int = 2) -> None:
  print(f'{pathlib.Path(script).stem}: {error}', file=sys.stderr)
  sys.exit(code)
