"""Tables of words as LaTeX, with the rules of booktabs."""

from collections.abc import Sequence

_ESCAPED = {
  '\\': r'\textbackslash{}',
  **{character: f'\\{character}' for character in '&%$#_{}'},
  '~': r'\textasciitilde{}',
  '^': r'\textasciicircum{}',
  '±': r'$\pm$',
  '→': r'$\to$',
  '\N{MINUS SIGN}': '$-$',
  '–': '--',
  '’': "'",
}


def escape(text: str) -> str:
  """Text that LaTeX prints as it is."""
  return ''.join(_ESCAPED.get(character, character) for character in text)


def table(
  lines: Sequence[Sequence[str]], caption: str, notes: Sequence[str] = ()
) -> str:
  """A floating table, for `\\usepackage{booktabs}`.

  Lines and columns change places where that is narrower, as pages are: a matrix
  of few methods and many tasks has a line a task.

  Args:
    lines: words, the header first.
    caption: what it shows.
    notes: below it, one a line.
  """
  lines = min(lines, list(zip(*lines, strict=True)), key=_width)
  header, *rest = [' & '.join(map(escape, line)) + r' \\' for line in lines]
  below = [r'\par\footnotesize ' + escape(note) for note in notes]
  return '\n'.join(
    [
      r'\begin{table}',
      r'\centering',
      rf'\caption{{{escape(caption)}}}',
      rf'\begin{{tabular}}{{l{"r" * (len(lines[0]) - 1)}}}',
      r'\toprule',
      header,
      r'\midrule',
      *rest,
      r'\bottomrule',
      r'\end{tabular}',
      *below,
      r'\end{table}',
      '',
    ]
  )


def _width(lines: Sequence[Sequence[str]]) -> int:
  """Letters, of columns as wide as their longest word."""
  return sum(max(map(len, column)) for column in zip(*lines, strict=True))
