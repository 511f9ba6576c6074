"""Random changes of one image: jitted, seeded, on the device.

Every factory returns `(key, image) -> image`, float32 [h, w, c], 0 to 255,
c = 1 or 3, written to be mapped over a batch of keys and images by `jax.vmap`.
What is drawn depends on the key alone.
"""

from da_jax.data.augment.augmentation import Augmentation as Augmentation
from da_jax.data.augment.augmentation import changes as changes
from da_jax.data.augment.blur import blur as blur
from da_jax.data.augment.colour import grey as grey
from da_jax.data.augment.colour import jitter as jitter
from da_jax.data.augment.cutout import cutout as cutout
from da_jax.data.augment.place import mirror as mirror
from da_jax.data.augment.place import shift as shift
from da_jax.data.augment.randaugment import randaugment as randaugment
