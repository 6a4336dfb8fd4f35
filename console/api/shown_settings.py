"""The settings that this server runs with, and where each comes from; secrets are only set or unset.

Values are read from the settings themselves, not from a second list of defaults. They are this
process's: a worker on another machine has an environment of its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from console.api.settings import ApiSettings
from console.people.roles import Role
from console.settings import ConsoleSettings
from jobs.settings import JobsSettings
from storage.settings import StorageSettings
from workers.settings import FleetSettings

SET, UNSET = "set", "unset"


class Source(StrEnum):
    """Where a setting's value comes from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SettingShown:
    """One setting."""

    group: str
    key: str
    value: str  # of a secret: `set` or `unset`
    source: Source
    is_secret: bool


@dataclass(frozen=True, slots=True)
class _All:
    """All settings of a process."""

    storage: StorageSettings
    jobs: JobsSettings
    fleet: FleetSettings
    api: ApiSettings


# key -> where its value is among `_All`; None: the value is a secret, or what the environment says
_KEPT = {
    "VERITY_VAR": "storage.var_folder",
    "VERITY_DATABASE_URL": None,
    "VERITY_OBJECTS": "storage.objects",
    "AWS_ENDPOINT_URL": "storage.s3_endpoint_url",
    "AWS_REGION": "storage.s3_region",
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_SESSION_TOKEN": None,
    "VERITY_MODELS": "storage.models_folder",
    "VERITY_SEARCH_SEGMENTS": "storage.search_segments",
    "VERITY_SEARCH_ITEMS": "storage.search_items",
}
_EVIDENCE = {
    "VERITY_SIGN": "storage.is_signing",
    "VERITY_SIGNING_KEYS": "storage.keys",
    "VERITY_SIGNER": "storage.signer",
    "VERITY_SIGNING_PIN": None,
    "VERITY_STAMP": "storage.evidence.is_stamping",
    "VERITY_STAMP_AUTHORITIES": "storage.evidence.stamp_authorities",
    "VERITY_STAMP_TRUST": "storage.evidence.stamp_trust",
    "VERITY_C2PA_TRUST": "storage.evidence.c2pa_trust",
    "VERITY_KEEP_MEDIA_DAYS": "storage.evidence.keep_media_days",
    "VERITY_KEEP_REPORT_DAYS": "storage.evidence.keep_report_days",
}
_SOURCES = {
    "VERITY_FETCH_ALLOW": "jobs.egress.allow",
    "VERITY_FETCH_MAX_BYTES": "jobs.limits.max_bytes",
    "VERITY_FETCH_WALL_S": "jobs.limits.wall_s",
    "VERITY_YTDLP_FOLDER": "jobs.yt_dlp_folder",
    "VERITY_SECRET_KEY": None,
    "VERITY_HOST_RATE": "fleet.host_rate",
    "VERITY_HOST_BURST": "fleet.host_burst",
}
_FLEET = {
    "RAY_ADDRESS": "fleet.ray_address",
    "VERITY_PREPARERS": "fleet.n_preparers",
    "VERITY_SCORERS": "fleet.n_scorers",
    "VERITY_WRITERS": "fleet.n_writers",
    "VERITY_FREE_MEMORY_BYTES": "fleet.free_memory_bytes",
    "VERITY_DEVICE": "fleet.device",
    "VERITY_DETECTOR": "fleet.detector",
    "VERITY_SEPARATOR": "fleet.separator",
    "VERITY_SCORE_THREADS": "fleet.n_score_threads",
    "VERITY_SCORE_WAIT_S": "fleet.score_wait_s",
    "VERITY_SCORE_ROWS": "fleet.score_rows",
    "VERITY_LEASE_S": "fleet.lease_s",
    "VERITY_GRACE_S": "fleet.grace_s",
    "VERITY_KEEP_BYTES": "fleet.keep_bytes",
    "VERITY_ARCHIVE_AFTER_DAYS": "jobs.archive_after_days",
    "VERITY_TEMP": "fleet.temp_folder",
    "VERITY_TRACE": "fleet.trace_path",
    "VERITY_LISTEN": "fleet.listen",
    "VERITY_METRICS": "fleet.metrics",
    "VERITY_OBJECT_STORE_BYTES": "fleet.object_store_bytes",
    "VERITY_RAY_WORKING_DIR": "fleet.ray_working_dir",
}
_MAIL = {
    "VERITY_SMTP_URL": None,
    "VERITY_MAIL_FROM": "jobs.mail.sender",
}
_SERVER = {
    "VERITY_SERVE": "api.served_by",
    "VERITY_SERVE_REPLICAS": "api.replicas",
    "VERITY_SIGN_UP": "api.sign_up",
    "VERITY_PUBLIC_URL": "api.public_url",
    "VERITY_TLS_CERT": "api.certificate",
    "VERITY_TLS_KEY": "api.certificate_key",
    "VERITY_CORS_ORIGINS": "api.cors_origins",
    "VERITY_UPLOAD_MAX_BYTES": "api.upload_bytes",
    "VERITY_UPLOADS_MAX_BYTES": "api.uploads_bytes",
    "VERITY_REQUESTS_A_MINUTE": "api.requests_a_minute",
    "VERITY_METRICS_TOKEN": None,
    "VERITY_TRUSTED_PROXIES": "api.trusted_proxies",
    "VERITY_STREAM_S": "api.stream_s",
    "VERITY_LISTEN_BYTES": "api.listen_bytes",
    "VERITY_KEEP_MEDIA_MOST_DAYS": "api.keep_media_most_days",
}
_SIGN_IN = {
    "VERITY_OIDC_ISSUER": "api.provider.issuer",
    "VERITY_OIDC_CLIENT_ID": "api.provider.client_id",
    "VERITY_OIDC_CLIENT_SECRET": None,
    "VERITY_OIDC_CLIENT_SECRET_FILE": None,
    "VERITY_OIDC_NAME": "api.provider.name",
    "VERITY_OIDC_SCOPES": "api.provider.scopes",
    "VERITY_OIDC_ROLE_CLAIM": "api.provider.role_claim",
    "VERITY_OIDC_ROLES": "api.provider.roles",
    "VERITY_OIDC_ACCOUNT": "api.provider.account_id",
}
GROUPS: dict[str, Mapping[str, str | None]] = {
    "kept": _KEPT,
    "evidence": _EVIDENCE,
    "sources": _SOURCES,
    "fleet": _FLEET,
    "mail": _MAIL,
    "server": _SERVER,
    "sign_in": _SIGN_IN,
}

