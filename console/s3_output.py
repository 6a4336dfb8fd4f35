"""Where reports go: a folder, or an `s3://` prefix that gets the same files."""

import mimetypes
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from console.output_folder import make_output_folder
from jobs.sources.access import S3Access
from jobs.sources.s3 import SCHEME, parse_s3_uri
from jobs.sources.s3_errors import to_named_error
from jobs.sources.s3_session import open_client
from pipeline.errors import SourceNotFoundError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

DEFAULT_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """A folder to write into, and how its files are named to people."""

    folder: Path
    shown: str  # the folder, or s3://bucket/prefix/

    def name(self, path: Path) -> str:
        """Return where a file that was written will be found."""
        if not self.shown.startswith(SCHEME):
            return str(path)
        return f"{self.shown}{path.relative_to(self.folder).as_posix()}"


@contextmanager
def output_place(to: str | None, default: Path, s3: S3Access) -> Iterator[OutputPlace]:
    """Give the place that `--to` names; what was written goes to S3 when the block is left well.

    Raises:
        InputError: the folder cannot be made, or the prefix names no bucket.
        AccessError, ObjectStoreError: S3 refuses, or does not answer.
    """
    if to is None or not to.startswith(SCHEME):
        folder = default if to is None else Path(to)
        make_output_folder(folder, "--to")
        yield OutputPlace(folder, str(folder))
        return
    bucket, prefix = parse_s3_uri(to)
    prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
    with (
        tempfile.TemporaryDirectory(prefix="verity-reports-") as scratch,
        closing(open_client(s3)) as client,
    ):
        _check(client, bucket, to)  # before anything is made
        place = OutputPlace(Path(scratch), f"{SCHEME}{bucket}/{prefix}")
        yield place
        for path in sorted(it for it in place.folder.rglob("*") if it.is_file()):
            key = prefix + path.relative_to(place.folder).as_posix()
            _put(client, bucket, key, path)


def _check(client: "S3Client", bucket: str, shown: str) -> None:
    try:
        client.head_bucket(Bucket=bucket)
    except client.exceptions.ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            raise SourceNotFoundError(
                f"There is no bucket for {shown}: make it first.", "bucket_not_found"
            ) from error
        raise to_named_error(error, shown) from error
    except BotoCoreError as error:
        raise to_named_error(error, shown) from error


def _put(client: "S3Client", bucket: str, key: str, path: Path) -> None:
    content_type = mimetypes.guess_type(path.name)[0] or DEFAULT_TYPE
    try:
        with path.open("rb") as file:
            client.put_object(Bucket=bucket, Key=key, Body=file, ContentType=content_type)
    except (BotoCoreError, ClientError) as error:
        raise to_named_error(error, f"{SCHEME}{bucket}/{key}") from error
