"""The manual is complete: settings, and the commands that the README names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("jobs", "workers", "pipeline", "storage", "reports", "console", "training")
INTERNAL = {"VERITY_DEMO"}  # prefixes in prose, not settings
_KEY = re.compile(r"VERITY_[A-Z][A-Z_]*[A-Z]")


def keys_in_code() -> list[str]:
    texts = [p.read_text("utf-8") for name in PACKAGES for p in (ROOT / name).rglob("*.py")]
    return sorted({key for text in texts for key in _KEY.findall(text)} - INTERNAL)


@pytest.mark.parametrize("key", keys_in_code())
def test_every_setting_has_an_entry(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs" / "settings.md").read_text("utf-8")


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z]+)", (ROOT / "README.md").read_text("utf-8")))
    assert named - {"alone"} <= targets


def test_every_link_of_the_manual_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_ci_calls_the_readme_s_own_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
