"""Models, one file each: the net whole, as training sees it."""
