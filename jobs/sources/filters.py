"""What of a source is wanted: by name, size and date.

A pattern is a shell's (`*`, `?`, `[abc]`); `*` crosses folders. A pattern without a slash is held
against the last part of the name, one with a slash against all of it below the source.
"""

import fnmatch
import functools
import re
from dataclasses import dataclass
from datetime import datetime

from jobs.source_options import SourceOptions


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a medium before it is fetched; what is not known passes."""

    name: str  # path below the source, or title
    size_bytes: int | None = None
    changed_at: datetime | None = None


def is_wanted(candidate: Candidate, options: SourceOptions) -> bool:
    """Tell whether the options let a medium through."""
    size, changed_at = candidate.size_bytes, candidate.changed_at
    if size is not None:
        # an empty file is named as such whatever the limits say: it is a mistake, not a small file
        if size and options.min_bytes is not None and size < options.min_bytes:
            return False
        if options.max_bytes is not None and size > options.max_bytes:
            return False
    if changed_at is not None:
        if options.changed_after and changed_at < options.changed_after:
            return False
        if options.changed_before and changed_at >= options.changed_before:
            return False
    if options.include and not _matches_any(candidate.name, options.include):
        return False
    return not _matches_any(candidate.name, options.exclude)


def _matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    last = name.rsplit("/", 1)[-1]
    return any(_regex(it).match(name if "/" in it else last) for it in patterns)


@functools.lru_cache(maxsize=512)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))  # whole names, newlines included
