"""Which depths of a backbone train where some are frozen."""


def trained(frozen: int, count: int) -> list[bool]:
  """Whether each depth trains, from the input up.

  Args:
    frozen: how many do not: leading ones, or trailing ones if it is negative.
    count: of depths.

  Returns:
    A flag for each depth.
  """
  return [frozen <= depth < count + min(frozen, 0) for depth in range(count)]
