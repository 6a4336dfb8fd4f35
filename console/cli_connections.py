"""`verity connection`: which buckets an account may read by API, and with whose keys."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from console.cli_jobs import AsJson, open_access
from console.settings import ConsoleSettings
from console.terminal import console, print_json, table
from jobs.source_options import SourceOptions
from pipeline.errors import InputError

_EXAMPLES = "[bold]Examples[/]\n\n"
Account = Annotated[str, typer.Option(help="Whose.")]

app = typer.Typer(no_args_is_help=True, help="Bind buckets to accounts that submit by API.")


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="connection", epilog=_EXAMPLES + "  verity connection list")


@app.command(
    epilog=_EXAMPLES
    + "  verity connection add press s3://press/incoming --keys keys.json\n\n"
    + "  verity connection add radio s3://radio --s3-role arn:aws:iam::1:role/reader --account desk\n\n"
    + 'keys.json: {"access_key": "...", "secret_key": "..."}'
)
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="How people call it.")],
    source: Annotated[str, typer.Argument(metavar="S3_PREFIX", help="s3://bucket/prefix")],
    account: Account = "default",
    keys: Annotated[
        Path | None, typer.Option(help="A JSON file with its keys; they are kept encrypted.")
    ] = None,
    s3_endpoint: Annotated[str, typer.Option(help="Its endpoint, where it is not AWS.")] = "",
    s3_region: Annotated[str, typer.Option(help="Its region.")] = "",
    s3_profile: Annotated[str, typer.Option(help="A profile of the workers' ~/.aws.")] = "",
    s3_role: Annotated[str, typer.Option(help="ARN of a role that the workers assume.")] = "",
    requester_pays: Annotated[
        bool, typer.Option("--requester-pays", help="We pay for S3.")
    ] = False,
) -> None:
    """Let an account read a prefix of a bucket by API."""
    from jobs.connections import ConnectionDesk

    settings: ConsoleSettings = context.obj
    options = SourceOptions(
        s3_endpoint=s3_endpoint,
        s3_region=s3_region,
        s3_profile=s3_profile,
        s3_role=s3_role,
        s3_requester_pays=requester_pays,
    )
    told = None
    if keys is not None:
        try:
            told = (SecretStr(keys.read_text("utf-8")), settings.jobs.sealer)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("The file of --keys cannot be read.", "keys_malformed") from error
    with open_access(context) as access:
        bound = ConnectionDesk(access.engine).bind(account, name, source, options, told)
    console.print(
        f"Account {account} reads s3://{bound.bucket}/{bound.prefix} by the connection {name}.",
        markup=False,
        soft_wrap=True,
    )


@app.command("list", epilog=_EXAMPLES + "  verity connection list --account desk")
def list_connections(
    context: typer.Context, account: Account = "default", as_json: AsJson = False
) -> None:
    """List an account's connections; keys are never shown."""
    from jobs.connections import ConnectionDesk

    with open_access(context) as access:
        found = ConnectionDesk(access.engine).of_account(account)
    rows = [
        {
            "name": bound.name,
            "prefix": f"s3://{bound.bucket}/{bound.prefix}",
            "endpoint": str(bound.options.get("s3_endpoint", "")),
            "as": "own keys"
            if bound.options.get("s3_keys_id")
            else str(bound.options.get("s3_role") or bound.options.get("s3_profile", "")),
        }
        for bound in found
    ]
    if as_json:
        print_json(rows)
        return
    shown = table("name", "prefix", "endpoint", "as")
    for row in rows:
        shown.add_row(*row.values())
    console.print(shown)


@app.command(epilog=_EXAMPLES + "  verity connection remove press --account desk")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As `verity connection list` shows it.")],
    account: Account = "default",
) -> None:
    """Take a connection away; jobs that were submitted end with it."""
    from jobs.connections import ConnectionDesk

    with open_access(context) as access:
        ConnectionDesk(access.engine).unbind(account, name)
    console.print(f"Account {account} has no connection {name} any more.", markup=False)
