"""The fonts that pages are set in, and the characters that they can show."""

from functools import cache

import typst
from fontpkg import path as font_path  # type: ignore[import-untyped] # ships no types
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # ships no types

FAMILY = "noto-sans"  # fontpkg's name
_STYLES = ("normal", "italic")


@cache
def page_fonts() -> typst.Fonts:
    """Return the fonts of the wheels, and the monospaced one that Typst carries; none of a system.

    Loaded once a process: reading them takes longer than setting a page.
    """
    folders = sorted({str(font_path(FAMILY, style=style).parent) for style in _STYLES})
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=folders)


@cache
def page_glyphs() -> frozenset[int]:
    """Return the code points that every style of the text font can show."""
    found: frozenset[int] | None = None
    for style in _STYLES:
        with TTFont(font_path(FAMILY, style=style), lazy=True) as font:
            glyphs = frozenset(font.getBestCmap())
        found = glyphs if found is None else found & glyphs
    return found or frozenset()
