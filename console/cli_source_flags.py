"""The options of commands that take sources: what of them is wanted, and as whom they are asked.

`console.command_flags` gives them to a command, which gets one value.
"""

import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr, ValidationError

from jobs.source_options import Login, SourceOptions
from pipeline.errors import InputError

if TYPE_CHECKING:  # each takes part of a second to import, and `--help` needs none
    from storage.sealing import Sealer
    from storage.secret_rows import SealedSecret

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kMGT]?)i?B?")
_UNITS = {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_PANEL = "Of the sources"


@dataclass(frozen=True, slots=True)
class WantedSources:
    """The same for a command that reads sources itself: secrets are sealed for this process alone."""

    options: SourceOptions = field(default_factory=SourceOptions)
    sealer: "Sealer | None" = None
    sealed: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceFlags:
    """What was said about the sources."""

    options: SourceOptions
    cookies: SecretStr | None = field(default=None)
    proxy: SecretStr | None = field(default=None)

    def sealed(self, sealer: "Sealer") -> "tuple[SourceOptions, tuple[SealedSecret, ...]]":
        """Return the options with the names of their secrets, and these, sealed."""
        from storage.secret_rows import SealedSecret

        named: dict[str, str] = {}
        kept: list[SealedSecret] = []
        for kind, text in (("cookies", self.cookies), ("proxy", self.proxy)):
            if text is not None:
                secret_id = secrets.token_hex(16)
                sealed = sealer.seal(text.get_secret_value(), secret_id)
                kept.append(SealedSecret(secret_id, kind, sealed))
                named[f"{kind}_id"] = secret_id
        return self.options.model_copy(update=named), tuple(kept)

    def for_this_process(self) -> WantedSources:
        """Return the options with the secrets, sealed with a key that lives as long as we do.

        Raises:
            InputError: what is new is known to the queue only.
        """
        from storage.sealing import Sealer

        if self.options.only_new:
            raise InputError("What is new is known to the queue: verity submit --only-new.")
        sealer = Sealer(SecretStr(secrets.token_hex(32)))
        options, kept = self.sealed(sealer)
        return WantedSources(options, sealer, {it.secret_id: it.sealed for it in kept})


def source_flags(
    *,
    include: Annotated[
        list[str],
        typer.Option(
            help="Only names that match, such as '*.mp3'; may be repeated.",
            rich_help_panel=_PANEL,
        ),
    ] = [],  # noqa: B006 - typer reads it
    exclude: Annotated[
        list[str],
        typer.Option(help="No names that match; may be repeated.", rich_help_panel=_PANEL),
    ] = [],  # noqa: B006 - typer reads it
    min_size: Annotated[
        str, typer.Option(help="Nothing smaller, such as 20k.", rich_help_panel=_PANEL)
    ] = "",
    max_size: Annotated[
        str, typer.Option(help="Nothing larger, such as 2G.", rich_help_panel=_PANEL)
    ] = "",
    after: Annotated[
        str,
        typer.Option(
            help="Only what changed or appeared since, such as 2026-11-03 (UTC).",
            rich_help_panel=_PANEL,
        ),
    ] = "",
    before: Annotated[
        str, typer.Option(help="Only what changed or appeared before.", rich_help_panel=_PANEL)
    ] = "",
    only_new: Annotated[
        bool,
        typer.Option(
            "--only-new",
            help="Leave out what an earlier job with this option met.",
            rich_help_panel=_PANEL,
        ),
    ] = False,
    open_archives: Annotated[
        bool,
        typer.Option(
            "--open-archives", help="Look into zip and tar files.", rich_help_panel=_PANEL
        ),
    ] = False,
    live_minutes: Annotated[
        float,
        typer.Option(
            min=0, max=720, help="Record running streams for so long.", rich_help_panel=_PANEL
        ),
    ] = 0.0,
    cookies: Annotated[
        Path | None,
        typer.Option(
            help="A cookies.txt for media sites; kept encrypted, for this job alone.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    login: Annotated[
        Login,
        typer.Option(help="Show the cookies last or first.", rich_help_panel=_PANEL),
    ] = Login.LAST,
    proxy: Annotated[
        Path | None,
        typer.Option(
            help="A file that holds http://user:password@host:port or socks5://..., the way out of this job.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    sleep: Annotated[
        float,
        typer.Option(min=0, max=60, help="Seconds between requests.", rich_help_panel=_PANEL),
    ] = 0.0,
    rate: Annotated[
        str, typer.Option(help="Bytes a second at most, such as 500k.", rich_help_panel=_PANEL)
    ] = "",
    s3_endpoint: Annotated[
        str,
        typer.Option(help="Another S3 endpoint than the settings name.", rich_help_panel=_PANEL),
    ] = "",
    s3_region: Annotated[str, typer.Option(help="Its region.", rich_help_panel=_PANEL)] = "",
    s3_profile: Annotated[
        str, typer.Option(help="A profile of ~/.aws.", rich_help_panel=_PANEL)
    ] = "",
    s3_role: Annotated[
        str, typer.Option(help="ARN of a role to assume.", rich_help_panel=_PANEL)
    ] = "",
    requester_pays: Annotated[
        bool,
        typer.Option("--requester-pays", help="This account pays for S3.", rich_help_panel=_PANEL),
    ] = False,
) -> SourceFlags:
    """Return what was said.

    Raises:
        InputError: a size, a date, the cookies or the proxy have the wrong form.
    """
    try:
        options = SourceOptions(
            include=tuple(include),
            exclude=tuple(exclude),
            min_bytes=_bytes("--min-size", min_size),
            max_bytes=_bytes("--max-size", max_size),
            changed_after=_time("--after", after),
            changed_before=_time("--before", before),
            only_new=only_new,
            open_archives=open_archives,
            live_minutes=live_minutes,
            login=login,
            sleep_s=sleep,
            rate_bytes=_bytes("--rate", rate),
            s3_endpoint=s3_endpoint,
            s3_region=s3_region,
            s3_profile=s3_profile,
            s3_role=s3_role,
            s3_requester_pays=requester_pays,
        )
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"])) from error
    return SourceFlags(options, _cookies(cookies), _proxy(proxy))


def read_typed_list(folder: Path) -> str:
    """Keep the list that comes on standard input as a file; return its path, a source.

    Raises:
        InputError: it is empty, too long, or no text.
    """
    from jobs.sources.list_formats import suffix_of_text
    from jobs.sources.lists import MAX_LIST_BYTES

    content = sys.stdin.buffer.read(MAX_LIST_BYTES + 1)
    if not content.strip():
        raise InputError("Nothing came on standard input, from which - reads.", "list_malformed")
    if len(content) > MAX_LIST_BYTES:
        raise InputError("The list on standard input is over 64 MiB: split it.", "list_too_long")
    suffix = suffix_of_text(content[:4096].decode("utf-8", "replace"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}{suffix}"
    path.touch(mode=0o600)
    path.write_bytes(content)
    return str(path)


def _cookies(path: Path | None) -> SecretStr | None:
    if path is None:
        return None
    from jobs.sources.cookies import check_cookies

    return SecretStr(check_cookies(_read("--cookies", path)))


def _proxy(path: Path | None) -> SecretStr | None:
    if path is None:
        return None
    from storage.egress_upstream import parse_proxy

    text = _read("--proxy", path).strip()
    parse_proxy(text)
    return SecretStr(text)


def _bytes(flag: str, text: str) -> int | None:
    if not text:
        return None
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise InputError(f"{flag} is {text!r}; it is a size such as 500k, 20M or 2G.")
    return int(float(match[1]) * _UNITS[match[2]])


def _time(flag: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(
            f"{flag} is {text!r}; it is a date such as 2026-11-03 or 2026-11-03T18:00+01:00."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _read(flag: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"The file of {flag} cannot be read: {error.strerror}.") from error
