"""Open S3 clients: with the environment's keys, a profile, or a role that is assumed with them."""

import functools
import threading
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError
from pydantic import SecretStr

from jobs.sources.access import S3Access
from jobs.sources.s3_errors import to_named_error
from pipeline.errors import AccessError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ROLE_SESSION = "verity"  # how the role's own log names us
_SESSION_LOCK = threading.Lock()


def open_client(access: S3Access) -> "S3Client":
    """Return a boto3 client that gives up on a silent server.

    Raises:
        AccessError: the profile does not exist.
    """
    proxy = access.proxy_url.get_secret_value() if access.proxy_url else None
    try:
        with _SESSION_LOCK:  # sessions are not made for several threads; clients are
            return _open_session(access).client(
                "s3",
                endpoint_url=access.endpoint_url,
                config=Config(
                    connect_timeout=10,
                    read_timeout=60,
                    proxies={"http": proxy, "https": proxy} if proxy else None,
                    retries={"mode": "standard", "max_attempts": 4},
                    s3={"addressing_style": "path" if access.endpoint_url else "auto"},
                ),
            )
    except (BotoCoreError, ValueError) as error:
        raise to_named_error(error, "S3") from error


@functools.lru_cache(maxsize=16)
def _open_session(access: S3Access) -> boto3.session.Session:
    """Return a session; it keeps S3's description, which takes 0.3 s to read."""

    def plain(secret: SecretStr | None) -> str | None:
        return secret.get_secret_value() if secret else None

    session = boto3.session.Session(
        aws_access_key_id=plain(access.access_key),
        aws_secret_access_key=plain(access.secret_key),
        aws_session_token=plain(access.session_token),
        region_name=access.region,
        profile_name=access.profile,
    )
    return _assume(session, access) if access.role else session


def _assume(base: boto3.session.Session, access: S3Access) -> boto3.session.Session:
    """Return a session that holds a role's credentials, which renew themselves."""

    def make_sts(_service: str, **settings: Any) -> BaseClient:  # noqa: ANN401 - botocore calls it
        named = {name: value for name, value in settings.items() if name != "config"}
        made: BaseClient = base.client("sts", endpoint_url=access.endpoint_url, **named)
        return made

    own = base.get_credentials()
    if own is None:
        raise AccessError(
            "There are no credentials with which the role could be assumed: set"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile.",
            "no_credentials",
        )
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=make_sts,
        source_credentials=own,
        role_arn=access.role,
        extra_args={"RoleSessionName": ROLE_SESSION},
    )
    core = botocore.session.Session()
    renewing = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    core._credentials = renewing  # type: ignore[attr-defined] # `set_credentials` takes only keys
    return boto3.session.Session(botocore_session=core, region_name=access.region)