_WHERE_EMPTY = {  # what nothing means, where it is not nothing
    "VERITY_KEEP_MEDIA_DAYS": "forever",
    "VERITY_KEEP_REPORT_DAYS": "forever",
    "VERITY_DETECTOR": "shipped",
    "VERITY_SEPARATOR": "shipped",
    "AWS_ENDPOINT_URL": "AWS",
    "RAY_ADDRESS": "local",
}


def shown_settings(settings: ConsoleSettings) -> list[SettingShown]:
    """Return all settings in the order of docs/settings.md; those that we do not list come last.

    Raises:
        ConfigError: a value has the wrong form.
    """
    environ = settings.environ
    whole = _All(
        settings.storage,
        settings.jobs,
        FleetSettings.from_env(environ),
        ApiSettings.from_env(environ),
    )
    files = _secrets_in_files(whole)
    shown = [
        _shown(group, key, path, settings, whole, files)
        for group, keys in GROUPS.items()
        for key, path in keys.items()
    ]
    known = {one.key for one in shown}
    # what they hold is not known here: it may be a secret
    others = sorted(key for key in environ if key.startswith("VERITY_") and key not in known)
    return shown + [
        SettingShown("other", key, SET, Source.ENVIRONMENT, is_secret=True) for key in others
    ]


def _shown(
    group: str,
    key: str,
    path: str | None,
    settings: ConsoleSettings,
    whole: _All,
    files: Collection[str],
) -> SettingShown:
    is_in_file = key in files
    is_said = bool(settings.environ.get(key))
    source = Source.ENVIRONMENT if is_said else Source.FILE if is_in_file else Source.DEFAULT
    if path is None:
        value = SET if is_said or is_in_file else UNSET
        return SettingShown(group, key, value, source, is_secret=True)
    value = _text(_found(whole, path)) or _WHERE_EMPTY.get(key, "")
    return SettingShown(group, key, value, source, is_secret=False)


def _found(whole: _All, path: str) -> object:
    """Return the value at a path; None where a part of it is not set at all."""
    value: object = whole
    for name in path.split("."):
        value = None if value is None else getattr(value, name)
    return value


def _secrets_in_files(whole: _All) -> frozenset[str]:
    """Return the secrets that the environment does not hold and a file does."""
    key_file = whole.jobs.sealer.key_file
    found = set()
    if key_file is not None and key_file.is_file():
        found.add("VERITY_SECRET_KEY")
    if whole.api.provider is not None and whole.api.provider.secret_is_in_file:
        found.add("VERITY_OIDC_CLIENT_SECRET")
    return frozenset(found)


def _text(value: object) -> str:
    """Return a value as people read it; "" = nothing is set."""
    match value:
        case None:
            return ""
        case SecretStr():
            return SET if value.get_secret_value() else UNSET
        case bool():
            return "1" if value else "0"
        case Path():
            return str(value)
        case (str() as group, Role() as role):
            return f"{group}={role}"
        case tuple() | frozenset():
            return ", ".join(sorted(map(_text, value)))
        case _:
            return str(value)
