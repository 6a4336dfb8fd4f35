"""The licence of every font that reports embed is kept, with the copyright that the font names."""

from pathlib import Path

import pytest
from fontpkg import path as font_path  # type: ignore[import-untyped] # ships no types
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # ships no types

LICENCES = Path(__file__).parents[3] / "reports" / "licences"
COPYRIGHT, LICENCE = 0, 13  # of OpenType's name table


def names_of(path: Path) -> tuple[str, str]:
    with TTFont(path, lazy=True) as font:
        return tuple(font["name"].getDebugName(name) for name in (COPYRIGHT, LICENCE))


def check(path: Path, kept: str) -> None:
    text = (LICENCES / f"{kept}.licence.txt").read_text("utf-8")
    copyright_line, licence = names_of(path)
    assert copyright_line in text
    assert "SIL Open Font License" in licence
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "PERMISSION & CONDITIONS" in text


@pytest.mark.parametrize("family", ["noto-sans", "noto-sans-arabic"])
def test_a_font_s_licence_is_kept(family: str) -> None:
    check(Path(font_path(family)), family)


def test_the_licence_of_the_large_font_is_kept_though_its_wheel_has_none() -> None:
    package = pytest.importorskip("cvttf_NotoSansCJK_Regular", reason="the extra reports-cjk")
    check(next(Path(package.__file__).parent.glob("*.otf")), "noto-sans-cjk")
