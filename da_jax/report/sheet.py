"""A contact sheet: images with the class that a model gives them, one page."""

import pathlib

from da_jax import files
from da_jax.predictions import Predictions
from da_jax.report.page import template
from da_jax.report.samples import thumbnail


def write(path: pathlib.Path, title: str, predictions: Predictions) -> None:
  """Writes the page, with no other file needed.

  Args:
    path: of the page; what is there is replaced.
    title: heading of the page.
    predictions: of image files.
  """
  total = len(predictions.names)
  good = (row for row in range(total) if row not in predictions.broken)
  shown = [
    (thumbnail(picture), predictions.names[row], *predictions.best(row))
    for picture, row in zip(predictions.pictures, good, strict=False)
  ]
  broken = [
    (predictions.names[i], why) for i, why in predictions.broken.items()
  ]
  html = template('sheet.html.jinja').render(
    title=title, shown=shown, broken=broken, total=total
  )
  files.write_atomically(path, html)
