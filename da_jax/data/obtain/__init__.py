"""Getting published files: finding, downloading and unpacking them."""
