"""Faults at random moments of one small training: the same bits in the end.

python -m benchmarks.faults --events=30 --seed=0

The run is killed, told to save, robbed of its disk's room and of its newest
checkpoint; after each the same command is started again. Fails if the end is
not that of a run that nothing happened to, or if the run hangs, shows a
traceback or ends with a code that the fault does not explain. Only root can
mount the small disk that is filled; without it there are no full disks.
"""

import collections
from collections.abc import Iterator
import contextlib
import itertools
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from absl import app, flags, logging
from rich import console, progress, table

from benchmarks import same, victim

FLAGS = flags.FLAGS
flags.DEFINE_integer('events', 30, 'Faults.', lower_bound=1)
flags.DEFINE_integer('seed', 0, 'Of their kinds, order and moments.')
flags.DEFINE_integer('steps', 800, 'Of the run.', lower_bound=100)

EVERY = 20  # steps between checkpoints
MEGABYTES = 64  # of the disk
# Codes that each fault explains. Until Python runs, SIGTERM just ends it.
CODES = {
  'kill -9': (-signal.SIGKILL,),
  'kill -9 while saving': (-signal.SIGKILL,),
  'SIGTERM': (75, -signal.SIGTERM),
  'SIGTERM while saving': (75,),
  'full disk': (2,),
  'full disk while saving': (2,),
  'truncated checkpoint': (-signal.SIGKILL,),
  'flipped bit': (-signal.SIGKILL,),
}


class Event(NamedTuple):
  """What happened; `kind` is None for a start that nothing hit."""

  kind: str | None
  code: int
  said: str


class Pace(NamedTuple):
  """Seconds of the undisturbed run."""

  start: float  # until its first checkpoint
  interval: float  # between two


def measure(run: victim.Victim) -> Pace:
  """Runs to the end."""
  begin = time.monotonic()
  run.start()
  run.wait(lambda: run.newest() > 0)
  first = time.monotonic()
  if code := run.end():
    sys.exit(f'the undisturbed run ended with {code}:\n{run.said()}')
  saves = FLAGS.steps / EVERY
  return Pace(first - begin, (time.monotonic() - first) / saves)


def disturb(
  run: victim.Victim, kind: str, floor: int, pace: Pace, rng: random.Random
) -> int:
  """Starts the run and hits it; past the checkpoint `floor` if it can wait.

  Returns:
    Its exit code.
  """
  before, disk = run.newest(), run.folder.parent
  size = run.size()
  run.start()
  damage = kind in ('truncated checkpoint', 'flipped bit')
  if damage:  # it needs another to go back to
    run.wait(lambda: run.newest() > before and len(run.steps()) > 1)
  elif kind.endswith('saving') or before < floor:
    run.wait(lambda: run.newest() > max(before, floor - EVERY))
  else:  # while it starts
    hit = time.monotonic() + rng.uniform(0, pace.start)
    run.wait(lambda: time.monotonic() > hit or run.newest() > before)
  if kind.endswith('saving'):
    run.wait(run.saving)
  else:
    time.sleep(rng.uniform(0, pace.interval))
  if kind.startswith('SIGTERM'):
    run.send(signal.SIGTERM)
  elif kind.startswith('full disk'):
    left = rng.choice([0, rng.randrange(size + 1)])
    code = run.end(meanwhile=lambda: victim.fill(disk, left))
    victim.free(disk)
    return code
  else:
    run.send(signal.SIGKILL)
  code = run.end()
  if damage and code:  # nobody reads what a finished run goes on from
    harm = victim.flip if kind == 'flipped bit' else victim.truncate
    paths = run.files(run.newest())
    sizes = [path.stat().st_size for path in paths]
    harm(rng.choices(paths, sizes)[0], rng)
  return code


def events(run: victim.Victim, kinds, pace: Pace, rng) -> Iterator[Event]:
  """All faults, then undisturbed until the end."""
  for number, kind in enumerate(kinds, 1):
    floor = number * FLAGS.steps // (len(kinds) + 3)  # room for the last
    code = disturb(run, kind, floor, pace, rng)
    yield Event(kind, code, run.said())
  run.start()
  yield Event(None, run.end(), run.said())


