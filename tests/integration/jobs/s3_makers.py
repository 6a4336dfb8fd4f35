"""What the tests of S3 as a source share: access to a server, and a server's answers by hand."""

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from pydantic import SecretStr

from jobs.sources import S3Access, SourceAccess, fetch
from jobs.sources.items import NewItem
from pipeline.errors import VerityError
from storage.egress import EgressGuard
from tests.local_site import Answer, Asked

SOUND = bytes(range(256)) * 4096  # 1 MiB


def access_to(endpoint_url: str, key: str = "key", secret: str = "word") -> SourceAccess:  # noqa: S107
    """Return access to an S3 server, as a job of the operator's has it."""
    s3 = S3Access(endpoint_url, "us-east-1", None, SecretStr(key), SecretStr(secret))
    return SourceAccess(EgressGuard(), s3)  # the guard is never asked


def page_of(keys: list[str], *, more: str = "") -> Answer:
    """Return a page of a listing, as S3 writes it; keys hold anything that a key may."""
    rows = "".join(
        f"<Contents><Key>{quote(key, safe='')}</Key><ETag>{quote(key)}</ETag><Size>1</Size>"
        "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
        for key in keys
    )
    rest = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{more}</NextContinuationToken>"
    head = f"<EncodingType>url</EncodingType>{rest if more else ''}"
    return Answer(f"<ListBucketResult>{head}{rows}</ListBucketResult>".encode(), "application/xml")


def query(asked: Asked, name: str) -> str:
    """Return what a request says of one parameter."""
    return parse_qs(urlsplit(asked.path).query).get(name, [""])[0]


def code_of(item: NewItem, folder: Path, access: SourceAccess) -> str:
    """Return the code with which fetching an item fails; nothing of it stays on the disk."""
    with pytest.raises(VerityError) as caught:
        fetch(item, folder / "item", access)
    assert not list(folder.glob("item/*"))
    return caught.value.code
