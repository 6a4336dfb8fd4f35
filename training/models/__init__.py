"""Models: one file each, complete."""
