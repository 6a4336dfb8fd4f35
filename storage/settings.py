"""Where things are kept, read once from the environment by `StorageSettings.from_env`."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from pipeline.errors import ConfigError

ROOT_SERVER_FOLDER = Path("/var/lib/verity")  # the server refuses root: its data lies apart


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

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "StorageSettings":
        """Read VERITY_VAR, VERITY_DATABASE_URL, VERITY_OBJECTS and AWS_*.

        Raises:
            ConfigError: a value has the wrong form; the message names the key and its form.
        """
        named = environ.get("VERITY_VAR", "")
        var_folder = Path(named or "var").expanduser().resolve()
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
        )


def _secret(environ: Mapping[str, str], key: str) -> SecretStr | None:
    return SecretStr(environ[key]) if environ.get(key) else None


def _database_url(url: str) -> SecretStr | None:
    if not url:
        return None
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ConfigError("VERITY_DATABASE_URL has the form postgresql://user:password@host/name")
    return SecretStr(f"postgresql+psycopg://{rest}")


def _server_folder(var_folder: Path, *, is_named: bool) -> Path:
    """Return the embedded server's folder: as root a public place, unless one was named.

    PostgreSQL refuses to run as root, and the user it runs as must be able to walk to its folder,
    which the parents of a checkout often forbid (DESIGN.md §6).
    """
    if is_named or os.geteuid() != 0:
        return var_folder / "postgres"
    checkout = hashlib.sha256(os.fsencode(var_folder.parent)).hexdigest()[:16]
    return ROOT_SERVER_FOLDER / checkout
