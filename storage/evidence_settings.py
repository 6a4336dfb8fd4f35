"""Whom reports are stamped by, whose provenance data are trusted, and how long things are kept."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from pipeline.errors import ConfigError

FOREVER = "forever"
MOST_DAYS = 36_500


class EvidenceSettings(BaseModel):
    """What an installation does with its evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    c2pa_trust: Path | None = None  # PEM: whose provenance data are `trusted`
    stamp_authorities: tuple[str, ...] = ()  # RFC 3161, each gives one stamp
    stamp_trust: Path | None = None  # PEM: roots of authorities; None: those that come with certifi
    is_stamping: bool = False  # every report is stamped as it is written
    keep_media_days: int | None = 0  # 0: not kept; None: for ever
    keep_report_days: int | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "EvidenceSettings":
        """Read VERITY_C2PA_TRUST, the settings of stamps and of retention.

        Raises:
            ConfigError: a value has the wrong form; the message names the key and its form.
        """
        authorities = _urls(environ, "VERITY_STAMP_AUTHORITIES")
        is_stamping = _flag(environ, "VERITY_STAMP")
        if is_stamping and not authorities:
            raise ConfigError("VERITY_STAMP is 1: name whom to ask in VERITY_STAMP_AUTHORITIES.")
        report_days = _days(environ, "VERITY_KEEP_REPORT_DAYS", None)
        if report_days == 0:
            raise ConfigError("VERITY_KEEP_REPORT_DAYS is a number of days from 1, or forever.")
        return cls(
            c2pa_trust=_file(environ, "VERITY_C2PA_TRUST"),
            stamp_authorities=authorities,
            stamp_trust=_file(environ, "VERITY_STAMP_TRUST"),
            is_stamping=is_stamping,
            keep_media_days=_days(environ, "VERITY_KEEP_MEDIA_DAYS", 0),
            keep_report_days=report_days,
        )


def _file(environ: Mapping[str, str], key: str) -> Path | None:
    if not (text := environ.get(key, "")):
        return None
    try:
        path = Path(text).expanduser().resolve()
        content = path.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"{key} is a file of certificates in PEM; it cannot be read.") from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ConfigError(f"{key} is a file of certificates in PEM; this one holds none.")
    return path


def _urls(environ: Mapping[str, str], key: str) -> tuple[str, ...]:
    urls = tuple(
        dict.fromkeys(url.strip() for url in environ.get(key, "").split(",") if url.strip())
    )
    for url in urls:
        try:
            parts = urlsplit(url)
            is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            is_fit = False
        if not is_fit:
            raise ConfigError(f"{key} is one or more http or https addresses, separated by commas.")
    return urls


def _flag(environ: Mapping[str, str], key: str) -> bool:
    text = environ.get(key, "")
    if text not in {"", "0", "1"}:
        raise ConfigError(f"{key} is 1 or 0.")
    return text == "1"


def _days(environ: Mapping[str, str], key: str, default: int | None) -> int | None:
    text = environ.get(key, "")
    if not text:
        return default
    if text == FOREVER:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_DAYS):
        raise ConfigError(f"{key} is a number of days from 0 to {MOST_DAYS}, or {FOREVER}.")
    return int(text)
