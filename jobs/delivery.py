"""Sends notices: webhooks through the egress guard, e-mail by the operator's mail server.

Webhooks follow the Standard Webhooks specification 1.0 (standardwebhooks.com): `webhook-id` is the
same for every try of a notice, `webhook-timestamp` is in seconds, and `webhook-signature` is `v1,`
with the base64 of HMAC-SHA256 over `id.timestamp.body`. Receivers must refuse old time stamps and
ids that they know: a notice may come twice (the answer to the first try was lost), never unsigned.
"""

import base64
import hashlib
import hmac
import json
import logging
import smtplib
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from typing import Any

import httpx
import numpy as np
from sqlalchemy import Engine

from jobs.mail_settings import MailSettings
from jobs.notice_spec import Channel, NoticeState
from jobs.notices import SECRET_PREFIX, bound_to
from jobs.sources.http_errors import is_from_guard, proxy_error, to_named_error
from pipeline.errors import VerityError
from storage import notice_rows
from storage.database import transaction
from storage.egress_proxy import REFUSED
from storage.notice_rows import DueNotice
from storage.sealing import Sealer

USER_AGENT = "verity/0.1 (notices)"
TIMEOUT_S = 15.0
LEASE_S = 120.0  # nobody else tries meanwhile: longer than the slowest try
MOST_AT_ONCE = 16
FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 3600.0
GIVE_UP_AFTER_S = 3 * 24 * 3600.0
GONE = 410
MOST_ERROR_CHARS = 300

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice as an e-mail says it."""

    subject: str
    text: str
    attachments: tuple[tuple[str, str, bytes], ...] = ()  # file name, content type, content


ComposeLetter = Callable[[DueNotice], Letter]


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs; one for each process."""

    engine: Engine
    proxy_url: str  # of the egress guard, with its token
    sealer: Sealer
    mail: MailSettings
    compose: ComposeLetter
    tls: ssl.SSLContext | None = None  # None: the system's authorities


@dataclass(frozen=True, slots=True)
class _Outcome:
    error: str = ""
    is_final: bool = False  # no further try will do better
    retry_after_s: float = 0.0  # the receiver said so


def deliver_due(sender: Sender, rng: np.random.Generator) -> int:
    """Send what is due, several at a time; return how many tries were made.

    Raises:
        DatabaseError: the database does not answer; what was sent may be sent once more.
    """
    with transaction(sender.engine) as connection:
        due = notice_rows.claim_notices(connection, MOST_AT_ONCE, LEASE_S)
    if not due:
        return 0
    with ThreadPoolExecutor(len(due), thread_name_prefix="notice") as threads:
        outcomes = list(threads.map(partial(_try, sender), due))
    for notice, outcome in zip(due, outcomes, strict=True):
        _write_outcome(sender.engine, notice, outcome, rng)
    return len(due)


