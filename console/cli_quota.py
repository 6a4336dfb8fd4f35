"""`verity quota`: what accounts and keys may use, and how much of it they used."""

from dataclasses import asdict, fields, replace
from typing import Annotated

import typer

from console.cli_jobs import AsJson, open_access
from console.terminal import console, print_json, table
from pipeline.errors import InputError
from storage.quota_rows import Quota, Resource, Standing

_EXAMPLES = "[bold]Examples[/]\n\n"
_HOUR_S = 3600.0
Account = Annotated[str, typer.Option(help="Whose.")]
Key = Annotated[str, typer.Option(help="A key of that account, as the page Keys shows it.")]
Count = Annotated[int | None, typer.Option(min=0)]
Hours = Annotated[float | None, typer.Option(min=0.0)]

app = typer.Typer(no_args_is_help=True, help="Limit what accounts and keys may use.")


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="quota", epilog=_EXAMPLES + "  verity quota show --account desk")


@app.command(epilog=_EXAMPLES + "  verity quota show\n\n  verity quota show --account desk --json")
def show(
    context: typer.Context, account: Account = "default", key: Key = "", as_json: AsJson = False
) -> None:
    """Show what an account, or a key of it, may use, used, and has left."""
    from jobs.quota import QuotaDesk

    with open_access(context) as access:
        desk = QuotaDesk(access.engine)
        desk.quota(account)  # an account that is not there is said to be
        found = desk.standings(account, key or None)
    if as_json:
        shown = ({**asdict(one), "left": one.left, "level": one.level} for one in found)
        print_json([{**one, "resets_at": str(one["resets_at"] or "")} for one in shown])
        return
    shown_table = table("whose", "what", "period", "used", "limit", "left", "begins anew")
    for one in found:
        shown_table.add_row(
            one.subject,
            one.resource,
            one.period,
            _said(one, one.used),
            "none" if one.limit is None else _said(one, one.limit),
            "" if one.left is None else f"{_said(one, one.left)} ({one.level})",
            "" if one.resets_at is None else f"{one.resets_at:%Y-%m-%d %H:%M} UTC",
        )
    console.print(shown_table)


@app.command(
    "set",
    epilog=_EXAMPLES
    + "  verity quota set --account desk --items-a-day 5000 --audio-hours-a-month 200\n\n"
    + "  verity quota set --account desk --key 3f2a91bc04de --requests-a-day 10000\n\n"
    + "  verity quota set --account desk --no-limit items_a_day",
)
def set_limits(
    context: typer.Context,
    account: Account = "default",
    key: Key = "",
    items_a_day: Count = None,
    items_a_month: Count = None,
    audio_hours_a_day: Hours = None,
    audio_hours_a_month: Hours = None,
    requests_a_day: Count = None,
    requests_a_month: Count = None,
    stored_bytes: Count = None,
    no_limit: Annotated[
        list[str] | None, typer.Option(help="Take a limit away, such as items_a_day.")
    ] = None,
) -> None:
    """Set limits; those that are not named stay as they are."""
    from jobs.quota import QuotaDesk

    names = {field.name for field in fields(Quota)}
    if wrong := set(no_limit or ()) - names:
        raise InputError(f"{', '.join(sorted(wrong))} is no limit: {', '.join(sorted(names))}.")
    asked: dict[str, float | None] = {
        "items_a_day": items_a_day,
        "items_a_month": items_a_month,
        "audio_s_a_day": _seconds(audio_hours_a_day),
        "audio_s_a_month": _seconds(audio_hours_a_month),
        "requests_a_day": requests_a_day,
        "requests_a_month": requests_a_month,
        "stored_bytes": stored_bytes,
    }
    changes = {
        name: value
        for name, value in asked.items()
        if value is not None or name in (no_limit or ())
    }
    if not changes:
        raise InputError("Name a limit, such as --items-a-day 5000.")
    with open_access(context) as access:
        desk = QuotaDesk(access.engine)
        quota = replace(desk.quota(account, key or None), **changes)  # type: ignore[arg-type]  # by name
        desk.set_quota(quota, account, key or None)
    whose = f"key {key}" if key else f"account {account}"
    said = [f"{name} {value:g}" for name, value in asdict(quota).items() if value is not None]
    console.print(f"Limits of {whose}: {', '.join(said) or 'none'}.", markup=False, soft_wrap=True)


def _seconds(hours: float | None) -> float | None:
    return None if hours is None else hours * _HOUR_S


def _said(one: Standing, amount: float) -> str:
    if one.resource is Resource.AUDIO:
        return f"{amount / _HOUR_S:.2f} h"
    if one.resource is Resource.STORED:
        return f"{amount / (1 << 20):.1f} MiB"
    return f"{amount:.0f}"
