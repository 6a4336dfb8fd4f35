"""What the answers rest on, for admins: models with their cards, the audit log, readers' opinions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from console.api import routes_admin_evidence
from console.api.admin_scope import Scope
from console.api.context import Context
from console.api.principals import Admin, Operator
from console.api.routes_admin_evidence import AuditChecked, AuditWanted, OpinionCountShown
from console.pages.render import Page, PageHere
from reports.languages import words_of
from reports.wording import condition_text

router = APIRouter(prefix="/admin")
Digits = Annotated[str, Field(pattern=r"^\d{0,18}$")]
OPINIONS = ("agree", "unsure", "disagree")


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What readers think of findings with one verdict."""

    verdict: str
    counts: tuple[int, ...]  # in the order of `OPINIONS`
    total: int


class AuditForm(BaseModel):
    """The form of a search; what is left empty does not matter."""

    event: Annotated[str, Field(pattern=r"^[a-z_]{0,40}$")] = ""
    job_id: Digits = ""
    item_id: Digits = ""
    before: Digits = ""
    everywhere: bool = False  # read by `Scope`

    @property
    def wanted(self) -> AuditWanted:
        """Return the search as the API takes it."""
        ids = {"job_id": self.job_id, "item_id": self.item_id, "before": self.before}
        return AuditWanted(
            event=self.event, **{name: int(said) or None for name, said in ids.items() if said}
        )


@router.get("/models")
def models(page: PageHere, asking: Admin, context: Context) -> Response:
    """Show the models' cards."""
    said = partial(condition_text, words=words_of(page.language))  # as reports say it
    cards = routes_admin_evidence.models(asking, context)
    return page.show("admin_models.html", models=cards, said=said)


@router.get("/audit")
def audit(
    page: PageHere,
    asking: Admin,
    scope: Scope,
    context: Context,
    form: Annotated[AuditForm, Query()],
) -> Response:
    """Search the audit log."""
    del asking
    return _audit(page, scope, context, form.wanted)


@router.post("/audit/check")
def check_audit(page: PageHere, asking: Operator, context: Context) -> Response:
    """Check the chain and say what came of it."""
    checked = routes_admin_evidence.check_audit(asking, context)
    return _audit(page, asking.account_id, context, AuditWanted(), checked)


@router.get("/feedback")
def feedback(page: PageHere, asking: Admin, scope: Scope, context: Context) -> Response:
    """Show what readers think of findings."""
    found = routes_admin_evidence.feedback(asking, scope, context)
    return page.show(
        "admin_feedback.html",
        rows=rows_of(found.counts),
        newest=found.newest,
        opinions=OPINIONS,
        is_everywhere=scope is None,
    )


def rows_of(counts: Sequence[OpinionCountShown]) -> list[VerdictRow]:
    """Return a row for each verdict, the most often judged first."""
    verdicts = sorted({one.verdict for one in counts})
    rows = []
    for verdict in verdicts:
        by_opinion = {one.opinion: one.count for one in counts if one.verdict == verdict}
        numbers = tuple(by_opinion.get(opinion, 0) for opinion in OPINIONS)
        rows.append(VerdictRow(verdict, numbers, sum(numbers)))
    return sorted(rows, key=lambda row: -row.total)


def _audit(
    page: Page,
    scope: str | None,
    context: Context,
    wanted: AuditWanted,
    checked: AuditChecked | None = None,
) -> Response:
    found = routes_admin_evidence.audit(wanted, scope, context)
    return page.show(
        "admin_audit.html",
        found=found,
        wanted=wanted,
        checked=checked,
        is_everywhere=scope is None,
    )
