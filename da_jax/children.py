"""Commands as processes that save and end when this one does."""

from collections.abc import Iterable, Mapping, Sequence
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import IO, NamedTuple

from da_jax import tether


class Child(NamedTuple):
  """A process, and what it says to stderr."""

  process: subprocess.Popen
  said: IO[bytes]


def start(command: Sequence[str], env: Mapping[str, str]) -> Child:
  """Starts a command; it ends with the thread that called this.

  In a process group of its own, as Ctrl-C in a terminal goes to all of a group:
  a run that gets it twice does not save.

  Args:
    command: program and arguments.
    env: the whole environment.
  """
  said = tempfile.TemporaryFile()  # noqa: SIM115, the child's owner closes it
  launcher = (sys.executable, '-I', '-S', str(pathlib.Path(tether.__file__)))
  process = subprocess.Popen(
    (*launcher, str(os.getpid()), *command),
    env=env,
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    stderr=said,
    process_group=0,
  )
  return Child(process, said)


def failure(child: Child) -> str:
  """Exit code and the last thing that a child said that has ended."""
  child.said.seek(0)
  text = child.said.read().decode(errors='replace').strip()
  last = (text.splitlines() or ['nothing was said'])[-1]
  return f'exit code {child.process.returncode}, {last}'


def end(children: Iterable[Child], number: int) -> None:
  """Sends a signal to all and waits for their ends."""
  children = list(children)
  for child in children:
    child.process.send_signal(number)
  for child in children:
    child.process.wait()
