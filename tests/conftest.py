"""Four fake CPU devices, one compilation of each program, caches of our own.

Set before JAX looks for devices.
"""

import atexit
import os
import shutil
import tempfile

_COUNT = '--xla_force_host_platform_device_count=4'
os.environ['XLA_FLAGS'] = f'{os.environ.get("XLA_FLAGS", "")} {_COUNT}'.strip()
os.environ.setdefault('JAX_PLATFORMS', 'cpu')

_CACHE = tempfile.mkdtemp(prefix='da_jax_compiled_')
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)
os.environ['JAX_COMPILATION_CACHE_DIR'] = _CACHE
os.environ['JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS'] = '0'
os.environ['JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES'] = '-1'
os.environ['DA_JAX_CACHE'] = tempfile.mkdtemp(prefix='da_jax_cache_')
atexit.register(shutil.rmtree, os.environ['DA_JAX_CACHE'], ignore_errors=True)
