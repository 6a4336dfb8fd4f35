import pytest

from jobs.site_reader.live import LiveError, Segment, parse_playlist

HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:7\n"


def test_segments_are_numbered_from_the_sequence() -> None:
    text = HEAD + '#EXT-X-MAP:URI="i.mp4"\n#EXTINF:5.5,\na.m4s\n#EXTINF:4,x\n/b.m4s\n'
    playlist = parse_playlist(text, "http://a.test/live/p.m3u8")
    assert playlist.segments == (
        Segment(7, "http://a.test/live/a.m4s", 5.5),
        Segment(8, "http://a.test/b.m4s", 4.0),
    )
    assert playlist.header_url == "http://a.test/live/i.mp4"
    assert (playlist.target_s, playlist.has_ended) == (6.0, False)
    assert parse_playlist(text + "#EXT-X-ENDLIST\n", "http://a.test/").has_ended


def test_an_open_key_line_is_no_key() -> None:
    text = HEAD + "#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\na.ts\n"
    assert len(parse_playlist(text, "http://a.test/").segments) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        HEAD + '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:1,\na.ts\n',
        HEAD + "#EXT-X-BYTERANGE:10@0\n#EXTINF:1,\na.ts\n",
        HEAD + "#EXTINF:nan,\na.ts\n",
        HEAD + "#EXTINF:-1,\na.ts\n",
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x\n",
    ],
)
def test_what_cannot_be_recorded_says_so(text: str) -> None:
    with pytest.raises(LiveError):
        parse_playlist(text, "http://a.test/")
