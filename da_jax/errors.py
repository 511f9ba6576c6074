"""How a run can end other than finished."""


class UserError(ValueError):
  """Wrong use: one sentence that names what is wrong and what to do.

  Scripts print it without a traceback and exit with code 2.
  """


class UnmetError(Exception):
  """Other processes of a run did not come in time; nothing was done yet."""


class DivergedError(ArithmeticError):
  """A loss or gradient is no longer finite; the last checkpoint is good."""


class InterruptedRunError(Exception):
  """A signal stopped the run, which is saved and can go on."""

  def __init__(self, signal_number: int, step: int):
    super().__init__(f'stopped at step {step}')
    self.signal_number = signal_number
    self.step = step


class InterruptedRunsError(InterruptedRunError):
  """A signal stopped many runs, which are saved and can go on."""

  def __init__(self, signal_number: int, done: int, total: int):
    Exception.__init__(self, f'stopped after {done} of {total} runs')
    self.signal_number = signal_number
