"""Neural style transfer: a photograph painted as another picture is."""
