"""Files of torch.save, and a watch on what reading them does."""

import sys

import pytest

ZIP = pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])
SEEN = []  # what an unpickler or a shell was asked for
WATCHED = ('pickle.find_class', 'os.system', 'subprocess.Popen')
sys.addaudithook(
  lambda event, args: SEEN.append(args) if event in WATCHED else None
)


def save(content, path, zipped=True, protocol=2):
  import torch

  torch.save(
    content,
    path,
    _use_new_zipfile_serialization=zipped,
    pickle_protocol=protocol,
  )
  return path


class Runs:
  """Unpickles as a call."""

  def __init__(self, function, *arguments):
    self.call = function, arguments

  def __reduce__(self):
    return self.call
