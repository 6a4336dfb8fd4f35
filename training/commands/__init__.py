"""Commands: the groups of `python -m training`, one file a room."""
