"""An installation as a newsroom has it after some weeks: jobs of all kinds, sweeps, people, a fleet at work.

Everything is written through the same desks and the same queue that a fleet uses, so that pages show what
they would show; only the sound and its scores are made up. No Ray is needed.
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.pages.app import create_pages
from console.people.desk import SignUp
from console.people.roles import Role
from console.settings import ConsoleSettings
from jobs.notice_spec import NoticeEvent, NoticeState
from jobs.provisional import Provisional, ProvisionalCell, to_text
from jobs.settings import JobsSettings
from jobs.spec import Beat, ItemClaim, ItemKind, ItemResult, JobSpec, NewItem, Priority
from jobs.sweep_clock import digest_ended
from jobs.sweep_spec import SweepSpec
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import MediaFile, MediaReport, VerdictKind
from storage import notice_rows, worker_rows
from storage.database import connect_engine, transaction
from storage.objects import FolderStore
from storage.quota_rows import Quota
from storage.sealing import Sealer
from tests.integration.api.conftest import PASSWORD, serving
from tests.integration.items.item_maker import finish_item, minute_of_sound
from tests.integration.jobs.queue_makers import AWAY, CORRUPT, make_result
from tests.unit.reports.report_maker import (
    failed_report,
    not_applicable_report,
    spliced_report,
    steady_report,
)
from tests.worker_words import WORKER

EMAIL = "ada@newsroom.example"
COLLEAGUE = "bo@newsroom.example"
STRANGER = "eve@elsewhere.example"
FEED = "https://media.newsroom.example/tips/feed.xml"
TIPS: tuple[tuple[str, MediaReport], ...] = (
    ("Interview with the minister, uncut", spliced_report()),
    ("Voice message from a source, forwarded", steady_report(-3.1)),
    ("Press conference, second camera", steady_report(2.7)),
    ("Telephone call, leaked 14 November", steady_report(0.2)),
    ("Campaign song", not_applicable_report()),
    ("Statement on the bridge, broadcast copy", steady_report(3.4)),
    ("voicemail_0031.m4a", steady_report(-0.4)),
    ("녹음 2026-11-14 시장 인터뷰", steady_report(1.9)),
    ("a-very-long-file-name-as-messengers-make-them-IMG-20261114-WA0007.opus", steady_report(-2.2)),
    ("Attachment that broke on its way", failed_report()),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Newsroom:
    """Where it is served, and what is in it."""

    url: str
    context: ApiContext
    item_id: str  # spliced, its sound kept
    inconclusive_id: str
    not_applicable_id: str
    failed_id: str
    running_id: str  # an item that is being analysed
    job_id: str  # over
    running_job_id: str
    sweep_id: str
    key_id: str
    waiting_job_id: str  # for a detector that no worker has

    def say_here(self) -> None:
        """Let the worker say that it is there, as it does every five seconds."""
        with transaction(self.context.engine) as connection:
            worker_rows.say_here(connection, WORKER)


def paths_of(newsroom: Newsroom) -> list[str]:
    """Return every page that somebody signed in can open."""
    items = (
        newsroom.item_id,
        newsroom.inconclusive_id,
        newsroom.not_applicable_id,
        newsroom.failed_id,
        newsroom.running_id,
    )
    return [
        *("/", "/try", "/jobs/new", "/jobs", f"/jobs/{newsroom.job_id}"),
        f"/jobs/{newsroom.running_job_id}",
        *(f"/items/{item_id}" for item_id in items),
        *("/sweeps", f"/sweeps/{newsroom.sweep_id}", f"/sweeps/{newsroom.sweep_id}/runs/2"),
        *("/search", "/search?search=minister", "/search?search=nothing-is-called-so"),
        *(f"/search?like={newsroom.item_id}", "/search?show=failed", "/search?like=none"),
        *("/notices", "/notices?state=dead", "/admin/accounts/default", f"/keys/{newsroom.key_id}"),
        f"/jobs/{newsroom.waiting_job_id}",
        *("/account", "/account/second-factor", "/connections"),
        *("/admin", "/people", "/keys", "/access", "/admin/feedback", "/admin/audit"),
        *("/admin/models", "/admin/fleet", "/admin/accounts", "/admin/people", "/admin/settings"),
        "/nothing",
    ]


@contextmanager
def open_newsroom(database_url: str, folder: Path) -> Iterator[Newsroom]:
    """Keep a newsroom for as long as it is wanted."""
    jobs = JobsSettings(sealer=Sealer(SecretStr("ab" * 32)))
    console = ConsoleSettings({"VERITY_VAR": str(folder / "var")})
    settings = ApiSettings(sign_up=SignUp.OPEN, requests_a_minute=0)
    engine = connect_engine(database_url)
    with open_examining(jobs, folder / "temp") as examining:
        objects = FolderStore(folder / "objects")
        context = ApiContext(settings, engine, objects, jobs, examining, console)
        queue = WorkQueue(engine, may_listen=False)
        with serving(create_app(context, create_pages(context))) as url:
            yield _fill(url, context, queue)
        queue.close()
    engine.dispose()


def _fill(url: str, context: ApiContext, queue: WorkQueue) -> Newsroom:
    people = context.people
    people.sign_up(EMAIL, PASSWORD, "Ada")
    invitation = context.members.invite("default", COLLEAGUE, Role.ANALYST)
    people.sign_up(COLLEAGUE, PASSWORD, "Bo", invitation)
    people.sign_up(STRANGER, PASSWORD, "Eve")
    key = context.keys.make_key("default", "Archive script", Role.ANALYST)
    _subscribe(context)
    sweep_id = _sweep(context, queue)
    finished = _tips(context, queue)
    running_job_id, running = _running(context, queue)
    waiting = JobSpec(sources=(f"{FEED}#older",), name="By another detector", detector="ab" * 32)
    newsroom = Newsroom(
        url,
        context,
        finished[0].item_id,
        finished[3].item_id,
        finished[4].item_id,
        finished[-1].item_id,
        running.item_id,
        finished[0].job_id,
        running_job_id,
        sweep_id,
        key.key_id,
        queue.desk.submit(waiting).job_id,
    )
    newsroom.say_here()
    return newsroom


def _subscribe(context: ApiContext) -> None:
    """Let a program and a desk be told; what the program did not take was given up."""
    context.quota.set_quota(Quota(items_a_day=1000, audio_s_a_month=360_000.0), "default")
    events = [NoticeEvent.ITEM_SYNTHETIC, NoticeEvent.SWEEP_DIGEST]
    context.notices.subscribe("https://cms.newsroom.example/hooks/verity", events)
    context.notices.subscribe("desk@newsroom.example", [NoticeEvent.JOB_DONE])
    with transaction(context.engine) as connection:
        for number, state in ((3, NoticeState.SENT), (4, NoticeState.DEAD)):
            subject = f"item:{number}"
            notice_rows.insert_notices(connection, "default", events[0], subject, {})
            (due,) = notice_rows.claim_notices(connection, 1, 60.0)
            why = "The receiver answered 410 Gone." if state is NoticeState.DEAD else ""
            notice_rows.end_try(connection, due, state, why)


def _listed(queue: WorkQueue, spec: JobSpec, titles: Sequence[str]) -> list[ItemClaim]:
    queue.desk.submit(spec, "default")
    return _walk(queue, spec.sources[0], titles)


def _walk(queue: WorkQueue, source: str, titles: Sequence[str]) -> list[ItemClaim]:
    """List what was submitted, and return its items in a worker's hands."""
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    place = source.rsplit("/", 1)[0]
    items = [
        NewItem(f"{place}/{number}.m4a", title, f"{source}-{number}", {})
        for number, title in enumerate(titles, 1)
    ]
    queue.add_items(listing, items)
    queue.finish(listing)
    return queue.claim("node-7:12:1", len(titles), ItemKind.MEDIA)


