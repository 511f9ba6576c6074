"""What a run leaves for people: one self-contained page, one table."""

from da_jax.report.page import write
from da_jax.report.terminal import print_results

__all__ = ['print_results', 'write']
