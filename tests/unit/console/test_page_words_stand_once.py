"""Words of pages lie in several files: none may stand in two, or one would hide the other."""

import tomllib
from collections import Counter

import pytest

from console.pages.words import FOLDER, languages


@pytest.mark.parametrize("language", languages())
def test_no_word_stands_in_two_files(language: str) -> None:
    paths = [FOLDER / f"{language}.toml", *FOLDER.glob(f"{language}-*.toml")]
    keys = Counter(
        f"{part}.{key}"
        for path in paths
        for part, entries in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for key in entries
    )
    assert [key for key, n_files in keys.items() if n_files > 1] == []
