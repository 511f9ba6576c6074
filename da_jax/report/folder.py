"""Reads what a run left in its folder."""

import csv
import io
import json
import pathlib
from typing import Any, NamedTuple
import zipfile
import zlib

import numpy as np

from da_jax import errors

Arrays = dict[str, np.ndarray]
Lines = list[dict[str, Any]]  # parsed lines of metrics.jsonl
_LAYERS = 'distances.csv'


class Run(NamedTuple):
  """A finished run and, where there is one, the source-only run before it."""

  config: dict[str, Any]
  results: dict[str, Any]
  metrics: Lines
  predictions: Arrays
  layers: list[dict[str, str]]  # of distances.csv, if it was measured
  before_metrics: Lines  # empty without a baseline folder
  before_predictions: Arrays
  before_results: dict[str, Any]
  before_layers: list[dict[str, str]]


class Course(NamedTuple):
  """A run that may go on still."""

  path: pathlib.Path
  config: dict[str, Any]
  results: dict[str, Any] | None  # of a finished run
  metrics: Lines


def course(run_dir: pathlib.Path) -> Course:
  """Reads what there is of a run.

  Raises:
    UserError: it is not the folder of a run, or a file cannot be read.
  """
  if not (run_dir / 'config.json').is_file():
    raise errors.UserError(
      f'{run_dir} is not the folder of a run: it has no config.json.'
    )
  results, metrics = run_dir / 'results.json', run_dir / 'metrics.jsonl'
  return Course(
    run_dir,
    _json(run_dir / 'config.json'),
    _json(results) if results.exists() else None,
    _lines(metrics) if metrics.exists() else [],
  )


def read(run_dir: pathlib.Path) -> Run:
  """Reads a run's folder.

  Args:
    run_dir: holds config.json, results.json, metrics.jsonl, predictions.npz.

  Returns:
    The run; of the baseline only what its folder really holds.

  Raises:
    UserError: a required file is missing or cannot be read.
  """
  results = _json(run_dir / 'results.json')
  baseline = (results.get('baseline') or {}).get('run')
  # An absolute path on the right of / replaces the left.
  before = run_dir / baseline if baseline else None

  def earlier(name, read, otherwise):
    found = before and before / name
    return read(found) if found and found.exists() else otherwise

  layers = run_dir / _LAYERS
  return Run(
    config=_json(run_dir / 'config.json'),
    results=results,
    metrics=_lines(run_dir / 'metrics.jsonl'),
    predictions=_arrays(run_dir / 'predictions.npz'),
    layers=_table(layers) if layers.exists() else [],
    before_metrics=earlier('metrics.jsonl', _lines, []),
    before_predictions=earlier('predictions.npz', _arrays, {}),
    before_results=earlier('results.json', _json, {}),
    before_layers=earlier(_LAYERS, _table, []),
  )


def _text(path: pathlib.Path) -> str:
  """The text of a required file."""
  try:
    return path.read_text(encoding='utf-8')
  except FileNotFoundError:
    raise _missing(path) from None


def _json(path: pathlib.Path) -> dict[str, Any]:
  """The object in a required JSON file."""
  try:
    return json.loads(_text(path))
  except json.JSONDecodeError as error:
    raise errors.UserError(f'{path} is not valid JSON: {error}.') from error


def _lines(path: pathlib.Path) -> Lines:
  """The objects in a file with one JSON object a line."""
  lines = []
  for line in _text(path).splitlines():
    try:
      entry = json.loads(line)
    except json.JSONDecodeError:
      # A killed run may leave half a line; the rest is still worth a plot.
      continue
    if isinstance(entry, dict) and 'step' in entry:
      lines.append(entry)
  return lines


def _table(path: pathlib.Path) -> list[dict[str, str]]:
  """The lines of a file of comma-separated values."""
  return list(csv.DictReader(io.StringIO(_text(path))))


def _arrays(path: pathlib.Path) -> Arrays:
  """The arrays of a required .npz file."""
  try:
    with np.load(path) as arrays:
      return dict(arrays)
  except FileNotFoundError:
    raise _missing(path) from None
  except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
    raise errors.UserError(f'{path} cannot be read: {error}.') from error


def _missing(path: pathlib.Path) -> errors.UserError:
  return errors.UserError(
    f'{path} is missing: a report needs the folder of a finished run.'
  )
