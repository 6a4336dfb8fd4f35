"""How sources are reached, read once from the environment by `JobsSettings.from_env`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from jobs.mail_settings import MailSettings
from jobs.sources.access import FetchLimits, S3Access, SourceAccess
from pipeline.errors import ConfigError
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from storage.sealing import Sealer, parse_key

MOST_DAYS = 36_500.0  # a hundred years
YT_DLP_FOLDER = "yt-dlp/current"  # in the data folder: a link to the version in use


class JobsSettings(BaseModel):
    """What may be fetched, from where, and how much of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    egress: EgressPolicy = EgressPolicy()
    s3: S3Access = S3Access()
    limits: FetchLimits = FetchLimits()
    yt_dlp_folder: Path | None = None
    archive_after_days: float = 30.0  # since a job ended; 0: its items stay in the queue's table
    mail: MailSettings = MailSettings()
    sealer: Sealer = Sealer(None)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "JobsSettings":
        """Read what docs/settings.md lists under how sources are reached, VERITY_VAR and AWS_*.

        Raises:
            ConfigError: a value has the wrong form, or an exception is open inside the image.
        """
        allow = environ.get("VERITY_FETCH_ALLOW", "")
        if allow and environ.get("VERITY_IMAGE"):
            raise ConfigError(
                "VERITY_FETCH_ALLOW opens addresses inside the network: it is for tests and"
                " laptops, and refused in the image. Remove it."
            )
        defaults = FetchLimits()
        return cls(
            egress=EgressPolicy(parse_allow(allow)),
            s3=_s3_access(environ),
            mail=MailSettings.from_env(environ),
            limits=FetchLimits(
                max_bytes=int(_number(environ, "VERITY_FETCH_MAX_BYTES", defaults.max_bytes)),
                wall_s=_number(environ, "VERITY_FETCH_WALL_S", defaults.wall_s),
            ),
            yt_dlp_folder=_yt_dlp_folder(environ),
            sealer=_sealer(environ),
            archive_after_days=_days(environ, "VERITY_ARCHIVE_AFTER_DAYS", 30.0),
        )

    def open_guard(self) -> EgressGuard:
        """Return the guard of this process, to be entered as a context."""
        return EgressGuard(self.egress)

    def source_access(self, guard: EgressGuard, *, allow_local: bool) -> SourceAccess:
        """Return what listing and fetching need, with a guard that runs."""
        return SourceAccess(
            guard=guard,
            s3=self.s3,
            allow_local=allow_local,
            limits=self.limits,
            yt_dlp_folder=self.yt_dlp_folder,
            sealer=self.sealer,
        )


def _s3_access(environ: Mapping[str, str]) -> S3Access:
    return S3Access(
        endpoint_url=environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None,
        region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None,
        profile=environ.get("AWS_PROFILE") or None,
        access_key=_secret(environ, "AWS_ACCESS_KEY_ID"),
        secret_key=_secret(environ, "AWS_SECRET_ACCESS_KEY"),
        session_token=_secret(environ, "AWS_SESSION_TOKEN"),
    )


def _secret(environ: Mapping[str, str], key: str) -> SecretStr | None:
    return SecretStr(environ[key]) if environ.get(key) else None


def _number(environ: Mapping[str, str], key: str, default: float) -> float:
    text = environ.get(key, "")
    try:
        value = float(text) if text else float(default)
    except ValueError as error:
        raise ConfigError(f"{key} is {text!r}; it is a number above 0.") from error
    if not 0 < value < float("inf"):
        raise ConfigError(f"{key} is {text!r}; it is a number above 0.")
    return value


def _sealer(environ: Mapping[str, str]) -> Sealer:
    key = _secret(environ, "VERITY_SECRET_KEY")
    if key:
        parse_key(key.get_secret_value())  # a wrong one is named before anything begins
    return Sealer(key, _var_folder(environ) / "keys" / "sources.key")


def _var_folder(environ: Mapping[str, str]) -> Path:
    try:
        return Path(environ.get("VERITY_VAR", "") or "var").expanduser().resolve()
    except (OSError, RuntimeError, ValueError):  # `StorageSettings` says what is wrong with it
        return Path("var").resolve()


def _yt_dlp_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder that is named, or the one that `verity ytdlp install` made."""
    if named := _folder(environ, "VERITY_YTDLP_FOLDER"):
        return named
    installed = _var_folder(environ) / YT_DLP_FOLDER
    return installed.resolve() if installed.is_dir() else None


def _days(environ: Mapping[str, str], key: str, default: float) -> float:
    text = environ.get(key, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 <= value <= MOST_DAYS:
        raise ConfigError(f"{key} is {text!r}; it is a number of days, 0 for never.")
    return value


def _folder(environ: Mapping[str, str], key: str) -> Path | None:
    if not (text := environ.get(key, "")):
        return None
    if not (folder := Path(text).expanduser().resolve()).is_dir():
        raise ConfigError(f"{key} is {text!r}; it is a folder.")
    return folder
