"""Four fake CPU devices for every test; set before JAX looks for devices."""

import os

_COUNT = '--xla_force_host_platform_device_count=4'
os.environ['XLA_FLAGS'] = f'{os.environ.get("XLA_FLAGS", "")} {_COUNT}'.strip()
os.environ.setdefault('JAX_PLATFORMS', 'cpu')
