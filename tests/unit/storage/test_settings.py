import os
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from storage.settings import ROOT_SERVER_FOLDER, StorageSettings


def test_defaults_lie_under_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = StorageSettings.from_env({})
    assert settings.var_folder == tmp_path / "var"
    assert settings.objects == str(tmp_path / "var" / "objects")
    assert settings.database_url is None


def test_servers_folder_follows_var_unless_root_named_none(tmp_path: Path) -> None:
    named = StorageSettings.from_env({"VERITY_VAR": str(tmp_path)})
    assert named.server_folder == tmp_path / "postgres"
    unnamed = StorageSettings.from_env({})
    is_apart = unnamed.server_folder.is_relative_to(ROOT_SERVER_FOLDER)
    assert is_apart == (os.geteuid() == 0)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_database_url_is_taken(scheme: str) -> None:
    settings = StorageSettings.from_env({"VERITY_DATABASE_URL": f"{scheme}://u:p@h/d"})
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("VERITY_DATABASE_URL", "mysql://h/d"),
        ("VERITY_DATABASE_URL", "h/d"),
        ("VERITY_OBJECTS", "gs://bucket"),
        ("VERITY_OBJECTS", "s3://"),
    ],
)
def test_wrong_value_names_its_key_and_form(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        StorageSettings.from_env({key: value})


def test_secrets_are_not_shown() -> None:
    settings = StorageSettings.from_env(
        {"VERITY_DATABASE_URL": "postgresql://u:hush@h/d", "AWS_SECRET_ACCESS_KEY": "quiet"}
    )
    assert "hush" not in repr(settings)
    assert "quiet" not in repr(settings)
