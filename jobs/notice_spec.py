"""What people can be told of, by which way, and where a notice stands."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum
from urllib.parse import urlsplit

from pipeline.errors import InputError

MOST_TARGET_CHARS = 2048


class NoticeEvent(StrEnum):
    """What can be subscribed to."""

    JOB_DONE = "job.done"  # every item of a job is final
    ITEM_SYNTHETIC = "item.synthetic"  # in whole or in part
    SWEEP_DIGEST = "sweep.digest"  # a sweep's run is over


class Channel(StrEnum):
    """How a notice travels."""

    WEBHOOK = "webhook"
    EMAIL = "email"


class NoticeState(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"  # for its first or next try
    SENT = "sent"
    DEAD = "dead"  # given up; `replay` tries again


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told of what, and where; a webhook's secret is shown once, when it is made."""

    subscription_id: str
    channel: Channel
    target: str
    events: tuple[NoticeEvent, ...]
    created_at: datetime


def channel_of(target: str) -> Channel:
    """Return how a target is reached.

    Raises:
        InputError: it is neither an http(s) URL nor an e-mail address.
    """
    is_plain = len(target) <= MOST_TARGET_CHARS and target.isprintable() and " " not in target
    if is_plain and target.startswith(("https://", "http://")):
        parts = urlsplit(target)
        if parts.hostname and "@" not in parts.netloc:
            return Channel.WEBHOOK
    name, address = parseaddr(target)
    local, _, domain = address.rpartition("@")
    if is_plain and not name and address == target and local and "." in domain.strip("."):
        return Channel.EMAIL
    raise InputError(
        "Where should it go? Name an http(s) URL without a password in it, or an e-mail address.",
        "target_invalid",
    )
