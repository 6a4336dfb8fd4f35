"""Nets: the neural vocoders and codecs of this project, one a file, and their training."""
