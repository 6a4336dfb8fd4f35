"""Letters that the pages send: forgotten passwords and invitations."""

import logging
import smtplib
import threading
from email.message import EmailMessage

from fastapi import Request

from console.api.context import ApiContext

TIMEOUT_S = 15.0
OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_log = logging.getLogger(__name__)


def own_url(context: ApiContext, request: Request, path: str) -> str:
    """Return a link to one of our pages, as people reach us."""
    base = context.settings.public_url or str(request.base_url).rstrip("/")
    return f"{base}{path}"


def send_reset(context: ApiContext, request: Request, email: str, token: str) -> None:
    """Send a link for a forgotten password, in the background: the answer takes as long for nobody.

    The link is never built on a host that the request names, save this very machine: whoever asks for
    somebody else's letter could name their own, and be sent the token by the click.
    """
    if not context.settings.public_url and request.url.hostname not in OWN_HOSTS:
        _log.warning("VERITY_PUBLIC_URL is not set: a letter about a password was not sent")
        return
    link = own_url(context, request, f"/reset/{token}")
    send(
        context,
        email,
        "Voice Verity: a new password",
        f"Somebody asked for a new password for this address. The link works once, for one hour:\n\n"
        f"{link}\n\nIf it was not you, do nothing.\n",
    )


def send(context: ApiContext, email: str, subject: str, text: str) -> None:
    """Hand a letter to the operator's mail server; without one it is written to the log that it was not."""
    mail = context.jobs_settings.mail
    if not mail.is_set:
        _log.warning("no mail server is set (VERITY_SMTP_URL): a letter was not sent")
        return
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, mail.sender, email
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)

    def hand_in() -> None:
        try:
            with mail.connect(TIMEOUT_S) as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            _log.warning("a letter was not sent: %s", type(error).__name__)

    threading.Thread(target=hand_in, name="letter", daemon=True).start()
