"""A mail server on this machine, and the letters that it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.parser import BytesParser
from email.policy import default as modern

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from jobs.mail_settings import MailSettings
from tests.free_ports import free_port

READY_S = 60.0  # it greets within milliseconds; a busy machine needs more


class Mailbox:
    """What a local mail server took, and whom it refuses."""

    def __init__(self, port: int) -> None:
        self.settings = MailSettings(
            host="127.0.0.1", port=port, security="plain", sender="verity@example.org"
        )
        self.letters: list[Message] = []

    async def handle_RCPT(  # noqa: N802 (the name that aiosmtpd calls)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.letters.append(BytesParser(policy=modern).parsebytes(envelope.content))
        return "250 OK"


@contextmanager
def local_mail() -> Iterator[Mailbox]:
    """Keep a mail server; give its mailbox."""
    port = free_port()
    mailbox = Mailbox(port)
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=READY_S)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
