"""The real data and torchvision, if they are there."""

import pytest

from tests.data.conftest import real_data

__all__ = ['real_data', 'torchvision']


@pytest.fixture(scope='session')
def torchvision():
  """torchvision, without the part that needs its own build of torch."""
  torch = pytest.importorskip('torch')
  with pytest.MonkeyPatch.context() as patch:
    unregistered = lambda *args, **kwargs: lambda function: function
    patch.setattr(torch.library, 'register_fake', unregistered)
    return pytest.importorskip('torchvision')
