"""Sparse rows that become dense a batch at a time."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class SparseRows:
  """Rows of a sparse matrix, as `Examples.x`.

  Attributes:
    matrix: scipy.sparse.csr_array [n, d].
  """

  matrix: Any

  def __len__(self) -> int:
    return self.matrix.shape[0]

  def __getitem__(self, indices) -> np.ndarray:
    return self.matrix[indices].toarray()

  def tobytes(self) -> bytes:
    """All that there is in the matrix."""
    m = self.matrix
    return b''.join(part.tobytes() for part in (m.data, m.indices, m.indptr))

  def subset(self, indices: np.ndarray) -> 'SparseRows':
    """Some of the rows, in the order of the indices."""
    return SparseRows(self.matrix[indices])