def pause_s(n_tries: int, retry_after_s: float, rng: np.random.Generator) -> float:
    """Return the pause after the n-th failed try: doubling to an hour, with a fifth of jitter."""
    doubling = FIRST_PAUSE_S * 2.0 ** min(n_tries - 1, 20)
    wanted = max(doubling, min(retry_after_s, LONGEST_PAUSE_S))
    return float(min(wanted, LONGEST_PAUSE_S) * rng.uniform(0.8, 1.2))


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`.

    Args:
        secret: `whsec_` and base64, as the subscriber got it.
        message_id: the value of `webhook-id`.
        timestamp: seconds since 1970, the value of `webhook-timestamp`.
        body: as it is sent.
    """
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode("ascii")


def webhook_body(notice: DueNotice) -> bytes:
    """Return what is posted: type, time and data, UTF-8 JSON."""
    body: dict[str, Any] = {
        "type": notice.event,
        "timestamp": notice.created_at.isoformat(),
        "data": notice.body,
    }
    return json.dumps(body, ensure_ascii=False).encode("utf-8")


def _write_outcome(
    engine: Engine, notice: DueNotice, outcome: _Outcome, rng: np.random.Generator
) -> None:
    pause = 0.0
    if not outcome.error:
        state = NoticeState.SENT
    elif outcome.is_final or (notice.n_tries > 1 and notice.age_s > GIVE_UP_AFTER_S):
        state = NoticeState.DEAD
    else:
        state = NoticeState.WAITING
        pause = pause_s(notice.n_tries, outcome.retry_after_s, rng)
    with transaction(engine) as connection:
        notice_rows.end_try(connection, notice, state, outcome.error, pause)
    told = {"notice_id": notice.notice_id, "event": notice.event, "state": str(state)}
    _log.log(
        logging.WARNING if state is NoticeState.DEAD else logging.INFO,
        "notice tried",
        extra=told | {"error": outcome.error},
    )


def _try(sender: Sender, notice: DueNotice) -> _Outcome:
    """Send one notice; whatever goes wrong is an outcome, so that neighbours are not harmed."""
    try:
        if notice.channel == Channel.WEBHOOK:
            return _post(sender, notice)
        return _mail(sender, notice)
    except VerityError as error:
        return _failed(error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _failed(to_named_error(error, notice.target))
    except (OSError, smtplib.SMTPException) as error:
        return _Outcome(f"The mail server did not take it: {error}"[:MOST_ERROR_CHARS])
    except Exception as error:  # noqa: BLE001 (STYLE.md §8: the edge of a thread)
        _log.exception("notice not sent", extra={"notice_id": notice.notice_id})
        return _Outcome(f"It could not be sent: {type(error).__name__}.")


def _post(sender: Sender, notice: DueNotice) -> _Outcome:
    assert notice.secret is not None, "a webhook has a secret"
    secret = sender.sealer.open(notice.secret, bound_to(notice.account_id, notice.target))
    body, message_id, timestamp = (
        webhook_body(notice),
        f"notice_{notice.notice_id}",
        int(time.time()),
    )
    headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    tls = sender.tls or ssl.create_default_context()
    with (
        httpx.Client(
            proxy=sender.proxy_url,
            trust_env=False,
            verify=tls,
            timeout=TIMEOUT_S,
            follow_redirects=False,
        ) as client,
        client.stream("POST", notice.target, headers=headers, content=body) as answer,
    ):
        if is_from_guard(answer):
            raise proxy_error(answer.reason_phrase, notice.target)
        return _outcome_of(answer)


def _failed(error: VerityError) -> _Outcome:
    """Return the outcome of a named error; an address inside our network is refused for good."""
    return _Outcome(error.message[:MOST_ERROR_CHARS], is_final=error.code == REFUSED)


def _outcome_of(answer: httpx.Response) -> _Outcome:
    if answer.is_success:
        return _Outcome()
    said = f"The receiver answered {answer.status_code}."
    if answer.is_redirect:
        said += " Redirects are not followed: subscribe the new address."
    asked = answer.headers.get("retry-after", "")
    return _Outcome(
        said,
        is_final=answer.status_code == GONE,
        retry_after_s=float(asked) if asked.isascii() and asked.isdigit() else 0.0,
    )


def _mail(sender: Sender, notice: DueNotice) -> _Outcome:
    mail = sender.mail
    if not mail.is_set:
        return _Outcome("No mail server is set: see VERITY_SMTP_URL and VERITY_MAIL_FROM.")
    letter = sender.compose(notice)
    message = EmailMessage()
    message["Subject"] = " ".join(letter.subject.split())  # a title may hold line breaks
    message["From"] = mail.sender
    message["To"] = notice.target
    message["Date"] = format_datetime(notice.created_at)
    # the same for every try: receivers drop a second copy
    message["Message-ID"] = f"<verity-notice-{notice.notice_id}@{mail.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
    message.set_content(letter.text)
    for name, content_type, content in letter.attachments:
        main, _, sub = content_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    try:
        with mail.connect(TIMEOUT_S) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        (code, said), *_ = error.recipients.values()
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return _Outcome(
            f"The mail server refused the address: {code} {text}"[:MOST_ERROR_CHARS],
            is_final=code >= 500,
        )
    return _Outcome()
