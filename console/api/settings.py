"""How the console is served, read once from the environment."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from console.people.desk import SignUp
from console.people.provider_settings import ProviderSettings
from pipeline.errors import ConfigError

DEFAULT_UPLOAD_BYTES = 100 << 20
DEFAULT_UPLOADS_BYTES = 100 << 30
DEFAULT_REQUESTS_A_MINUTE = 600
DEFAULT_STREAM_S = 300
DEFAULT_KEEP_MEDIA_MOST_DAYS = 90  # for those who are no admins
DEFAULT_LISTEN_BYTES = 4 << 30  # thirty-six hours of one channel
MOST_REPLICAS = 100
LEAST_TOKEN_CHARS = 20  # a shorter secret can be guessed


class ServedBy(StrEnum):
    """What answers requests."""

    UVICORN = "uvicorn"  # one process
    RAY = "ray"  # replicas behind Ray Serve


class ApiSettings(BaseModel):
    """One server: who may sign up, what may be sent, and how it is reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    served_by: ServedBy = ServedBy.UVICORN
    replicas: int = Field(default=2, ge=1, le=MOST_REPLICAS)  # of Ray Serve
    sign_up: SignUp = SignUp.INVITED
    public_url: str = ""  # as people reach it, such as https://verity.example.org; "" = by Host
    cors_origins: tuple[str, ...] = ()
    upload_bytes: int = Field(default=DEFAULT_UPLOAD_BYTES, ge=1)
    uploads_bytes: int = Field(default=DEFAULT_UPLOADS_BYTES, ge=1)  # of an account, at once
    requests_a_minute: int = Field(default=DEFAULT_REQUESTS_A_MINUTE, ge=0)  # 0: no limit
    stream_s: int = Field(default=DEFAULT_STREAM_S, ge=1)  # that an event stream lasts at most
    metrics_token: SecretStr | None = None  # that Prometheus sends; None: no metrics are given
    trusted_proxies: int = Field(default=0, ge=0)  # in front of us, that name the client's address
    listen_bytes: int = Field(default=DEFAULT_LISTEN_BYTES, ge=0)  # of copies that are listened to
    # days that a job of somebody who is no admin may have media kept
    keep_media_most_days: int = Field(default=DEFAULT_KEEP_MEDIA_MOST_DAYS, ge=0)
    certificate: Path | None = None  # with `certificate_key`: HTTPS
    certificate_key: Path | None = None
    provider: ProviderSettings | None = None  # whom people may sign in with, beside passwords

    @property
    def is_https(self) -> bool:
        """Tell whether browsers reach us by HTTPS: cookies are then sent over nothing else."""
        return self.public_url.startswith("https://") or self.certificate is not None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "ApiSettings":
        """Read VERITY_SIGN_UP, VERITY_PUBLIC_URL, VERITY_CORS_ORIGINS, VERITY_UPLOAD_MAX_BYTES, and others.

        Raises:
            ConfigError: a value has the wrong form.
        """
        sign_up = environ.get("VERITY_SIGN_UP", "") or SignUp.INVITED.value
        if sign_up not in set(SignUp):
            raise ConfigError(f"VERITY_SIGN_UP is one of {', '.join(SignUp)}.")
        url = environ.get("VERITY_PUBLIC_URL", "").rstrip("/")
        if url and (urlsplit(url).scheme not in {"http", "https"} or urlsplit(url).path):
            raise ConfigError("VERITY_PUBLIC_URL has the form https://host[:port].")
        certificate, key = environ.get("VERITY_TLS_CERT", ""), environ.get("VERITY_TLS_KEY", "")
        if bool(certificate) != bool(key):
            raise ConfigError("HTTPS needs both VERITY_TLS_CERT and VERITY_TLS_KEY.")
        served_by = environ.get("VERITY_SERVE", "") or ServedBy.UVICORN.value
        if served_by not in set(ServedBy):
            raise ConfigError(f"VERITY_SERVE is one of {', '.join(ServedBy)}.")
        replicas = _count(environ, "VERITY_SERVE_REPLICAS", 2)
        if not 1 <= replicas <= MOST_REPLICAS:
            raise ConfigError(f"VERITY_SERVE_REPLICAS is a number from 1 to {MOST_REPLICAS}.")
        return cls(
            served_by=ServedBy(served_by),
            replicas=replicas,
            sign_up=SignUp(sign_up),
            public_url=url,
            cors_origins=tuple(environ.get("VERITY_CORS_ORIGINS", "").replace(",", " ").split()),
            upload_bytes=_count(environ, "VERITY_UPLOAD_MAX_BYTES", DEFAULT_UPLOAD_BYTES),
            uploads_bytes=_count(environ, "VERITY_UPLOADS_MAX_BYTES", DEFAULT_UPLOADS_BYTES),
            requests_a_minute=_count(
                environ, "VERITY_REQUESTS_A_MINUTE", DEFAULT_REQUESTS_A_MINUTE
            ),
            stream_s=_count(environ, "VERITY_STREAM_S", DEFAULT_STREAM_S),
            trusted_proxies=_count(environ, "VERITY_TRUSTED_PROXIES", 0),
            listen_bytes=_count(environ, "VERITY_LISTEN_BYTES", DEFAULT_LISTEN_BYTES),
            keep_media_most_days=_count(
                environ, "VERITY_KEEP_MEDIA_MOST_DAYS", DEFAULT_KEEP_MEDIA_MOST_DAYS
            ),
            metrics_token=_token(environ),
            certificate=Path(certificate) if certificate else None,
            certificate_key=Path(key) if key else None,
            provider=ProviderSettings.from_env(environ),
        )


def _token(environ: Mapping[str, str]) -> SecretStr | None:
    token = environ.get("VERITY_METRICS_TOKEN", "")
    if token and len(token) < LEAST_TOKEN_CHARS:
        raise ConfigError(
            f"VERITY_METRICS_TOKEN has at least {LEAST_TOKEN_CHARS} characters (openssl rand -hex 32)."
        )
    return SecretStr(token) if token else None


def _count(environ: Mapping[str, str], key: str, default: int) -> int:
    said = environ.get(key, "")
    if said and not (said.isascii() and said.isdigit()):
        raise ConfigError(f"{key} is {said!r}; it is a whole number.")
    return int(said) if said else default
