"""The fonts that pages are set in, and the characters that they can show.

All come from wheels: Noto Sans with every installation, Noto Sans Arabic beside it, Noto Sans CJK
by the extra `reports-cjk`. A font that is not installed costs its scripts, never a report.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import typst
from fontpkg import FontpkgError  # type: ignore[import-untyped] # ships no types
from fontpkg import path as font_path

from pipeline.errors import ConfigError
from reports.font_characters import code_points
from reports.words import Script, Words

FAMILY = "noto-sans"  # fontpkg's name
FAMILIES = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans CJK TC",
)  # in the order in which they are tried
_STYLES = ("normal", "italic")
_CJK_PACKAGE = "cvttf_NotoSansCJK_Regular"
_WHEELS = {
    Script.ARABIC: "fontpkg-noto-sans-arabic",
    Script.CJK: "cvttf-notosanscjk-regular (the extra reports-cjk)",
}


def check_fonts(words: Words) -> None:
    """Make sure that a language's script can be set.

    Raises:
        ConfigError: its font is not installed (`font_missing`).
    """
    if words.script is not Script.LATIN and _extra_font(words.script) is None:
        raise ConfigError(
            f"Reports in “{words.language}” need a font that is not installed: install "
            f"{_WHEELS[words.script]}, or choose another language.",
            "font_missing",
        )


@cache
def page_fonts() -> typst.Fonts:
    """Return the fonts of the wheels, and the monospaced one that Typst carries; none of a system.

    Loaded once a process: reading them takes longer than setting a page.
    """
    folders = {str(font_path(FAMILY, style=style).parent) for style in _STYLES}
    folders |= {str(font.parent) for font in map(_extra_font, _WHEELS) if font is not None}
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=sorted(folders)
    )


@cache
def page_glyphs() -> tuple[frozenset[int], ...]:
    """Return the code points of each font that is installed, in the order of `FAMILIES`."""
    upright, slanted = (code_points(Path(font_path(FAMILY, style=style))) for style in _STYLES)
    more = (font for font in map(_extra_font, _WHEELS) if font is not None)
    return (upright & slanted, *map(code_points, more))


def _extra_font(script: Script) -> Path | None:
    """Return the file of a script's font; None where its wheel is not installed."""
    if script is Script.ARABIC:
        try:
            return Path(font_path("noto-sans-arabic"))
        except FontpkgError:
            return None
    found = find_spec(_CJK_PACKAGE)  # its own function would import it for a file name
    if found is None or not found.submodule_search_locations:
        return None
    return next(Path(found.submodule_search_locations[0]).glob("*.otf"), None)
