"""Notices on final states: signed, once each, tried again, given up, replayed; webhooks and e-mail."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text

from jobs.delivery import Sender, deliver_due, signature
from jobs.digest import Digest, DigestCounts
from jobs.mail_settings import MailSettings
from jobs.notice_spec import NoticeEvent, NoticeState
from jobs.notices import NoticeDesk, note_digest
from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from pipeline.errors import SourceNotFoundError, StaleClaimError
from pipeline.vocabulary import VerdictKind
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from storage.notice_rows import NoticeFacts
from storage.sealing import Sealer
from tests.integration.jobs.queue_makers import make_job, make_result
from tests.local_mail import Mailbox, local_mail
from workers.letters import LetterWriter

pytestmark = pytest.mark.postgres


@dataclass
class Receiver:
    """A webhook receiver of the test's own; answers what it is told to."""

    url: str = ""
    host: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.host = f"127.0.0.1:{server.server_port}"
        receiver.url = f"http://{receiver.host}/hook"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, MailSettings]]:
    with local_mail() as mailbox:
        yield mailbox, mailbox.settings


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> NoticeDesk:
    return NoticeDesk(engine, Sealer(None, tmp_path / "key"))


Send = Callable[..., int]


@pytest.fixture
def send(engine: Engine, receiver: Receiver, tmp_path: Path) -> Iterator[Send]:
    """Send what is due, whenever it would be due."""
    with EgressGuard(EgressPolicy(parse_allow(receiver.host))) as guard:

        def send(mail: MailSettings | None = None, *, wait: bool = True) -> int:
            with engine.begin() as connection:
                if not wait:
                    connection.execute(text("UPDATE notice SET next_at = clock_timestamp()"))
            sealer = Sealer(None, tmp_path / "key")
            letters = LetterWriter(engine)
            sender = Sender(engine, guard.proxy_url, sealer, mail or MailSettings(), letters)
            return deliver_due(sender, np.random.default_rng(0))

        yield send


def end_job(queue: WorkQueue, verdict: VerdictKind = VerdictKind.SYNTHETIC) -> str:
    """Walk a job of one item to its end; return the job's id."""
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    queue.finish(claim, make_result(claim, kind=verdict))
    queue.tend()
    return job.job_id


def only(desk: NoticeDesk) -> NoticeFacts:
    (notice,) = desk.sent()
    return notice