def _tips(context: ApiContext, queue: WorkQueue) -> list[ItemClaim]:
    spec = JobSpec(sources=(FEED,), name="Tip line, November")
    claims = _listed(queue, spec, [title for title, _ in TIPS])
    for claim, (_, report) in zip(claims, TIPS, strict=True):
        titled = dataclasses.replace(report.item, title=claim.title)
        medium = minute_of_sound(51) if report is TIPS[0][1] else None
        report = dataclasses.replace(report, item=titled, media=_own_bytes(report, claim))
        finish_item(context, queue, claim, report, medium, with_pdf=medium is not None)
    queue.tend()
    return claims


def _own_bytes(report: MediaReport, claim: ItemClaim) -> MediaFile | None:
    sha256 = hashlib.sha256(claim.title.encode()).hexdigest()
    return report.media and dataclasses.replace(report.media, sha256=sha256)


def _result(claim: ItemClaim, kind: VerdictKind) -> ItemResult:
    """A result whose number says the same as its words."""
    result = make_result(claim, kind=kind, n_segments=1)
    llr = {VerdictKind.NO_EVIDENCE: 2.4, VerdictKind.SYNTHETIC: -3.5}.get(kind, 0.1)
    llr += int(claim.item_id) % 7 / 10
    verdict = result.report.verdict
    assert verdict is not None
    verdict = dataclasses.replace(verdict, llr=llr, voiced_s=1500.0)
    return dataclasses.replace(result, report=dataclasses.replace(result.report, verdict=verdict))


