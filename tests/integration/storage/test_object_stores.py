"""One contract for both stores, folder and S3."""

import hashlib
import stat
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from pipeline.errors import AccessError, ConfigError, ObjectStoreError
from storage.kept_objects import get_object
from storage.objects import (
    FolderStore,
    ObjectStore,
    check_object_store,
    object_key,
    open_object_store,
)
from storage.settings import StorageSettings
from tests.conftest import S3Server

DATA = b"%PDF-1.7 a report"
KEY = object_key("default", hashlib.sha256(DATA).hexdigest())
OTHER_KEY = object_key("other", "0" * 64)


def s3_settings(server: S3Server, **environ: str) -> StorageSettings:
    return StorageSettings.from_env(
        {**server.environ, "VERITY_OBJECTS": f"s3://{server.bucket}/reports", **environ}
    )


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        settings = StorageSettings.from_env({"VERITY_OBJECTS": str(tmp_path / "objects")})
    else:
        settings = s3_settings(request.getfixturevalue("s3_server"))
    return open_object_store(settings)


def test_what_was_put_is_got(store: ObjectStore) -> None:
    store.put(KEY, DATA, "application/pdf")
    assert store.get(KEY) == DATA
    assert get_object(store, KEY) == DATA
    assert store.exists(KEY)


@pytest.mark.parametrize("n_bytes", [0, 1, 20 << 20])  # the last goes to S3 in parts
def test_a_file_s_bytes_are_put_and_told(store: ObjectStore, tmp_path: Path, n_bytes: int) -> None:
    path = tmp_path / "medium"
    path.write_bytes(bytes(range(256)) * (n_bytes // 256) + b"x" * (n_bytes % 256))
    told: list[int] = []
    store.put_file(KEY, path, "application/octet-stream", told.append)
    assert store.get(KEY) == path.read_bytes()
    assert not n_bytes or max(told) == n_bytes
    assert list(store.list_keys()) == [KEY]


def test_check_of_a_store_leaves_nothing_behind(store: ObjectStore) -> None:
    check_object_store(store)
    assert list(store.list_keys()) == []


@pytest.mark.s3
def test_check_refuses_a_bucket_that_is_not_there(s3_server: S3Server) -> None:
    settings = s3_settings(s3_server, VERITY_OBJECTS="s3://not-there")
    with pytest.raises(ConfigError, match="not-there"):
        check_object_store(open_object_store(settings))


def test_put_again_replaces(store: ObjectStore) -> None:
    store.put(OTHER_KEY, b"old and longer", "text/plain")
    store.put(OTHER_KEY, b"new", "text/plain")
    assert store.get(OTHER_KEY) == b"new"


def test_empty_object_is_an_object(store: ObjectStore) -> None:
    store.put(OTHER_KEY, b"", "text/csv")
    assert store.exists(OTHER_KEY)
    assert store.get(OTHER_KEY) == b""


def test_missing_object_has_a_code_of_its_own(store: ObjectStore) -> None:
    with pytest.raises(ObjectStoreError, match="no object") as raised:
        store.get(KEY)
    assert raised.value.code == "object_missing"
    assert not store.exists(KEY)


def test_delete_removes_and_may_be_repeated(store: ObjectStore) -> None:
    store.put(KEY, DATA, "application/pdf")
    store.delete(KEY)
    store.delete(KEY)
    assert not store.exists(KEY)


def test_keys_are_listed_in_order_by_prefix(store: ObjectStore) -> None:
    keys = [object_key(account, digit * 64) for account in ("a", "ab", "b") for digit in "012"]
    for key in reversed(keys):
        store.put(key, b"x", "text/plain")
    assert sorted(store.list_keys()) == sorted(keys)
    assert list(store.list_keys("a/")) == keys[:3]
    assert list(store.list_keys("a/1")) == keys[1:2]
    assert list(store.list_keys("c")) == []


def test_empty_store_lists_nothing(store: ObjectStore) -> None:
    assert list(store.list_keys()) == []


def test_presigned_link_gives_the_bytes(store: ObjectStore) -> None:
    store.put(KEY, DATA, "application/pdf")
    link = store.presign(KEY, "Bericht 🎧.pdf", "application/pdf", 60)
    with urlopen(link) as answer:  # noqa: S310 (a link that we made)
        assert answer.read() == DATA


@pytest.mark.parametrize(
    "key", ["", "../etc/passwd", "a/b", "/" + "0" * 64, "a/../" + "0" * 64, "a/" + "0" * 64 + "\n"]
)
def test_key_that_we_did_not_make_goes_nowhere(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="no account/sha256"):
        store.put(key, b"x", "text/plain")


def test_damaged_object_is_not_handed_out(store: ObjectStore) -> None:
    store.put(KEY, b"something else", "application/pdf")
    with pytest.raises(ObjectStoreError, match="damaged"):
        get_object(store, KEY)


def test_folder_and_files_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "objects"
    FolderStore(folder).put(KEY, DATA, "application/pdf")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))]
    assert modes == [0o700, 0o700, 0o600]


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ObjectStoreError, match="object folder"):
        FolderStore(tmp_path / "file").put(KEY, DATA, "application/pdf")


@pytest.mark.s3
def test_presigned_link_is_the_only_way_in_and_expires(s3_server: S3Server) -> None:
    store = open_object_store(s3_settings(s3_server))
    store.put(KEY, DATA, "application/pdf")
    link = store.presign(KEY, "a.pdf", "application/pdf", 1)
    with pytest.raises(HTTPError, match="403"):
        urlopen(link.partition("?")[0])  # noqa: S310
    with pytest.raises(HTTPError, match="403"):
        urlopen(link.replace("a.pdf", "b.pdf"))  # noqa: S310
    time.sleep(2.1)
    with pytest.raises(HTTPError, match="403"):
        urlopen(link)  # noqa: S310


@pytest.mark.s3
def test_wrong_secret_is_an_access_error(s3_server: S3Server) -> None:
    store = open_object_store(s3_settings(s3_server, **{"AWS_SECRET_ACCESS_KEY": "wrong"}))
    with pytest.raises(AccessError, match="refuses our key"):
        store.put(KEY, DATA, "application/pdf")


@pytest.mark.s3
def test_missing_bucket_is_a_setting_to_change(s3_server: S3Server) -> None:
    store = open_object_store(s3_settings(s3_server, VERITY_OBJECTS="s3://not-there/x"))
    with pytest.raises(ConfigError, match="not-there"):
        store.put(KEY, DATA, "application/pdf")


@pytest.mark.s3
def test_server_that_is_away_is_an_outage(s3_server: S3Server) -> None:
    store = open_object_store(s3_settings(s3_server, AWS_ENDPOINT_URL="http://127.0.0.1:9"))
    with pytest.raises(ObjectStoreError, match="did not answer") as raised:
        store.put(KEY, DATA, "application/pdf")
    assert raised.value.retryable
