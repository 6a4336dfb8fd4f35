import io
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

from console.cli_source_flags import SourceFlags, read_typed_list, source_flags
from console.command_flags import with_flags
from jobs.source_options import Login, SourceOptions
from pipeline.errors import InputError
from storage.sealing import Sealer

COOKIES = "# Netscape HTTP Cookie File\n.a.test\tTRUE\t/\tTRUE\t0\tSID\tsecretword\n"


def said(*arguments: str) -> SourceFlags:
    """Return what a command gets of its command line."""
    got: list[SourceFlags] = []

    def command(context: typer.Context, flags: SourceFlags, name: str = "n") -> None:
        assert (context.info_name, name) == ("command", "n")
        got.append(flags)

    app = typer.Typer()
    app.command()(with_flags(command, flags=source_flags))
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return got[0]


def test_nothing_said_is_no_option() -> None:
    flags = said()
    assert flags.options == SourceOptions()
    assert flags.options.to_facts() == {}
    assert flags.sealed(Sealer(None)) == (SourceOptions(), ())


def test_each_option_arrives() -> None:
    options = said(
        *("--include", "*.mp3", "--include", "a/*", "--exclude", "*x*", "--min-size", "1.5k"),
        *("--max-size", "2GiB", "--after", "2026-11-03", "--before", "2026-11-03T18:00+01:00"),
        *("--only-new", "--open-archives", "--live-minutes", "2.5", "--login", "first"),
        *("--sleep", "3", "--rate", "500k", "--s3-role", "arn", "--requester-pays"),
    ).options
    assert options == SourceOptions(
        include=("*.mp3", "a/*"),
        exclude=("*x*",),
        min_bytes=1536,
        max_bytes=2 << 30,
        changed_after=datetime(2026, 11, 3, tzinfo=UTC),
        changed_before=datetime(2026, 11, 3, 18, tzinfo=timezone(timedelta(hours=1))),
        only_new=True,
        open_archives=True,
        live_minutes=2.5,
        login=Login.FIRST,
        sleep_s=3,
        rate_bytes=512_000,
        s3_role="arn",
        s3_requester_pays=True,
    )
    assert SourceOptions.from_facts(options.to_facts()) == options
    assert SourceOptions.from_facts(options.fetch_facts()).include == ()


@pytest.mark.parametrize(
    ("flag", "word"),
    [
        ("--min-size", "many"),
        ("--after", "yesterday"),
        ("--cookies", "/nonexistent"),
        ("--proxy", "/nonexistent"),
    ],
)
def test_a_word_of_the_wrong_form_names_its_option(flag: str, word: str) -> None:
    with pytest.raises(InputError, match=flag):
        said(flag, word)


def test_cookies_and_proxy_leave_the_command_sealed(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text(COOKIES)
    (tmp_path / "p.txt").write_text("http://user:secretword@proxy.test:3128\n")
    flags = said("--cookies", str(tmp_path / "c.txt"), "--proxy", str(tmp_path / "p.txt"))
    assert "secretword" not in repr(flags)
    sealer = Sealer(SecretStr("a" * 64))
    options, kept = flags.sealed(sealer)
    assert "secretword" not in options.model_dump_json() + repr(kept)
    opened = {it.kind: sealer.open(it.sealed, it.secret_id) for it in kept}
    assert opened["proxy"] == "http://user:secretword@proxy.test:3128"
    assert "secretword" in opened["cookies"]
    assert {it.secret_id for it in kept} == {options.cookies_id, options.proxy_id}


def test_a_command_without_a_queue_knows_nothing_of_what_is_new() -> None:
    with pytest.raises(InputError, match="submit --only-new"):
        said("--only-new").for_this_process()
    assert said("--live-minutes", "1").for_this_process().options.live_minutes == 1


@pytest.mark.parametrize(
    ("content", "suffix"), [(b'{"Records": []}', ".json"), (b"url\nx", ".csv"), (b"x\n", ".txt")]
)
def test_a_list_on_standard_input_becomes_a_private_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, suffix: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    path = Path(read_typed_list(tmp_path / "lists"))
    assert (path.suffix, path.read_bytes()) == (suffix, content)
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_on_standard_input_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b" \n")))
    with pytest.raises(InputError):
        read_typed_list(tmp_path)
