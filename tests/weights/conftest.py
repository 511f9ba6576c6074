"""The real data and torchvision, if they are there."""

from tests.data.conftest import real_data
from tests.models.conftest import torchvision

__all__ = ['real_data', 'torchvision']
