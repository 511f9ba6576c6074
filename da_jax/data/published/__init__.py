"""Published datasets, one module each, and their TFDS builders."""
