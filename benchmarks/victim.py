"""A small training that is started again and again, and what hits it."""

from collections.abc import Callable
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

from da_jax import checkpoint

ROOT = pathlib.Path(__file__).parents[1]
PATIENCE = 120  # seconds without a new checkpoint that count as hanging
POLL = 0.003
COMMAND = (
  *(sys.executable, '-m', 'experiments.dann', '--dataset=digits'),
  *('--backbone=mlp', '--bottleneck=32', '--critic=32', '--critic=32'),
  *('--batch_size=32', '--noreport', '--baseline=none', '--eval_every=100'),
)


class HungError(Exception):
  """The run goes on and gets nowhere."""


class Victim:
  """The run in a folder; one process of it at a time."""

  def __init__(self, folder: pathlib.Path, log: pathlib.Path, flags, env):
    self.folder = folder
    self._command = (*COMMAND, *flags, f'--workdir={folder}')
    self._environment, self._log = env, log
    self._process = None

  def start(self) -> None:
    """The same command each time."""
    with self._log.open('w') as log:
      self._process = subprocess.Popen(
        self._command,
        cwd=ROOT,
        env=self._environment,
        stdout=log,
        stderr=subprocess.STDOUT,
      )

  def end(self, meanwhile: Callable[[], object] = lambda: None) -> int:
    """Waits for the exit code; calls `meanwhile` until then."""
    self.wait(lambda: meanwhile() and False)
    return self._process.returncode

  def send(self, number: signal.Signals) -> None:
    self._process.send_signal(number)

  def wait(self, until: Callable[[], bool]) -> None:
    """Waits for something or the end of the process.

    Raises:
      HungError: neither comes, and no checkpoint.
    """
    newest, since = self.newest(), time.monotonic()
    while self._process.poll() is None and not until():
      if newest != (newest := self.newest()):
        since = time.monotonic()
      if time.monotonic() - since > PATIENCE:
        raise HungError(f'no checkpoint after {newest} in {PATIENCE} s')
      time.sleep(POLL)

  def kill(self) -> None:
    """Ends the process, if there is one."""
    if self._process:
      self._process.kill()
      self._process.wait()

  def said(self) -> str:
    """All that the last process printed."""
    return self._log.read_text(errors='replace')

  def steps(self) -> list[int]:
    """Of the finished checkpoints."""
    return sorted(
      int(path.name) for path in self._checkpoints() if _finished(path)
    )

  def newest(self) -> int:
    return max(self.steps(), default=0)

  def saving(self) -> bool:
    """Whether a checkpoint is being written."""
    return not all(map(_finished, self._checkpoints()))

  def _checkpoints(self) -> list[pathlib.Path]:
    return list((self.folder / checkpoint.FOLDER).glob('[0-9]*'))

  def files(self, step: int) -> list[pathlib.Path]:
    """Those of a checkpoint that are not empty."""
    paths = (self.folder / checkpoint.FOLDER / str(step)).rglob('*')
    return sorted(p for p in paths if p.is_file() and p.stat().st_size)

  def size(self) -> int:
    """Of the newest checkpoint, in bytes."""
    return sum(path.stat().st_size for path in self.files(self.newest()))


def _finished(path: pathlib.Path) -> bool:
  return path.name.isdigit() and (path / 'commit_success.txt').exists()


def truncate(path: pathlib.Path, rng: random.Random) -> None:
  """Cuts a file somewhere."""
  os.truncate(path, rng.randrange(path.stat().st_size))


def flip(path: pathlib.Path, rng: random.Random) -> None:
  """Turns one bit of a file."""
  content = bytearray(path.read_bytes())
  content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
  path.write_bytes(content)


def fill(disk: pathlib.Path, left: int) -> None:
  """Leaves so many bytes of a disk."""
  size = shutil.disk_usage(disk).free - left
  if size > 0:
    with contextlib.suppress(OSError), (disk / 'ballast').open('ab') as file:
      file.write(bytes(size))


def free(disk: pathlib.Path) -> None:
  """Gives back what `fill` took."""
  (disk / 'ballast').unlink(missing_ok=True)


def mask(text: str) -> str:
  """A sentence without its numbers and paths."""
  return re.sub(r'\d+(\.\d+)?', '#', re.sub(r'/\S*', '/...', text))
