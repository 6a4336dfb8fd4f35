import pytest

from jobs.site_reader.live_playlist import Key, LiveError, Part, Segment, parse_playlist

HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:7\n"


def test_segments_are_numbered_from_the_sequence() -> None:
    text = HEAD + '#EXT-X-MAP:URI="i.mp4"\n#EXTINF:5.5,\na.m4s\n#EXTINF:4,x\n/b.m4s\n'
    playlist = parse_playlist(text, "http://a.test/live/p.m3u8")
    header = Part("http://a.test/live/i.mp4")
    assert playlist.segments == (
        Segment(7, "http://a.test/live/a.m4s", 5.5, header=header),
        Segment(8, "http://a.test/b.m4s", 4.0, header=header),
    )
    assert (playlist.target_s, playlist.has_ended) == (6.0, False)
    assert parse_playlist(text + "#EXT-X-ENDLIST\n", "http://a.test/").has_ended


def test_an_open_key_line_is_no_key() -> None:
    text = HEAD + "#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\na.ts\n"
    (segment,) = parse_playlist(text, "http://a.test/").segments
    assert segment.key is None


def test_a_key_holds_for_what_follows_and_a_number_is_the_vector_where_none_is_said() -> None:
    vector = "0x" + "ab" * 16
    text = (
        f'{HEAD}#EXTINF:1,\nopen.ts\n#EXT-X-KEY:METHOD=AES-128,URI="k1"\n#EXTINF:1,\na.ts\n#EXTINF:1,\nb.ts\n'
        f'#EXT-X-KEY:METHOD=AES-128,URI="k2",IV={vector}\n#EXT-X-MAP:URI="i.mp4"\n#EXTINF:1,\nc.ts\n'
    )
    first, a, b, c = parse_playlist(text, "http://a.test/live/p.m3u8").segments
    assert (first.key, first.header) == (None, None)
    assert a.key == Key("http://a.test/live/k1", (8).to_bytes(16))
    assert b.key == Key("http://a.test/live/k1", (9).to_bytes(16))
    assert c.key == Key("http://a.test/live/k2", b"\xab" * 16)
    assert c.header == Part("http://a.test/live/i.mp4", c.key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        HEAD + '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:1,\na.ts\n',
        HEAD + '#EXT-X-KEY:METHOD=AES-128,URI="k",KEYFORMAT="com.apple"\n#EXTINF:1,\na.ts\n',
        HEAD + "#EXT-X-KEY:METHOD=AES-128\n#EXTINF:1,\na.ts\n",
        HEAD + '#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0xg\n#EXTINF:1,\na.ts\n',
        HEAD + f'#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x{"f" * 33}\n#EXTINF:1,\na.ts\n',
        HEAD + '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-MAP:URI="i"\n#EXTINF:1,\na.ts\n',
        HEAD + "#EXT-X-BYTERANGE:10@0\n#EXTINF:1,\na.ts\n",
        HEAD + "#EXTINF:nan,\na.ts\n",
        HEAD + "#EXTINF:-1,\na.ts\n",
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x\n",
    ],
)
def test_what_cannot_be_recorded_says_so(text: str) -> None:
    with pytest.raises(LiveError):
        parse_playlist(text, "http://a.test/")
