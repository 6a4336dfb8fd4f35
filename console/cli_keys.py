"""`verity keys`: make, import, rotate, list and revoke the keys that sign reports."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from console.cli_jobs import AsJson
from console.settings import ConsoleSettings
from console.terminal import console, print_json
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pydantic import SecretStr

keys_app = typer.Typer(
    no_args_is_help=True, help="Make, import, rotate and revoke the keys that sign."
)
_SHA256_DIGITS = 64
_LEAST_DIGITS = 8  # of a fingerprint that is abbreviated
_STYLES = {"signs": "green", "known": "", "revoked": "red"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(keys_app, name="keys", epilog="[bold]Examples[/]\n\n  verity keys create")


@keys_app.command("create", epilog="[bold]Examples[/]\n\n  verity keys create --signer 'My Lab'")
def keys_create(
    context: typer.Context,
    signer: Annotated[str, typer.Option(help="Who signs.")] = "Voice Verity",
) -> None:
    """Make a key and sign with it from now on; earlier ones stay known (this is rotating)."""
    from reports.signing_keys import create_key, fingerprint, place_of

    key = create_key(_keys_folder(context), signer)
    console.print(
        f"{fingerprint(key.certificate)}  {place_of(_keys_folder(context), key)}", soft_wrap=True
    )


keys_app.command("rotate", epilog="[bold]Examples[/]\n\n  verity keys rotate")(keys_create)


@keys_app.command(
    "import",
    epilog="[bold]Examples[/]\n\n  verity keys import key.pem certificate.pem\n\n"
    "  verity keys import --pkcs11 /usr/lib/softhsm/libsofthsm2.so --token lab --key reports\n\n"
    "  verity keys import --pkcs11 MODULE --token lab --key 01 --certificate certificate.pem",
)
def keys_import(
    context: typer.Context,
    key: Annotated[
        Path | None, typer.Argument(metavar="[KEY.pem]", help="The private key: ECDSA P-256.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Argument(metavar="[CERTIFICATE.pem]", help="Its certificate.")
    ] = None,
    pkcs11: Annotated[
        Path | None,
        typer.Option(metavar="MODULE", help="The library of the token that the key lies in."),
    ] = None,
    token: Annotated[str, typer.Option(help="The token's label.")] = "",
    named: Annotated[
        str, typer.Option("--key", help="The key's label in the token, or its id in hex.")
    ] = "",
    beside: Annotated[
        Path | None,
        typer.Option("--certificate", help="Instead of the one that lies in the token."),
    ] = None,
) -> None:
    """Sign with the site's own key from now on: PEM files, or a token (PKCS #11) and its PIN.

    The PIN comes from VERITY_SIGNING_PIN, here and wherever reports are signed; without it the
    terminal asks for it.
    """
    from reports.signing_keys import fingerprint, import_key, import_token_key

    folder = _keys_folder(context)
    if pkcs11 is None:
        if key is None or certificate is None or token or named or beside is not None:
            raise InputError(
                "Name KEY.pem and CERTIFICATE.pem, or --pkcs11, --token and --key.", "input_invalid"
            )
        kept = import_key(folder, _read(key), _read(certificate))
    else:
        if not (token and named) or key is not None:
            raise InputError("--pkcs11 needs --token and --key, and no files.", "input_invalid")
        from reports.token_keys import TokenKey

        place = TokenKey(str(pkcs11.absolute()), token, named, _pin(context))
        kept = import_token_key(folder, place, None if beside is None else _read(beside))
    console.print(fingerprint(kept.certificate))


@keys_app.command("list", epilog="[bold]Examples[/]\n\n  verity keys list --json")
def keys_list(context: typer.Context, as_json: AsJson = False) -> None:
    """List the keys of this installation, and all that are revoked."""
    from reports.key_revocation import revocations
    from reports.signing_keys import current_fingerprint, fingerprint, known_certificates

    folder = _keys_folder(context)
    revoked = {one.fingerprint: one for one in revocations(folder)}
    current = current_fingerprint(folder)
    rows: list[dict[str, str]] = []
    for certificate in known_certificates(folder):
        mark = fingerprint(certificate)
        state = "signs" if mark == current else "known"
        rows.append(
            {
                "sha256": mark,
                "state": "revoked" if mark in revoked else state,
                "signer": certificate.subject.rfc4514_string(),
                "since": f"{certificate.not_valid_before_utc:%Y-%m-%d}",
            }
        )
    own = {row["sha256"] for row in rows}
    rows += [
        {"sha256": mark, "state": "revoked", "signer": "of somebody else", "since": ""}
        for mark in revoked
        if mark not in own
    ]
    for row in rows:
        if (found := revoked.get(row["sha256"])) is not None:
            row |= {"revoked_since": found.since.isoformat(), "reason": found.reason}
    if as_json:
        print_json(rows)
        return
    for row in rows:
        line = Text.assemble(
            f"{row['sha256']}  ", (f"{row['state']:8}", _STYLES[row["state"]]), row["signer"]
        )
        if "revoked_since" in row:
            line.append(f"  {row['revoked_since']}  {row['reason']}")
        console.print(line, soft_wrap=True)


@keys_app.command(
    "revoke",
    epilog="[bold]Examples[/]\n\n  verity keys revoke 4f3c… --reason 'laptop stolen'\n\n"
    "  verity keys revoke 4f3c… --since 2026-11-01T00:00:00Z",
)
def keys_revoke(
    context: typer.Context,
    sha256: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="SHA-256 of the key's certificate, in hex.")
    ],
    reason: Annotated[str, typer.Option(help="Why; verify says it.")] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="ISO 8601; from when it is not believed. Now.")
    ] = "",
) -> None:
    """Believe a key no longer, of this installation or of somebody else.

    What it signed fails from then on, but for what a trusted time stamp shows to be older.
    """
    from reports.key_revocation import Revocation, revoke
    from reports.signing_keys import current_fingerprint

    folder = _keys_folder(context)
    mark = _whole(folder, sha256.lower())
    held = revoke(folder, Revocation(mark, _moment(since), reason))
    console.print(f"{mark} is revoked since {held.since.isoformat()}.", soft_wrap=True)
    if mark == current_fingerprint(folder):
        console.print(
            "It is the key that signs: make another one with verity keys rotate, or import one, and "
            "start the fleet anew.",
            style="yellow",
            soft_wrap=True,
        )


def _whole(folder: Path, mark: str) -> str:
    """Return a whole fingerprint; those of this installation may be abbreviated."""
    from reports.signing_keys import fingerprint, known_certificates

    is_hex = bool(mark) and set(mark) <= set("0123456789abcdef")
    if is_hex and len(mark) == _SHA256_DIGITS:
        return mark
    own = [
        found for found in map(fingerprint, known_certificates(folder)) if found.startswith(mark)
    ]
    if not is_hex or len(mark) < _LEAST_DIGITS or len(own) != 1:
        raise InputError(
            f"Name a fingerprint of {_SHA256_DIGITS} hex digits, or the first {_LEAST_DIGITS} or more "
            "of one that verity keys list shows.",
            "input_invalid",
        )
    return own[0]


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            "--since is a time such as 2026-11-01T00:00:00Z.", "input_invalid"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _pin(context: typer.Context) -> "SecretStr":
    from pydantic import SecretStr

    settings: ConsoleSettings = context.obj
    if settings.storage.signing_pin is not None:
        return settings.storage.signing_pin
    return SecretStr(typer.prompt("PIN of the token", hide_input=True, err=True))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{error.filename} cannot be read ({error.strerror}): name the PEM files.",
            "input_invalid",
        ) from error


def _keys_folder(context: typer.Context) -> Path:
    settings: ConsoleSettings = context.obj
    return settings.storage.keys
