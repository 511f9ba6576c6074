"""A sweep whose runs are small programs that write what real ones write."""

import json
import pathlib
import sys

import optuna

from da_jax.tuning import ranges, study

RANGES = {
  'rate': optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
  'width': optuna.distributions.CategoricalDistribution(['8', '16']),
}
# By infomax 0.01 is best, on the target 0.1; SND is wrong throughout.
RUN = """
import json, math, pathlib, signal, sys, time
run, rate, width, pause, shift = pathlib.Path(sys.argv[1]), *sys.argv[2:]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
run.mkdir(exist_ok=True)
with (run / 'starts').open('a') as file:
  file.write('start\\n')
if (run / 'obstacle').exists():
  print('no such data', file=sys.stderr)
  sys.exit(int((run / 'obstacle').read_text()))
(run / 'config.json').write_text('{"flags": {"steps": 3}}')
place = math.log10(float(rate))
score = -(place + 2) ** 2
right = (1 - (place + 1) ** 2 / 9) * float(shift)
(run / 'metrics.jsonl').write_text('')
for step in (1, 2, 3):
  line = {'step': step, 'target_accuracy': right * step / 3}
  with (run / 'metrics.jsonl').open('a') as file:
    file.write(json.dumps(line | {'validators/infomax': score}) + '\\n')
  time.sleep(float(pause))
choice = {'score': score, 'target_accuracy': right}
wrong = {'score': -right, 'target_accuracy': right}
(run / 'results.json').write_text(json.dumps({
  'seconds': 1.0,
  'target_accuracy': {'last': right, 'selected': right, 'oracle': right},
  'validators': {'infomax': choice, 'snd': wrong},
}))
"""


def facts(**changes) -> dict:
  return {
    'script': 'fake',
    'ranges': ranges.to_json(RANGES),
    'sampler': 'random',
    'seed': 0,
    'trials': 4,
    'prune': False,
    'select': 'infomax',
    'steps': 3,
    'flags': ['--steps=3'],
  } | changes


def opened(folder: pathlib.Path, **changes) -> study.Sweep:
  return study.open_sweep(folder, facts(**changes))


def command(pause: float = 0.0, shift: float = 1.0):
  """Makes the command of a trial; `shift` changes accuracies alone."""

  def make(work):
    words = (str(work.run), work.values['rate'], work.values['width'])
    return (sys.executable, '-c', RUN, *words, str(pause), str(shift))

  return make


def starts(sweep: study.Sweep, number: int) -> int:
  path = study.run_of(sweep, number) / 'starts'
  return len(path.read_text().splitlines()) if path.exists() else 0


def hinder(sweep: study.Sweep, number: int, code: int) -> pathlib.Path:
  """Makes the run of a trial end with a code."""
  run = study.run_of(sweep, number)
  run.mkdir(parents=True)
  (run / 'obstacle').write_text(json.dumps(code))
  return run / 'obstacle'
