"""One self-contained HTML page a run, made from the run's folder alone."""

from importlib import resources
import json
import pathlib
import shlex
from typing import Any

import jinja2

from da_jax import files
from da_jax.report import (
  changes,
  confusion,
  curves,
  embedding,
  figures,
  folder,
  samples,
  scores,
  summary,
  validators,
)

FILE = 'report.html'


def write(run_dir: pathlib.Path) -> pathlib.Path:
  """Writes `report.html` into a run's folder.

  Args:
    run_dir: the folder of a finished run.

  Returns:
    The path of the page.

  Raises:
    UserError: a file that the page is made from is missing.
  """
  run_dir = pathlib.Path(run_dir)
  html = template('page.html.jinja').render(_content(folder.read(run_dir)))
  path = run_dir / FILE
  files.write_atomically(path, html)
  return path


def template(name: str) -> jinja2.Template:
  """A page of this package, which escapes all that it is given."""
  environment = jinja2.Environment(
    loader=jinja2.FunctionLoader(_source),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
  )
  environment.filters['percent'] = summary.percent
  environment.filters['signed'] = summary.signed
  return environment.get_template(name)


def _source(name: str) -> str:
  return (resources.files('da_jax.report') / name).read_text(encoding='utf-8')


def _content(run: folder.Run) -> dict[str, Any]:
  """All that the template shows."""
  results = run.results
  return {
    'results': results,
    'name': summary.display_name(results['method']),
    'before_name': summary.display_name(
      (results.get('baseline') or {}).get('method', '')
    ),
    'headline': summary.headline(results),
    'by_labels': summary.verdict(results),
    'rows': summary.rows(results),
    'oracle_note': summary.ORACLE_NOTE,
    'evaluation': curves.evaluation(run),
    'groups': curves.groups(run),
    'choices': validators.choices(results),
    'choices_title': validators.TITLE,
    'choices_note': validators.NOTE,
    'by_validator': validators.verdict(results),
    'choice_curves': validators.curves(run),
    'scores': scores.table(run),
    'a_distance': scores.a_distance(results),
    'layers': scores.layers(run),
    'distances': list(scores.DISTANCES.values()),
    **_confusion(run),
    **_embedding(run),
    'changes': changes.shown(run),
    'samples': samples.samples(run.predictions, results['class_names']),
    'domain_colours': (embedding.SOURCE_COLOUR, embedding.TARGET_COLOUR),
    'has_before_curves': bool(run.before_metrics),
    **_configuration(run.config),
  }


def _titles(run: folder.Run) -> tuple[str, str]:
  """What plots call the model before and after adaptation."""
  after = summary.display_name(run.results['method'])
  baseline = run.results.get('baseline')
  if not baseline:
    return '', after
  before = summary.display_name(baseline['method'])
  return f'before ({before})', f'after ({after})'


def _confusion(run: folder.Run) -> dict[str, Any]:
  """Matrices, errors and accuracies by class, from all held-out examples."""
  names = run.results['class_names']
  after = run.predictions.get('confusion')
  before = run.before_predictions.get('confusion')
  if after is None:
    return {'matrices': [], 'mistakes': [], 'classes': [], 'examples': None}
  parts = zip((before, after), _titles(run), strict=True)
  return {
    'matrices': [
      confusion.matrix(counts, names, title)
      for counts, title in parts
      if counts is not None
    ],
    'source_matrices': _source_matrices(run),
    'is_wide': confusion.is_wide(after),
    'mistakes': confusion.frequent_mistakes(after, names),
    'classes': confusion.per_class(after, before, names),
    'compared': before is not None,
    'examples': int(after.sum()),
  }


def _source_matrices(run: folder.Run) -> list[figures.Picture]:
  """Of held-out source; none of older runs, which have not kept it."""
  place = f'held-out {figures.shorten(run.results["source"])}'
  both = (run.before_predictions, run.predictions)
  found = [arrays.get('source_confusion') for arrays in both]
  return [
    confusion.matrix(counts, run.results['class_names'], f'{place}, {title}')
    for counts, title in zip(found, _titles(run), strict=True)
    if counts is not None and counts.any()
  ]


def _embedding(run: folder.Run) -> dict[str, Any]:
  """Both domains in the plane, before and after."""
  names = run.results['class_names']
  if 'target_labels' not in run.predictions:
    return {'maps': [], 'legend': []}
  legend = embedding.keys(run.predictions, names)
  both = (run.before_predictions, run.predictions)
  models = [
    embedding.panels(predictions, legend, title)
    for predictions, title in zip(both, _titles(run), strict=True)
  ]
  # By way of embedding, before beside after.
  maps = list(zip(*filter(None, models), strict=True))
  return {'maps': maps, 'legend': legend, 'limit': embedding.LIMIT}


def _configuration(config: dict[str, Any]) -> dict[str, Any]:
  """How the run was started, as tables of strings."""
  command = config.get('command')
  if isinstance(command, list):
    command = shlex.join(command)
  if command and command.startswith('-'):  # the interpreter's own name varies
    command = f'python {command}'
  tables = {
    'Flags': config.get('flags') or {},
    'Versions': config.get('versions') or {},
    'Run': {
      name: value
      for name, value in config.items()
      if name not in ('flags', 'versions', 'command')
    },
  }
  return {
    'command': command,
    'git_revision': config.get('git_revision'),
    'tables': {
      title: {name: shown(value) for name, value in table.items()}
      for title, table in tables.items()
      if table
    },
  }


def shown(value: Any) -> str:
  """A value of the configuration as a reader would type it."""
  return value if isinstance(value, str) else json.dumps(value, default=str)
