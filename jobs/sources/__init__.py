"""Where media come from: one origin per file."""
