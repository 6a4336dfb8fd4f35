"""Settings that are wrong: each names its key, and none shows a part of a password."""

from pathlib import Path

import pytest

from console.settings import ConsoleSettings
from pipeline.errors import ConfigError

FORM = "postgresql://user:password@host:port/name"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hush@h:notaport/x",
        "postgresql://u:p@hush@h/x",
        "postgresql://u:hu:sh@h:hush/x",
        "postgresql://u:hush@h:99999/x",
    ],
)
def test_a_database_address_that_cannot_be_taken_apart_is_not_shown(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _ = ConsoleSettings({"VERITY_DATABASE_URL": url}).storage
    assert FORM in caught.value.message
    assert "hush" not in caught.value.message
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["postgresql://u:p%40ss@h:5432/x", "postgres:///x?host=/run/postgresql&user=a@b"]
)
def test_a_well_written_database_address_is_taken(url: str) -> None:
    assert ConsoleSettings({"VERITY_DATABASE_URL": url}).storage.database_url is not None


@pytest.mark.parametrize("kind", ["file", "too long", "nobody"])
def test_a_data_folder_that_is_none_names_its_key(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    named = {"file": str(tmp_path / "file"), "too long": "x" * 300, "nobody": "~no-such-user/var"}
    with pytest.raises(ConfigError, match="VERITY_VAR"):
        _ = ConsoleSettings({"VERITY_VAR": named[kind]}).storage
