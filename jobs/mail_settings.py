"""The operator's mail server: `VERITY_SMTP_URL` and `VERITY_MAIL_FROM`."""

import smtplib
import ssl
from collections.abc import Mapping
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from pipeline.errors import ConfigError

URL_FORM = "VERITY_SMTP_URL has the form smtp://user:password@host:587 (STARTTLS), smtps://…:465, or smtp+plain://host:25"
SUBMISSION_PORT, TLS_PORT, PLAIN_PORT = 587, 465, 25


class MailSettings(BaseModel):
    """Where letters are handed in; without a host none are sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = ""
    port: int = SUBMISSION_PORT
    security: str = "starttls"  # or tls, plain (a server on this machine)
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: str = ""  # an address, or `Name <address>`

    @property
    def is_set(self) -> bool:
        """Tell whether letters can be sent."""
        return bool(self.host and self.sender)

    @property
    def domain(self) -> str:
        """Return the sender's domain, for message ids."""
        return parseaddr(self.sender)[1].rpartition("@")[2] or "localhost"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "MailSettings":
        """Read VERITY_SMTP_URL and VERITY_MAIL_FROM.

        Raises:
            ConfigError: a value has the wrong form; no message holds the password.
        """
        url, sender = environ.get("VERITY_SMTP_URL", ""), environ.get("VERITY_MAIL_FROM", "")
        if bool(url) != bool(sender):
            raise ConfigError("Mail needs both VERITY_SMTP_URL and VERITY_MAIL_FROM.")
        if not url:
            return cls()
        if "@" not in parseaddr(sender)[1] or not sender.isprintable():
            raise ConfigError(
                "VERITY_MAIL_FROM is an address, such as 'Verity <verity@example.org>'."
            )
        kinds = {
            "smtp": ("starttls", SUBMISSION_PORT),
            "smtps": ("tls", TLS_PORT),
            "smtp+plain": ("plain", PLAIN_PORT),
        }
        try:
            parts = urlsplit(url)
            security, port = kinds[parts.scheme]
            host, port = parts.hostname or "", parts.port or port
        except (KeyError, ValueError):
            raise ConfigError(f"{URL_FORM}.") from None  # the cause may hold the password
        if not host:
            raise ConfigError(f"{URL_FORM}.")
        return cls(
            host=host,
            port=port,
            security=security,
            user=unquote(parts.username or ""),
            password=SecretStr(unquote(parts.password or "")),
            sender=sender,
        )

    def connect(self, timeout_s: float) -> smtplib.SMTP:
        """Return a connection that is logged in; a context manager.

        Raises:
            OSError: nobody answers, or the certificate is not good.
            smtplib.SMTPException: the server refuses us.
        """
        tls = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(self.host, self.port, timeout=timeout_s, context=tls)
            if self.security == "tls"
            else smtplib.SMTP(self.host, self.port, timeout=timeout_s)
        )
        try:
            if self.security == "starttls":
                server.starttls(context=tls)
            if self.user:
                server.login(self.user, self.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server