def test_a_webhook_is_signed_with_the_secret_that_was_shown_once(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send, engine: Engine
) -> None:
    _, secret = desk.subscribe(receiver.url, [NoticeEvent.ITEM_SYNTHETIC])
    end_job(queue)
    assert send() == 1
    ((headers, body),) = receiver.got
    signed = signature(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == signed
    told = json.loads(body)
    assert told["type"] == "item.synthetic"
    assert (told["data"]["verdict"], told["data"]["llr"]) == ("synthetic", -3.5)
    assert only(desk).state == NoticeState.SENT
    with engine.begin() as connection:
        kept = connection.scalar(text("SELECT secret FROM subscription"))
    assert secret.encode() not in kept


def test_only_final_states_that_were_subscribed_to_are_told(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send
) -> None:
    desk.subscribe(receiver.url, [NoticeEvent.JOB_DONE])
    job = make_job(queue, 2)
    for n_left in (1, 0):
        assert send() == 0
        (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
        queue.finish(claim, make_result(claim))
        queue.tend()
        assert send() == (n_left == 0)
    told = json.loads(receiver.got[0][1])["data"]
    assert (told["job_id"], told["n_items"], told["n_failed"]) == (job.job_id, 2, 0)


def test_genuine_looking_items_are_nobodys_news(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send
) -> None:
    desk.subscribe(receiver.url, [NoticeEvent.ITEM_SYNTHETIC])
    end_job(queue, VerdictKind.NO_EVIDENCE)
    assert send() == 0


def test_a_late_worker_tells_nobody(queue: WorkQueue, desk: NoticeDesk, engine: Engine) -> None:
    desk.subscribe("https://example.org/hook", [NoticeEvent.ITEM_SYNTHETIC])
    make_job(queue, 1)
    (late,) = queue.claim("worker", kind=ItemKind.MEDIA)
    with engine.begin() as connection:
        connection.execute(text("UPDATE item SET fence = fence + 1 WHERE kind = 'media'"))
    with pytest.raises(StaleClaimError):
        queue.finish(late, make_result(late))
    assert desk.sent() == []


def test_a_receiver_that_was_down_gets_the_same_notice_later(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send
) -> None:
    desk.subscribe(receiver.url, [NoticeEvent.JOB_DONE])
    end_job(queue)
    receiver.status = 503
    send()
    assert send() == 0  # its pause is not over
    for _ in range(5):
        assert send(wait=False) == 1
    assert (only(desk).state, only(desk).n_tries) == (NoticeState.WAITING, 6)
    assert "503" in only(desk).last_error
    receiver.status = 204
    send(wait=False)
    assert only(desk).state == NoticeState.SENT
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


def test_a_receiver_that_is_gone_is_not_asked_again_until_replayed(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send
) -> None:
    desk.subscribe(receiver.url, [NoticeEvent.JOB_DONE])
    end_job(queue)
    receiver.status = 410
    send()
    assert only(desk).state == NoticeState.DEAD
    assert send(wait=False) == 0
    receiver.status = 200
    assert desk.replay(str(only(desk).notice_id)) == 1
    send()
    assert only(desk).state == NoticeState.SENT


def test_three_days_of_failure_are_the_end_and_all_dead_ones_can_be_replayed(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send, engine: Engine
) -> None:
    desk.subscribe(receiver.url, [NoticeEvent.JOB_DONE])
    end_job(queue)
    receiver.status = 500
    send()
    with engine.begin() as connection:
        connection.execute(text("UPDATE notice SET created_at = created_at - interval '4 days'"))
    send(wait=False)
    assert [notice.state for notice in desk.sent(state=NoticeState.DEAD)] == ["dead"]
    assert desk.replay(None) == 1
    with pytest.raises(SourceNotFoundError):
        desk.replay("4711")


def test_redirects_are_not_followed(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send
) -> None:
    desk.subscribe(receiver.url, [NoticeEvent.JOB_DONE])
    end_job(queue)
    receiver.status, receiver.headers = 302, {"location": "http://169.254.169.254/"}
    send()
    assert "Redirects" in only(desk).last_error
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://127.0.0.2/hook", "http://[::1]/hook"]
)
def test_a_notice_never_goes_inside_our_network(
    queue: WorkQueue, desk: NoticeDesk, send: Send, url: str
) -> None:
    desk.subscribe(url, [NoticeEvent.JOB_DONE])
    end_job(queue)
    send()
    assert only(desk).state == NoticeState.DEAD
    assert "refused" in only(desk).last_error


def test_a_slow_or_broken_subscriber_does_not_keep_others_from_theirs(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send
) -> None:
    desk.subscribe("http://127.0.0.2/hook", [NoticeEvent.JOB_DONE])
    desk.subscribe(receiver.url, [NoticeEvent.JOB_DONE])
    end_job(queue)
    assert send() == 2
    assert len(receiver.got) == 1


def test_who_unsubscribed_is_told_nothing_more(
    queue: WorkQueue, desk: NoticeDesk, receiver: Receiver, send: Send
) -> None:
    number, _ = desk.subscribe(receiver.url, [NoticeEvent.JOB_DONE])
    end_job(queue)
    desk.unsubscribe(number)
    send()
    assert receiver.got == []
    assert only(desk).state == NoticeState.DEAD
    end_job(queue)
    assert len(desk.sent()) == 1


def test_another_accounts_subscriber_hears_nothing(
    queue: WorkQueue, desk: NoticeDesk, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    number, _ = desk.subscribe("https://example.org/hook", list(NoticeEvent), "other")
    end_job(queue)
    assert desk.sent("other") == []
    assert desk.subscriptions() == []
    with pytest.raises(SourceNotFoundError):
        desk.unsubscribe(number)


def test_a_letter_says_it_in_words_and_a_hostile_title_stays_text(
    queue: WorkQueue,
    desk: NoticeDesk,
    send: Send,
    mailbox: tuple[Mailbox, MailSettings],
    engine: Engine,
) -> None:
    box, mail = mailbox
    desk.subscribe("desk@example.org", [NoticeEvent.ITEM_SYNTHETIC])
    make_job(queue, 1)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE item SET title = :title WHERE kind = 'media'"),
            {"title": "Bcc: x@y.org\r\nSubject: \x1b[31m" + "ü" * 300},
        )
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    queue.finish(claim, make_result(claim, kind=VerdictKind.SYNTHETIC))
    send(mail)
    (letter,) = box.letters
    assert letter["To"] == "desk@example.org"
    assert letter["Bcc"] is None
    content = letter.get_content()  # type: ignore[attr-defined]
    assert "Evidence of synthesis was found in the voice." in content
    assert "not reviewed by an examiner" in content
    assert "\x1b" not in content + letter["Subject"]


def test_the_letter_of_a_digest_arrives_with_its_pdf(
    queue: WorkQueue,
    desk: NoticeDesk,
    send: Send,
    mailbox: tuple[Mailbox, MailSettings],
    engine: Engine,
) -> None:
    box, mail = mailbox
    desk.subscribe("desk@example.org", [NoticeEvent.SWEEP_DIGEST])
    end_job(queue)
    with engine.begin() as connection:
        job_id = str(connection.execute(text("SELECT job_id FROM job")).scalar())
        none = DigestCounts()
        digest = Digest(
            sweep_id="1", sweep_name="Desk", run_id="1", due_at=datetime.now(UTC), n_missed=0,
            job_id=job_id, account_id="default", counts=none, before=None, suspect=(), failures=(),
        )  # fmt: skip
        note_digest(connection, digest)
    assert send(mail) == 1
    (letter,) = box.letters
    (attached,) = letter.iter_attachments()  # type: ignore[attr-defined]
    assert (attached.get_filename(), attached.get_content_type()) == (
        f"verity-{job_id}.pdf",
        "application/pdf",
    )
    assert attached.get_content().startswith(b"%PDF-")


def test_mail_waits_where_no_server_is_set_and_ends_where_the_address_is_refused(
    queue: WorkQueue, desk: NoticeDesk, send: Send, mailbox: tuple[Mailbox, MailSettings]
) -> None:
    _, mail = mailbox
    desk.subscribe("nobody@example.org", [NoticeEvent.JOB_DONE])
    end_job(queue)
    send()
    assert only(desk).state == NoticeState.WAITING
    assert "VERITY_SMTP_URL" in only(desk).last_error
    send(mail, wait=False)
    assert only(desk).state == NoticeState.DEAD
    assert "550" in only(desk).last_error
