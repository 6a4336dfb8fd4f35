"""How do we say it? One document model, then JSON, PDF and CSV."""