def wrong(event: Event) -> str | None:
  """What is wrong with an event."""
  if 'Traceback' in event.said:
    return 'shows a traceback'
  # 0: the fault came too late.
  if event.code not in (0, *CODES.get(event.kind, ())):
    return f'ends with {event.code}'
  return None


def summary(happened: list[Event]) -> table.Table:
  """Kinds, exit codes and how often the next start noticed the damage."""
  rows = table.Table('fault', 'times', 'exit codes', 'noticed')
  for kind in CODES:
    codes = collections.Counter(e.code for e in happened if e.kind == kind)
    nexts = [
      after.said
      for event, after in itertools.pairwise(happened)
      if event.kind == kind
    ]
    rows.add_row(
      kind,
      str(codes.total()),
      ', '.join(f'{code} ({n})' for code, n in sorted(codes.items())),
      str(sum('is damaged' in said for said in nexts)),
    )
  return rows


def sentences(happened: list[Event]) -> collections.Counter:
  """What the runs said, each without its numbers and paths."""
  said = '\n'.join(event.said for event in happened)
  found = re.findall(r'^dann: .*|checkpoint \d+ is damaged.*?(?=:)', said, re.M)
  return collections.Counter(map(victim.mask, found))


@contextlib.contextmanager
def small_disk(folder: pathlib.Path) -> Iterator[str | None]:
  """Mounts one; yields why it cannot."""
  folder.mkdir()
  size = f'size={MEGABYTES}m'
  mount = subprocess.run(
    ['mount', '-t', 'tmpfs', '-o', size, 'tmpfs', folder],
    capture_output=True,
    text=True,
    check=False,
  )
  try:
    yield mount.stderr.strip() if mount.returncode else None
  finally:
    if not mount.returncode:
      subprocess.run(['umount', folder], check=True)


def main(argv) -> int:
  del argv
  logging.set_verbosity(logging.WARNING)  # Orbax tells much
  rng, out = random.Random(FLAGS.seed), console.Console()
  with contextlib.ExitStack() as stack:
    folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
    reason = stack.enter_context(small_disk(folder / 'disk'))
    kinds = [kind for kind in CODES if not (reason and 'disk' in kind)]
    drawn = [kinds[n % len(kinds)] for n in range(FLAGS.events)]
    rng.shuffle(drawn)
    environment = {
      'JAX_PLATFORMS': 'cpu',
      **os.environ,
      'JAX_COMPILATION_CACHE_DIR': str(folder / 'compiled'),
      'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
      'JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES': '-1',
      'TF_CPP_MIN_LOG_LEVEL': '3',  # XLA's complaints about that cache
    }
    own = (f'--steps={FLAGS.steps}', f'--checkpoint_every={EVERY}')
    # What they print must not go to the disk that is filled.
    whole, hit = (
      victim.Victim(path, folder / f'{path.name}.log', own, environment)
      for path in (folder / 'whole', folder / 'disk' / 'hit')
    )
    for run in (whole, hit):
      stack.callback(run.kill)
    happened, complaints = [], []
    bar = progress.track(
      events(hit, drawn, measure(whole), rng),
      total=len(drawn) + 1,
      console=out,
      description='faults',
    )
    try:
      for event in bar:
        happened.append(event)
        if found := wrong(event):
          complaints.append(f'{event.kind} {found}:\n{event.said}')
    except victim.HungError as error:
      complaints.append(f'hangs, {error}:\n{hit.said()}')
    out.print(summary(happened))
    for sentence, times in sentences(happened).most_common():
      out.print(f'{times} x {sentence}', highlight=False, markup=False)
    if reason:
      out.print(f'no full disks, as none can be mounted: {reason}')
    if not complaints:
      complaints += same.differing(whole.folder, hit.folder)
    out.print('\n'.join(complaints) or 'equal', markup=False)
  return 1 if complaints else 0


if __name__ == '__main__':
  app.run(main)
