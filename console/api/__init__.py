"""The HTTP API and, on top of it, the pages."""
