"""Where things are kept, read once from the environment by `StorageSettings.from_env`."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from pipeline.errors import ConfigError
from storage.evidence_settings import EvidenceSettings

ROOT_SERVER_FOLDER = Path("/var/lib/verity")  # the server refuses root: its data lies apart
MAX_PORT = 65_535
MOST_SEARCH_SEGMENTS = 1_000  # of one item: more would be the table of segments again
MOST_SEARCH_ITEMS = 100_000_000
_DATABASE_URL_FORM = "VERITY_DATABASE_URL has the form postgresql://user:password@host:port/name"


class StorageSettings(BaseModel):
    """Database, object store and data folder of one installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    var_folder: Path  # everything that we make on this machine
    database_url: SecretStr | None = None  # None: the embedded server
    server_folder: Path  # of the embedded server; made by it
    objects: str  # a folder's path, or s3://bucket/prefix
    s3_endpoint_url: str | None = None  # None: AWS
    s3_region: str = "us-east-1"
    s3_access_key: SecretStr | None = None  # None: what boto3 finds
    s3_secret_key: SecretStr | None = None
    s3_session_token: SecretStr | None = None
    is_signing: bool = True  # reports carry a signature
    keys_folder: Path | None = None  # of the keys that sign; None: `keys` in the data folder
    signer: str = "Voice Verity"  # who signs, in a key that is made on first use
    signing_pin: SecretStr | None = None  # of the token that the key lies in (PKCS #11)
    search_segments: int = 8  # an item's segments that `verity search` knows, beside the item
    evidence: EvidenceSettings = EvidenceSettings()
    search_items: int = 1_000_000  # of an account; the oldest are forgotten first; 0: none is kept
    models_folder: Path | None = None  # ONNX files of the operator's, beside the shipped models

    @property
    def keys(self) -> Path:
        """Return the folder of the keys that sign reports."""
        return self.keys_folder or self.var_folder / "keys"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "StorageSettings":
        """Read VERITY_VAR, VERITY_DATABASE_URL, VERITY_OBJECTS, VERITY_SIGN*, VERITY_MODELS and AWS_*.

        Raises:
            ConfigError: a value has the wrong form; the message names the key and its form.
        """
        named = environ.get("VERITY_VAR", "")
        var_folder = _var_folder(named or "var")
        objects = environ.get("VERITY_OBJECTS", "") or str(var_folder / "objects")
        if "://" in objects:
            parts = urlsplit(objects)
            if parts.scheme != "s3" or not parts.netloc:
                raise ConfigError("VERITY_OBJECTS is a folder or s3://bucket/prefix")
        else:
            objects = str(Path(objects).expanduser().resolve())
        return cls(
            var_folder=var_folder,
            database_url=_database_url(environ.get("VERITY_DATABASE_URL", "")),
            server_folder=_server_folder(var_folder, is_named=bool(named)),
            objects=objects,
            s3_endpoint_url=environ.get("AWS_ENDPOINT_URL_S3")
            or environ.get("AWS_ENDPOINT_URL")
            or None,
            s3_region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1",
            s3_access_key=_secret(environ, "AWS_ACCESS_KEY_ID"),
            s3_secret_key=_secret(environ, "AWS_SECRET_ACCESS_KEY"),
            s3_session_token=_secret(environ, "AWS_SESSION_TOKEN"),
            is_signing=_is_signing(environ.get("VERITY_SIGN", "1")),
            keys_folder=_keys_folder(environ),
            signer=environ.get("VERITY_SIGNER", "") or "Voice Verity",
            signing_pin=_secret(environ, "VERITY_SIGNING_PIN"),
            evidence=EvidenceSettings.from_env(environ),
            search_segments=_count(environ, "VERITY_SEARCH_SEGMENTS", 8, MOST_SEARCH_SEGMENTS),
            search_items=_count(environ, "VERITY_SEARCH_ITEMS", 1_000_000, MOST_SEARCH_ITEMS),
            models_folder=_models_folder(environ.get("VERITY_MODELS", "")),
        )


def _var_folder(text: str) -> Path:
    form = "VERITY_VAR is a folder that may be written to, or a name for a new one"
    try:
        folder = Path(text).expanduser().resolve()
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{form}; {folder} is a file.")
    except (OSError, RuntimeError, ValueError) as error:  # too long, no such user, a NUL
        raise ConfigError(f"{form}; what it holds is no path.") from error
    return folder


def _models_folder(text: str) -> Path | None:
    if not text:
        return None
    try:
        folder = Path(text).expanduser().resolve()
        if folder.is_dir():
            return folder
    except (OSError, RuntimeError, ValueError):  # too long, no such user, a NUL
        pass
    raise ConfigError("VERITY_MODELS is a folder with detectors as .onnx files")


def _count(environ: Mapping[str, str], key: str, default: int, most: int) -> int:
    written = environ.get(key, "")
    if not written:
        return default
    if not (written.isascii() and written.isdigit() and int(written) <= most):
        raise ConfigError(f"{key} is a whole number from 0 to {most}")
    return int(written)


def _is_signing(text: str) -> bool:
    if text not in {"", "0", "1"}:
        raise ConfigError("VERITY_SIGN is 1 (reports are signed, the default) or 0")
    return text != "0"


def _keys_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of the signing keys: the one that is named, or the user's own.

    A data folder that nobody named is `var` in the current one: a key there would be another one
    for every folder that somebody happens to scan in.
    """
    if named := environ.get("VERITY_SIGNING_KEYS", ""):
        return Path(named).expanduser().resolve()
    home = environ.get("XDG_DATA_HOME", "") or (
        f"{environ['HOME']}/.local/share" if environ.get("HOME") else ""
    )
    if environ.get("VERITY_VAR") or not Path(home).is_absolute():
        return None
    return Path(home) / "verity" / "keys"


def _secret(environ: Mapping[str, str], key: str) -> SecretStr | None:
    return SecretStr(environ[key]) if environ.get(key) else None


def _database_url(url: str) -> SecretStr | None:
    if not url:
        return None
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ConfigError(_DATABASE_URL_FORM)
    _check_database_address(rest)
    return SecretStr(f"postgresql+psycopg://{rest}")


def _check_database_address(rest: str) -> None:
    """Refuse what would be taken apart wrongly; no message holds a part of it: that may be the password."""
    from sqlalchemy.engine import make_url  # slow to import, and the embedded server needs none
    from sqlalchemy.exc import ArgumentError

    if rest.partition("?")[0].count("@") > 1:
        raise ConfigError(
            f"{_DATABASE_URL_FORM}; an @ inside the user name or the password is written %40"
        )
    try:
        port = make_url(f"postgresql+psycopg://{rest}").port
    except (ArgumentError, ValueError):
        raise ConfigError(
            f"{_DATABASE_URL_FORM}; a port is a number"
        ) from None  # it holds the text
    if port is not None and not 0 < port <= MAX_PORT:
        raise ConfigError(f"{_DATABASE_URL_FORM}; a port is a number from 1 to {MAX_PORT}")


def _server_folder(var_folder: Path, *, is_named: bool) -> Path:
    """Return the embedded server's folder: as root a public place, unless one was named.

    PostgreSQL refuses to run as root, and the user it runs as must be able to walk to its folder,
    which the parents of a checkout often forbid (DESIGN.md §6).
    """
    if is_named or os.geteuid() != 0:
        return var_folder / "postgres"
    checkout = hashlib.sha256(os.fsencode(var_folder.parent)).hexdigest()[:16]
    return ROOT_SERVER_FOLDER / checkout
