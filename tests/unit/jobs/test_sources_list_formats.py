import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.sources.items import Listed, NewItem
from jobs.sources.list_formats import suffix_of_text
from jobs.sources.lists import list_entries
from jobs.sources.s3_events import ObjectEvent, events_of
from pipeline.errors import FetchFailedError, InputError

PUT = {
    "eventName": "ObjectCreated:Put",
    "s3": {
        "bucket": {"name": "press"},
        "object": {"key": "a+b/%C3%BC%0A.wav", "size": 7, "eTag": "e1", "versionId": "v1"},
    },
}
EVENT = ObjectEvent("press", "a b/ü\n.wav", 7, '"e1"', "v1")
REMOVED = {"eventName": "ObjectRemoved:Delete", "s3": {"bucket": {"name": "press"}, "object": {}}}
EVENTBRIDGE = {
    "detail-type": "Object Created",
    "detail": {
        "bucket": {"name": "press"},
        "object": {"key": "a b/ü\n.wav", "size": 7, "etag": "e1", "version-id": "v1"},
    },
}
S3 = {"Records": [PUT, REMOVED]}
SNS = {"Type": "Notification", "Message": json.dumps(S3)}


def list_one(entry: str) -> Iterator[Listed]:
    if "away" in entry:
        raise FetchFailedError("It is away.")
    yield Listed(NewItem(entry, "t", entry))
    yield Listed(NewItem(f"{entry}#2", "t", f"{entry}#2"))


def items_of(path: Path) -> list[NewItem]:
    return [listed.item for listed in list_entries(str(path), list_one)]


def write(folder: Path, name: str, document: object) -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


def test_json_holds_sources_and_rows(tmp_path: Path) -> None:
    rows = ["https://a.test/1", {"url": "https://a.test/2", "name": "N", "labels": ["x", "y"]}]
    plain, _, named, second = items_of(write(tmp_path, "l.json", rows))
    assert plain.source_uri == "https://a.test/1"
    assert (named.title, named.facts) == ("N", {"labels": "x;y"})
    assert second.title == "N: t"


def test_a_document_a_line_is_read_too(tmp_path: Path) -> None:
    lines = '"https://a.test/1"\n\n{"url": "https://a.test/2", "priority": "LIVE"}\n'
    items = items_of(write(tmp_path, "l.jsonl", lines))
    assert [item.facts.get("priority", "") for item in items] == ["", "", "live", "live"]


def test_entries_that_are_none_fail_alone(tmp_path: Path) -> None:
    rows = [
        7,
        {"name": "no url"},
        None,
        "https://a.test/1",
        {"url": "https://a.test/2", "priority": 9},
    ]
    items = items_of(write(tmp_path, "l.json", rows))
    codes = [item.facts.get("error_code") for item in items]
    assert codes == ["list_malformed"] * 3 + [None, None] + ["list_malformed"]
    assert len({item.source_key for item in items}) == 6


@pytest.mark.parametrize("text", ["{", "[1, 2", '"a"\nnot json\n', "[" * 100_000])
def test_what_is_no_json_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        items_of(write(tmp_path, "l.json", text))
    assert caught.value.code == "list_malformed"


@pytest.mark.parametrize(
    "message",
    [
        S3,
        EVENTBRIDGE,
        SNS,
        {"Body": json.dumps(S3)},
        {"Body": json.dumps(SNS)},
        {"Records": [{"body": json.dumps(S3)}]},
        {"Records": [{"Sns": SNS}]},
    ],
)
def test_notifications_are_read_in_every_envelope(message: object) -> None:
    assert events_of(message) == [EVENT]


def test_a_notification_pins_what_it_tells_of(tmp_path: Path) -> None:
    other = json.loads(json.dumps(S3).replace("e1", "e2").replace("v1", "null"))
    first, again, second = items_of(
        write(tmp_path, "events.jsonl", f"{json.dumps(S3)}\n" * 2 + json.dumps(other))
    )
    assert first.facts == {
        "via": "s3",
        "bucket": "press",
        "key": "a%20b/%C3%BC%0A.wav",
        "etag": '"e1"',
        "version_id": "v1",
        "size_bytes": "7",
    }
    assert first.source_key == again.source_key, "delivered twice, it is one item"
    assert second.source_key != first.source_key, "another version of the key is another item"
    assert first.title == "ü\n.wav"


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ({"Event": "s3:TestEvent"}, []),
        ({"Records": [REMOVED]}, []),
        (EVENTBRIDGE | {"detail-type": "Object Deleted"}, []),
        ({"url": "https://a.test/1"}, None),
        ("https://a.test/1", None),
        ({"Body": "plain"}, None),
    ],
)
def test_what_tells_of_no_new_object_gives_none(message: object, events: object) -> None:
    assert events_of(message) == events


NO_BUCKET = {"eventName": "ObjectCreated:Put", "s3": {}}
NO_KEY = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": 5}}}


@pytest.mark.parametrize("record", [{"s3": {}}, NO_BUCKET, NO_KEY, 7])
def test_a_broken_notification_is_one_failed_item(tmp_path: Path, record: object) -> None:
    (item,) = items_of(write(tmp_path, "events.json", {"Records": [record]}))
    assert item.facts["error_code"] == "event_malformed"


def test_a_list_goes_on_at_its_cursor_and_forgets_no_outage(tmp_path: Path) -> None:
    path = write(tmp_path, "l.txt", "".join(f"https://a.test/{n}\n" for n in range(1, 5)))
    listed = list(list_entries(str(path), list_one))
    rest = list(list_entries(str(path), list_one, listed[5].cursor))
    assert rest == listed[4:], "the row that was not finished comes again"
    path.write_text("https://a.test/1\nhttps://a.test/away\nhttps://a.test/3\n")
    found: list[Listed] = []
    with pytest.raises(FetchFailedError):
        found.extend(list_entries(str(path), list_one))
    # what was away is in the second row: the next try begins there
    assert [one.cursor for one in found] == ["1", "1", "2", "2"]


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('\ufeff [{"url": 1}]', ".json"),
        ('{"Records": []}', ".json"),
        ("name,url\n", ".csv"),
        ('"URL"\n', ".csv"),
        ("https://a.test/,b\n", ".txt"),
        ("", ".txt"),
    ],
)
def test_a_list_without_a_name_is_known_by_its_first_line(text: str, suffix: str) -> None:
    assert suffix_of_text(text) == suffix
