"""What the pages say, by language: TOML files in `words/`, all languages with the same keys.

`en.toml` holds most of it; what belongs to one part of the pages has a file of its own, `en-admin.toml`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "words"
DEFAULT = "en"


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that there are words for."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if "-" not in path.stem))


@cache
def page_words(language: str) -> Mapping[str, str]:
    """Return a language's words by their keys, such as `jobs.title`."""
    paths = [FOLDER / f"{language}.toml", *sorted(FOLDER.glob(f"{language}-*.toml"))]
    return {
        f"{part}.{key}": said.strip()
        for path in paths
        for part, entries in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for key, said in entries.items()
    }


def language_of(wanted: str, accepted: str) -> str:
    """Return the language of a page.

    Args:
        wanted: what the person chose; "" or unknown: nothing.
        accepted: the browser's `Accept-Language`.
    """
    return next((one for one in [wanted, *_in_order(accepted)] if one in languages()), DEFAULT)


def _in_order(accepted: str) -> Sequence[str]:
    """Return the primary tags of an Accept-Language header (RFC 9110 §12.5.4), the best first."""
    weighed = []
    for part in accepted[:500].split(","):
        tag, _, weight = part.partition(";")
        quality = weight.strip().removeprefix("q=")
        is_number = quality.replace(".", "", 1).isdigit()
        weighed.append((-(float(quality) if is_number else 1.0), tag.strip().lower().split("-")[0]))
    return [tag for _, tag in sorted(weighed, key=lambda one: one[0])]
