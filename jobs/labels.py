"""The labels that a list gives its entries: read once, the same everywhere."""

import re

MAX_LABELS = 20
MAX_LABEL_CHARS = 60
_BETWEEN = re.compile(r"[;\n]")  # as `sources.list_formats` joins them


def split_labels(text: str) -> tuple[str, ...]:
    """Return the labels of a cell such as `court; priority witness`: in order, each once."""
    labels = (" ".join(part.split())[:MAX_LABEL_CHARS] for part in _BETWEEN.split(text))
    return tuple(dict.fromkeys(label for label in labels if label))[:MAX_LABELS]
