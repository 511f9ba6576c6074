"""Wrong use ends in one sentence that names the culprit, and exit code 2."""

import numpy as np
import pytest
from safetensors import numpy as safetensors

from tests import scripts

# What is asked for, and what the answer must name. {} is a folder of `tree`.
CASES = {
  'unknown dataset': (['--dataset=mnits'], ['mnits', 'digits_five']),
  'unknown domain': (['--source=plian'], ['plian', 'plain, photo']),
  'unknown backbone': (['--backbone=resnet5'], ['resnet5', 'resnet50']),
  'unknown flag': (['--learning_rte=1'], ['learning_rte', 'learning_rate']),
  'unknown schedule': (['--schedule=x'], ['schedule=x', 'inverse']),
  'no number': (['--steps=many'], ['steps=many']),
  'same domains': (['--source=photo'], ['photo', 'same']),
  'argument without a flag': (['digits'], ['digits', '--name=value']),
  'missing data': (
    ['--dataset=office31', '--data_dir={}/nothing'],
    ['{}/nothing', 'amazon', 'https://'],
  ),
  'truncated image': (
    ['--dataset=folder', '--data_dir={}/truncated', '--source=a', '--target=b'],
    ['truncated/b/mug/0.png'],
  ),
  'other classes': (
    ['--dataset=folder', '--data_dir={}/classes', '--source=a', '--target=b'],
    ['cup', 'bowl'],
  ),
  'batch above the data': (['--batch_size=800'], ['800', '678', 'plain']),
  'batch and devices': (['--batch_size=33'], ['33', '4 devices']),
  'features of nothing': (
    ['--cache_features'],
    ['--cache_features', '--weights'],
  ),
  'missing weights': (['--weights={}/no.npz'], ['{}/no.npz']),
  'unfit weights': (
    ['--weights={}/other.safetensors'],
    ['other.safetensors', 'conv1.bias (20,) is missing'],
  ),
  'corrupt weights': (['--weights={}/corrupt.npz'], ['corrupt.npz']),
  'weights of no run': (['--weights={}/classes'], ['classes', 'run']),
  "somebody else's folder": (['--workdir={}/classes'], ['classes', 'run']),
  'unwritable workdir': (['--workdir=/proc/no/run'], ['/proc/no/run']),
  'unfinished baseline': (['--baseline={}/classes'], ['baseline', 'classes']),
}


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
  root = tmp_path_factory.mktemp('tree')
  same = {'cup': 3, 'mug': 3}
  for domain in ('a', 'b'):
    scripts.write_images(root / 'truncated', domain, same)
  broken = root / 'truncated' / 'b' / 'mug' / '0.png'
  broken.write_bytes(broken.read_bytes()[:700])
  scripts.write_images(root / 'classes', 'a', same)
  scripts.write_images(root / 'classes', 'b', {'bowl': 3, 'mug': 3})
  other = {'conv1.weight': np.zeros((2, 3, 5, 5), np.float32)}
  safetensors.save_file(other, root / 'other.safetensors')
  (root / 'corrupt.npz').write_bytes(b'PK\x03\x04 and then nothing')
  return root


@pytest.mark.parametrize('case', CASES)
def test_one_sentence_and_exit_code_two(case, answer, tree, tmp_path):
  asked, named = CASES[case]
  asked = [flag.format(tree) for flag in asked]
  if not any(flag.startswith('--workdir') for flag in asked):
    asked.append(f'--workdir={tmp_path}/run')
  code, said = answer('--steps=2', '--baseline=none', *asked)
  assert code == 2, said
  assert len(said.strip().splitlines()) == 1, said
  assert said.startswith('source_only: ')
  for name in named:
    assert name.format(tree) in said
  assert not (tmp_path / 'run' / 'results.json').exists()


def test_freezing_random_weights_is_refused(tmp_path):
  process = scripts.run(
    'finetune', '--freeze=stem', f'--workdir={tmp_path}/run'
  )
  assert process.returncode == 2
  assert '--freeze' in process.stderr and '--weights' in process.stderr


def test_divergence_names_the_step_and_exits_with_one(tmp_path):
  process = scripts.run(
    'source_only',
    '--steps=60',
    '--learning_rate=1e30',
    '--nobottleneck_norm',
    '--backbone=mlp',
    '--batch_size=8',
    '--baseline=none',
    f'--workdir={tmp_path}/run',
  )
  assert process.returncode == 1, process.stderr
  last = process.stderr.strip().splitlines()[-1]
  assert 'not finite at step' in last and 'Traceback' not in process.stderr
  assert not (tmp_path / 'run' / 'results.json').exists()
