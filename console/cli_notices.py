"""`verity notify`: who is told when a job is done, an item is synthetic or a sweep has run."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli_jobs import AsJson, open_access
from console.terminal import console, print_json, table, visible
from jobs.notice_spec import NoticeEvent, NoticeState, channel_of

if TYPE_CHECKING:
    from console.queue_access import QueueAccess
    from jobs.notices import NoticeDesk

MAX_TARGET_WIDTH = 48
_EXAMPLES = "[bold]Examples[/]\n\n"

app = typer.Typer(no_args_is_help=True, help="Be told by webhook or e-mail, on final states only.")


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    example = "  verity notify add desk@example.org --on sweep.digest"
    parent.add_typer(app, name="notify", epilog=_EXAMPLES + example)


@app.command(
    epilog=_EXAMPLES
    + "  verity notify add https://example.org/hook --on item.synthetic --on job.done\n\n"
    + "  verity notify add desk@example.org --on sweep.digest\n\n"
    + "How to check a webhook's signature: docs/sweeps.md."
)
def add(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="An http(s) URL or an e-mail address.")],
    on: Annotated[
        list[NoticeEvent] | None,
        typer.Option("--on", help="What to be told of; everything without it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Subscribe; a webhook's secret is shown once."""
    channel_of(target)
    with open_access(context) as access:
        number, secret = _desk(context, access).subscribe(target, on or list(NoticeEvent))
    if as_json:
        print_json({"subscription_id": number, "secret": secret})
        return
    console.print(f"Subscription {number}: {visible(target)}", markup=False)
    if secret:
        console.print(f"Its secret, shown once: {secret}", markup=False, soft_wrap=True)


@app.command("list", epilog=_EXAMPLES + "  verity notify list")
def list_subscriptions(context: typer.Context, as_json: AsJson = False) -> None:
    """List who is told of what."""
    with open_access(context) as access:
        found = _desk(context, access).subscriptions()
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    shown = table("subscription", "how", "where", "of what")
    for one in found:
        target = visible(one.target)[:MAX_TARGET_WIDTH]
        shown.add_row(one.subscription_id, one.channel, target, ", ".join(one.events))
    console.print(shown)


@app.command(epilog=_EXAMPLES + "  verity notify remove 2")
def remove(
    context: typer.Context,
    subscription_id: Annotated[str, typer.Argument(metavar="SUBSCRIPTION")],
) -> None:
    """Tell a subscriber nothing more."""
    with open_access(context) as access:
        _desk(context, access).unsubscribe(subscription_id)
    console.print(f"Subscription {subscription_id} is removed.", markup=False)


@app.command(epilog=_EXAMPLES + "  verity notify log\n\n  verity notify log --state dead")
def log(
    context: typer.Context,
    state: Annotated[NoticeState | None, typer.Option(help="Only those in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was sent, what waits for its next try and what was given up."""
    with open_access(context) as access:
        notices = _desk(context, access).sent(state=state)
    if as_json:
        print_json([dataclasses.asdict(notice) for notice in notices])
        return
    shown = table("notice", "event", "of", "where", "state", ">tries", "last error")
    for notice in notices:
        shown.add_row(
            str(notice.notice_id),
            notice.event,
            notice.subject,
            visible(notice.target)[:MAX_TARGET_WIDTH],
            notice.state,
            str(notice.n_tries),
            visible(notice.last_error),
        )
    console.print(shown)


@app.command(epilog=_EXAMPLES + "  verity notify replay 17\n\n  verity notify replay --dead")
def replay(
    context: typer.Context,
    notice_id: Annotated[
        str | None, typer.Argument(metavar="NOTICE", help="As `verity notify log` shows it.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All that were given up.")] = False,
) -> None:
    """Send a notice again, or all that were given up."""
    if (notice_id is None) == (not dead):
        raise typer.BadParameter("Name a notice, or --dead for all that were given up.")
    with open_access(context) as access:
        n_again = _desk(context, access).replay(notice_id)
    console.print(f"{n_again} to be sent again by the next worker or server.", markup=False)


def _desk(context: typer.Context, access: "QueueAccess") -> "NoticeDesk":
    from jobs.notices import NoticeDesk

    return NoticeDesk(access.engine, context.obj.jobs.sealer)
