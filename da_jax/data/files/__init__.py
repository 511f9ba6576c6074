"""Image files: reading, decoding once, keeping what was decoded."""