def _running(context: ApiContext, queue: WorkQueue) -> tuple[str, ItemClaim]:
    """A job of four hundred that is half done, with one item shown while it is analysed."""
    spec = JobSpec(sources=("s3://archive/radio/2026/",), name="Radio archive, 2026")
    titles = [
        f"Evening programme {1 + number % 30:02}-{1 + number // 30:02}.mp3" for number in range(400)
    ]
    claims = _listed(queue, spec, titles)
    kinds = [VerdictKind.NO_EVIDENCE] * 8 + [VerdictKind.INCONCLUSIVE, VerdictKind.SYNTHETIC]
    for number, claim in enumerate(claims[:240]):
        if number % 40 == 39:
            queue.fail(claim, CORRUPT)
        elif number % 40 == 38:
            queue.fail(claim, AWAY)
        else:
            queue.finish(claim, _result(claim, kinds[number % 10]))
    cells = tuple(
        ProvisionalCell(0, 0, float(start), float(start + 30), 1.5 if start < 600 else -2.0)
        for start in range(0, 900, 30)
    )
    shown = to_text(Provisional(3600.0, 6.0, cells))
    queue.heartbeat([Beat(claims[240], "score", 0.25, provisional=shown)])
    for claim in claims[243:]:
        queue.release(claim)
    queue.tend()
    return claims[0].job_id, claims[240]


def _sweep(context: ApiContext, queue: WorkQueue) -> str:
    job = JobSpec(sources=("https://video.example/@ministry",), priority=Priority.SWEEP)
    spec = SweepSpec(cron="0 6 * * 1-5", timezone="Europe/Berlin", name="Ministry channel", job=job)
    sweep = context.sweeps.add(spec)
    titles = ["Weekly address", "Question time", "Visit to the harbour"]
    for kinds in (
        [VerdictKind.NO_EVIDENCE, VerdictKind.NO_EVIDENCE, VerdictKind.INCONCLUSIVE],
        [VerdictKind.NO_EVIDENCE, VerdictKind.SYNTHETIC],
    ):
        context.sweeps.run_now(sweep.sweep_id)
        claims = _walk(queue, spec.job.sources[0], titles)
        for claim, kind in zip(claims, kinds, strict=False):
            queue.finish(claim, _result(claim, kind))
        for claim in claims[len(kinds) :]:
            queue.fail(claim, CORRUPT)
        queue.tend()
        digest_ended(context.engine)
    return sweep.sweep_id
