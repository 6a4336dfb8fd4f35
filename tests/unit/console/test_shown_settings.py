"""Every setting that the manual lists is shown to operators, with a value that can be read."""

import re
from pathlib import Path

from console.api.shown_settings import GROUPS, Source, shown_settings
from console.pages.words import page_words
from console.settings import ConsoleSettings

MANUAL = Path(__file__).resolve().parents[3] / "docs" / "settings.md"
# a mark inside the image, and two that other programs read
NOT_OURS = {"VERITY_IMAGE", "AWS_PROFILE", "IMAGEIO_FFMPEG_EXE"}


def test_the_page_of_settings_has_every_key_of_the_manual() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", MANUAL.read_text("utf-8"), re.MULTILINE)
    listed = {key for row in rows for key in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)}
    shown = {key for keys in GROUPS.values() for key in keys}
    assert listed - shown == NOT_OURS


def test_every_value_is_found_and_comes_from_the_default_where_nothing_is_said(
    tmp_path: Path,
) -> None:
    shown = shown_settings(ConsoleSettings({"VERITY_VAR": str(tmp_path)}))
    said = {one.key for one in shown if one.source is not Source.DEFAULT}
    assert said == {"VERITY_VAR"}
    assert {one.value for one in shown if one.is_secret} == {"unset"}


def test_a_secret_in_a_file_is_set_by_a_file_and_not_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    environ = {
        "VERITY_VAR": str(tmp_path),
        "VERITY_PUBLIC_URL": "https://verity.example.org",
        "VERITY_OIDC_ISSUER": "https://id.example.org",
        "VERITY_OIDC_CLIENT_ID": "verity",
        "VERITY_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
    }
    shown = {one.key: one for one in shown_settings(ConsoleSettings(environ))}
    secret = shown["VERITY_OIDC_CLIENT_SECRET"]
    assert (secret.value, secret.source) == ("set", Source.FILE)
    assert "hidden" not in str(shown)


def test_every_group_has_words() -> None:
    assert {f"settings.{group}" for group in GROUPS} <= page_words("ko").keys()
