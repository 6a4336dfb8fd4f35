"""The demo's servers: what they offer, and that nothing of them is left."""

import subprocess
from pathlib import Path

import boto3
import httpx
import pytest
import yt_dlp
from botocore.exceptions import ClientError, EndpointConnectionError
from types_boto3_s3 import S3Client

from console.demo.local_s3 import serve_s3
from console.demo.local_site import FeedEntry, serve_site
from console.demo.sample_media import ODD_TITLE
from tests.makers import tone, wav_bytes


def test_yt_dlp_lists_the_playlist_with_its_titles_kept() -> None:
    sound = wav_bytes(tone())
    entries = (FeedEntry("a.wav", "First", sound), FeedEntry("b c.wav", ODD_TITLE, sound))
    options = {"quiet": True, "no_warnings": True, "extract_flat": "in_playlist", "proxy": ""}
    with serve_site("Playlist", entries) as site, yt_dlp.YoutubeDL(options) as downloader:
        found = downloader.extract_info(site.playlist_url, download=False)
    assert [entry["title"] for entry in found["entries"]] == ["First", ODD_TITLE]


def test_the_site_gives_the_bytes_that_are_asked_for() -> None:
    with (
        serve_site("Playlist", (FeedEntry("a.wav", "First", b"0123456789"),)) as site,
        httpx.Client(base_url=f"http://{site.address}", trust_env=False, timeout=60) as client,
    ):
        assert client.get("/media/a.wav").content == b"0123456789"
        part = client.get("/media/a.wav", headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (206, b"234")
        assert client.get("/media/a.wav", headers={"Range": "bytes=-2"}).content == b"89"
        assert client.get("/../pyproject.toml").status_code == 404


@pytest.mark.s3
def test_the_s3_server_takes_its_own_keys_only_and_stops(tmp_path: Path) -> None:
    (tmp_path / "sound").write_bytes(b"sound")
    with serve_s3(tmp_path / "data", tmp_path / "log") as server:
        server.put_all("bucket", {"press/sound": tmp_path / "sound"})
        listed = _client(server.endpoint_url, server.access_key_id, server.secret_access_key)
        assert listed.list_objects_v2(Bucket="bucket", Prefix="press/")["KeyCount"] == 1
        stranger = _client(server.endpoint_url, server.access_key_id, "wrong")
        with pytest.raises(ClientError):
            stranger.list_objects_v2(Bucket="bucket")
    with pytest.raises(EndpointConnectionError):
        listed.list_objects_v2(Bucket="bucket")


def test_the_s3_server_ends_with_its_block_when_the_block_fails(tmp_path: Path) -> None:
    urls: list[str] = []
    with pytest.raises(subprocess.CalledProcessError):
        _fail_inside(tmp_path, urls)
    with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as client:
        client.get(urls[0])


def _fail_inside(folder: Path, urls: list[str]) -> None:
    with serve_s3(folder / "data", folder / "log") as server:
        urls.append(server.endpoint_url)
        raise subprocess.CalledProcessError(1, "verity")


def _client(url: str, access_key_id: str, secret_access_key: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name="us-east-1",
    )
