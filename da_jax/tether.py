"""Becomes a command that gets SIGTERM when the process that asked for it ends.

python tether.py PID COMMAND...

However that process ends: by `kill -9` as well, so that a run does not go on
unseen. Linux alone has this (`PR_SET_PDEATHSIG` of prctl(2)); elsewhere the
command just runs. A script of its own, as code between fork and exec is unsafe
in a process with threads, and JAX starts many.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
  """Replaces this process by the command.

  Args:
    parent: the process that asked for it.
    command: program and arguments.
  """
  if sys.platform == 'linux':
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # ended before the line above
      sys.exit(128 + signal.SIGTERM)
  os.execvp(command[0], command)


if __name__ == '__main__':
  main(int(sys.argv[1]), sys.argv[2:])
