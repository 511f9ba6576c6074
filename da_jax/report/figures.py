"""How every plot of the page looks and how it gets into the page.

matplotlib is imported on first use: training does not need it.
"""

import base64
from contextlib import AbstractContextManager
import io
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# Okabe-Ito without its yellow, which white paper swallows, and three more of
# other lightness: told apart under the common colour blindnesses.
COLOURS = (
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#d55e00',
  '#56b4e9',
  '#cc79a7',
  '#000000',
  '#8a7a00',
  '#7a3fa0',
  '#7f3b2b',
)
GREY = '#c8c8c8'
_RC = {
  'axes.edgecolor': '#666666',
  'axes.grid': False,
  'axes.spines.right': False,
  'axes.spines.top': False,
  'axes.titlesize': 'medium',
  'figure.facecolor': 'white',
  'font.family': 'DejaVu Sans',  # comes with matplotlib
  'font.size': 10,
  'grid.color': '#dddddd',
  'legend.frameon': False,
  'svg.fonttype': 'path',
  'svg.hashsalt': 'da_jax',  # the same run gives the same bytes
  'text.usetex': False,
}


class Picture(NamedTuple):
  """An image that needs no other file."""

  src: str  # data URI
  alt: str  # what it shows, for those who cannot see it
  width: int  # natural width in CSS pixels


def style() -> AbstractContextManager:
  """The settings under which figures are drawn and embedded."""
  import matplotlib

  return matplotlib.rc_context(_RC)


def new(width: float, height: float) -> 'Figure':
  """An empty figure, free of pyplot's global state.

  Args:
    width: inches.
    height: inches.

  Returns:
    The figure; its parts make room for one another.
  """
  from matplotlib.figure import Figure

  return Figure(figsize=(width, height), layout='constrained')


def svg(figure: 'Figure', alt: str) -> Picture:
  """Embeds a figure as SVG: sharp at every zoom."""
  stream = io.BytesIO()
  figure.savefig(stream, format='svg', dpi=192, metadata={'Date': None})
  return _picture(figure, alt, 'image/svg+xml', stream)


def png(figure: 'Figure', alt: str) -> Picture:
  """Embeds a figure as PNG: small however many points it has."""
  from PIL import Image

  drawn = io.BytesIO()
  figure.savefig(drawn, format='png', dpi=160)
  stream = io.BytesIO()
  # 256 colours are enough for flat plots and take a third of the bytes.
  Image.open(drawn).convert('RGB').quantize(256).save(
    stream, format='PNG', optimize=True
  )
  return _picture(figure, alt, 'image/png', stream)


def data_uri(kind: str, content: bytes) -> str:
  """Bytes of a media type as an address that holds them."""
  return f'data:{kind};base64,{base64.b64encode(content).decode("ascii")}'


def shorten(name: str, length: int = 18) -> str:
  """A class name that fits beside an axis."""
  return name if len(name) <= length else name[: length - 1] + '…'


def _picture(
  figure: 'Figure', alt: str, kind: str, stream: io.BytesIO
) -> Picture:
  width = round(96 * figure.get_figwidth())  # a CSS inch has 96 pixels
  return Picture(data_uri(kind, stream.getvalue()), alt, width)
