"""Live HLS under AES-128 from a local site: decrypted with the keys that its playlist names."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from jobs.source_options import SourceOptions
from jobs.sources import SourceAccess, fetch
from jobs.sources.items import NewItem
from pipeline.errors import VerityError
from pipeline.probe import probe
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from tests.local_site import Answer, Asked, LocalSite, local_site
from tests.makers import encode, speech_like

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]  # each child loads all of yt-dlp

N_SEGMENTS = 120
N_SHOWN = 6  # of them in each playlist; all but one are new, so a slow recorder misses none
KEYS = {"/key1": b"0123456789abcdef", "/key2": bytes(range(16))}
VECTOR = b"\x5a" * 16
HLS = "application/vnd.apple.mpegurl"


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        site.answers |= {path: Answer(key) for path, key in KEYS.items()}
        yield site


@pytest.fixture
def access(site: LocalSite) -> Iterator[SourceAccess]:
    with EgressGuard(EgressPolicy(parse_allow(site.host))) as guard:
        yield SourceAccess(guard)


@pytest.fixture
def parts(tmp_path: Path) -> list[bytes]:
    """Give speech as AAC, in pieces that end anywhere."""
    sound = encode(tmp_path / "a.aac", speech_like(3, 12.0), "-c:a", "aac", "-b:a", "48k")
    content = sound.read_bytes()
    size = len(content) // N_SEGMENTS + 1
    return [content[at : at + size] for at in range(0, len(content), size)]


def encrypted(content: bytes, key: bytes, vector: bytes) -> bytes:
    padder = padding.PKCS7(128).padder()
    sealer = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    whole = padder.update(content) + padder.finalize()
    return sealer.update(whole) + sealer.finalize()


def key_of(number: int) -> tuple[str, bytes]:
    """Return whose key a segment has, and its vector: every third one a vector of its own."""
    path = "/key1" if number // 4 % 2 else "/key2"
    return path, VECTOR if number % 3 == 0 else number.to_bytes(16)


def key_line(number: int) -> str:
    path, vector = key_of(number)
    said = f",IV=0x{vector.hex()}" if vector == VECTOR else ""
    return f'#EXT-X-KEY:METHOD=AES-128,URI="{path}"{said}\n'


def stream(site: LocalSite, parts: list[bytes]) -> None:
    """Serve the parts as a stream that goes on whenever somebody looks what is new."""
    looks = count(1)

    def playlist(_: Asked) -> Answer:
        newest = min(N_SHOWN + next(looks) * (N_SHOWN - 1), len(parts) - 1)
        numbers = range(newest - N_SHOWN + 1, newest + 1)
        lines = "".join(f"{key_line(n)}#EXTINF:0.2,\n/{n}.aac\n" for n in numbers)
        end = "#EXT-X-ENDLIST\n" if newest == len(parts) - 1 else ""
        head = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{numbers[0]}\n"
        return Answer((head + lines + end).encode(), HLS)

    site.answers["/live.m3u8"] = playlist
    for number, part in enumerate(parts):
        path, vector = key_of(number)
        site.answers[f"/{number}.aac"] = Answer(encrypted(part, KEYS[path], vector))


def item_of(site: LocalSite) -> NewItem:
    options = SourceOptions(live_minutes=0.05)
    return NewItem(site.url("/live.m3u8"), "t", "k", {"via": "site"} | options.fetch_facts())


def test_a_stream_whose_keys_and_vectors_change_is_recorded_as_it_was(
    site: LocalSite, access: SourceAccess, parts: list[bytes], tmp_path: Path
) -> None:
    stream(site, parts)
    fetched = fetch(item_of(site), tmp_path / "item", access)
    recorded = fetched.path.read_bytes()
    assert fetched.custody.facts["live_gaps"] == "0"
    whole = b"".join(parts)
    at = whole.index(recorded)
    assert at in {sum(map(len, parts[:n])) for n in range(len(parts))}
    assert len(recorded) > 10 * len(parts[0])
    assert [track.codec for track in probe(fetched.path, "a.aac").tracks] == ["aac"]
    asked = [one.path for one in site.asked]
    assert [asked.count(path) for path in KEYS] == [1, 1], "a key is asked for once"
    shown = repr(fetched)
    assert not any(key.hex() in shown or repr(key) in shown for key in KEYS.values())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(b"<html>sign in</html>"), "drm_protected"),
        (Answer(b"another key here"), "live"),
        (Answer(status=403), "login_required"),
        (Answer(status=302, headers={"Location": "http://169.254.169.254/"}), "egress_refused"),
    ],
)
def test_a_key_that_is_none_ends_with_a_name(
    site: LocalSite,
    access: SourceAccess,
    parts: list[bytes],
    tmp_path: Path,
    answer: Answer,
    code: str,
) -> None:
    stream(site, parts)
    site.answers |= {"/key1": answer, "/key2": answer}
    with pytest.raises(VerityError) as caught:
        fetch(item_of(site), tmp_path / "item", replace(access))
    assert caught.value.code == code
    assert not list((tmp_path / "item").iterdir())
