"""Our reading of a font's table of characters gives what fontTools gives."""

from pathlib import Path

import pytest
from fontpkg import path as font_path  # type: ignore[import-untyped] # ships no types
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # ships no types

from reports.font_characters import code_points


@pytest.mark.parametrize("family", ["noto-sans", "noto-sans-arabic"])
def test_the_characters_of_a_font_are_those_that_fonttools_finds(family: str) -> None:
    path = Path(font_path(family))
    with TTFont(path) as font:
        assert code_points(path) == frozenset(font.getBestCmap())


def test_the_characters_of_a_large_font_are_those_that_fonttools_finds() -> None:
    package = pytest.importorskip("cvttf_NotoSansCJK_Regular", reason="the extra reports-cjk")
    path = next(Path(package.__file__).parent.glob("*.otf"))
    with TTFont(path) as font:
        assert code_points(path) == frozenset(font.getBestCmap())


def test_the_older_form_of_the_table_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "old.ttf"
    with TTFont(Path(font_path("noto-sans"))) as font:
        tables = font["cmap"].tables
        font["cmap"].tables = [table for table in tables if table.format == 4]
        expected = frozenset(font.getBestCmap())
        font.save(path)
    assert code_points(path) == expected
