"""Objects in S3 or a compatible store, by boto3."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from pipeline.errors import AccessError, ConfigError, ObjectStoreError
from storage.object_keys import MISSING, OnBytes, checked_key, checked_prefix
from storage.settings import StorageSettings

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
_CHUNK_BYTES = 1 << 20
TRIES = 4  # by botocore, for what passes in a second or two; longer outages are the queue's
REFUSED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "403", "401"}
)
NOT_THERE = frozenset({"NoSuchKey", "NotFound", "404"})


class S3Store:
    """Objects under one prefix of one bucket; a client for the life of the process."""

    def __init__(self, settings: StorageSettings) -> None:
        """Name bucket, prefix and credentials; nothing is sent yet."""
        parts = urlsplit(settings.objects)
        self._bucket = parts.netloc
        prefix = parts.path.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint_url,
            region_name=settings.s3_region,
            aws_access_key_id=_plain(settings.s3_access_key),
            aws_secret_access_key=_plain(settings.s3_secret_key),
            aws_session_token=_plain(settings.s3_session_token),
            config=Config(
                signature_version="s3v4",
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": TRIES},
                s3={"addressing_style": "path" if settings.s3_endpoint_url else "auto"},
                # compatible stores do not know the newer trailing checksums; Content-MD5 they do
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store bytes; the store checks them against their MD5."""
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        with self._translated(key):
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._full(key),
                Body=data,
                ContentType=content_type,
                ContentMD5=base64.b64encode(digest).decode(),
            )

    def put_file(self, key: str, path: Path, content_type: str, on_bytes: OnBytes) -> None:
        """Store a file's bytes; a long one goes in parts."""
        sent = [0]

        def count(n_more: int) -> None:
            sent[0] += n_more
            on_bytes(sent[0])

        try:
            with self._translated(key):
                self._client.upload_file(
                    str(path),
                    self._bucket,
                    self._full(key),
                    ExtraArgs={"ContentType": content_type},
                    Callback=count,
                )
        except S3UploadFailedError as error:
            raise ObjectStoreError("The object store did not take the file.") from error

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        with self._translated(key):
            return self._client.get_object(Bucket=self._bucket, Key=self._full(key))["Body"].read()

    def read_range(self, key: str, first: int, n_bytes: int) -> Iterator[bytes]:
        """Return a stretch of an object in pieces."""
        if n_bytes < 1:
            return iter(())
        with self._translated(key):
            body = self._client.get_object(
                Bucket=self._bucket,
                Key=self._full(key),
                Range=f"bytes={first}-{first + n_bytes - 1}",
            )["Body"]
        return self._pieces(key, body)

    def _pieces(self, key: str, body: "StreamingBody") -> Iterator[bytes]:
        with self._translated(key), closing(body):
            yield from body.iter_chunks(_CHUNK_BYTES)

    def list_keys(self, prefix: str = "") -> Iterator[str]:
        """Return the keys that begin so, in order, a page of 1000 at a time."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + checked_prefix(prefix)
        )
        with self._translated(prefix):
            for page in pages:
                for entry in page.get("Contents", []):
                    yield entry["Key"].removeprefix(self._prefix)

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""
        try:
            with self._translated(key):
                self._client.head_object(Bucket=self._bucket, Key=self._full(key))
        except ObjectStoreError as error:
            if error.code == MISSING:
                return False
            raise
        return True

    def delete(self, key: str) -> None:
        """Remove an object."""
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._full(key))

    def presign(self, key: str, file_name: str, content_type: str, expires_s: int) -> str:
        """Return a signed link; the browser offers the bytes under the file name."""
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": self._full(key),
                "ResponseContentType": content_type,
                "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(file_name)}",
            },
            ExpiresIn=expires_s,
        )

    def _full(self, key: str) -> str:
        return self._prefix + checked_key(key)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code == "NoSuchBucket":
                raise ConfigError(
                    f"There is no bucket {self._bucket}: make it, or change VERITY_OBJECTS."
                ) from error
            if code in NOT_THERE:
                raise ObjectStoreError(f"There is no object {key}.", MISSING) from error
            if code in REFUSED:
                raise AccessError(
                    f"The object store refuses our key for the bucket {self._bucket} ({code})."
                ) from error
            raise ObjectStoreError(f"The object store answered with {code}.") from error
        except BotoCoreError as error:
            kind = type(error).__name__
            raise ObjectStoreError(f"The object store did not answer ({kind}).") from error


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
