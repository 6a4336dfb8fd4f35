"""Translate what boto3 raises into our errors."""

from botocore.exceptions import (
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError as BotoHttpError

from jobs.sources.sink import replaced_medium
from pipeline.errors import (
    AccessError,
    InputError,
    ObjectStoreError,
    SourceNotFoundError,
    VerityError,
)

# A connection that broke, or bytes that were damaged on the way: asking again may help.
BROKEN = (BotoConnectionError, BotoHttpError, IncompleteReadError, FlexibleChecksumError)


def to_named_error(error: Exception, shown: str) -> VerityError:
    """Return our error for one of boto3's about `shown`."""
    if isinstance(error, ClientError):
        return _client_error(error, shown)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
        return AccessError(
            f"There are no credentials for {shown}: set AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
            "no_credentials",
        )
    if isinstance(error, BROKEN):
        return ObjectStoreError(f"S3 does not answer for {shown}; it is tried again later.")
    return InputError(f"S3 cannot be asked for {shown}: {error}", "source_malformed")


def _client_error(error: ClientError, shown: str) -> VerityError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchBucket":
        return SourceNotFoundError(f"There is no bucket for {shown}.", "bucket_not_found")
    if code in {"NoSuchKey", "NoSuchVersion", "NotFound"} or status == 404:
        return SourceNotFoundError(
            f"{shown} is gone: it was deleted or moved after it was listed.", "object_vanished"
        )
    if code == "InvalidObjectState":
        return InputError(
            f"{shown} lies in an archive class (Glacier): restore it, then retry the item.",
            "object_archived",
        )
    if code == "PreconditionFailed" or status == 412:
        return replaced_medium(shown)
    if code in {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}:
        return AccessError(
            f"S3 does not take the credentials for {shown} ({code}): check AWS_ACCESS_KEY_ID,"
            " AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
            "credentials_wrong",
        )
    if code in {"AccessDenied", "AllAccessDisabled", "Forbidden"} or status in (401, 403):
        return AccessError(
            f"S3 refuses access to {shown}: these credentials may not read it.", "access_denied"
        )
    if status >= 500 or status == 429 or code in {"SlowDown", "RequestTimeout", "InternalError"}:
        return ObjectStoreError(f"S3 is out of order for {shown} ({code or status}).")
    return InputError(f"S3 refuses {shown}: {code or status}.", "s3_refused")
