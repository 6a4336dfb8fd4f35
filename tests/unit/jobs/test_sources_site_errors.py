"""Every sentence here is yt-dlp's, or one of a site that yt-dlp passes on."""

from pathlib import Path

import pytest
import yt_dlp

from jobs.sources.site_errors import to_site_error
from pipeline.errors import AccessError, FetchFailedError

URL = "https://www.youtube.com/watch?v=abcdefghijk"
SENTENCES = [
    ("Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies", "bot_wall"),
    ("This video is unavailable. YouTube is requiring a captcha challenge before playback", "bot_wall"),
    ("Got HTTP Error 403 caused by Cloudflare anti-bot challenge", "bot_wall"),
    ("Unable to download API page: HTTP Error 429: Too Many Requests (caused by <HTTPError>)", "rate_limited"),
    ("This content isn't available, try again later. The current session has been rate-limited by"
     " YouTube for up to an hour. It is recommended to use `-t sleep`", "rate_limited"),
    ("You are rate-limited. Try again later.", "rate_limited"),
    ("Private video. Sign in if you've been granted access to this video. Use --cookies", "video_private"),
    ("This video is private", "video_private"),
    ("Video unavailable. This video has been removed by the uploader", "video_deleted"),
    ("Video unavailable. This video is no longer available because the YouTube account associated"
     " with this video has been terminated.", "video_deleted"),
    ("Video unavailable", "video_deleted"),
    ("This video has been removed for violating YouTube's Terms of Service", "video_deleted"),
    ("This video is unavailable", "video_deleted"),
    ("The playlist does not exist.", "video_deleted"),
    ("Video unavailable. The uploader has not made this video available in your country", "geo_blocked"),
    ("This video is not available from your location due to geo restriction", "geo_blocked"),
    ("Sorry, this content is not available in your country.", "geo_blocked"),
    ("Video unavailable. This video contains content from SME, who has blocked it in your country on"
     " copyright grounds", "geo_blocked"),
    ("Sign in to confirm your age. This video may be inappropriate for some users. Use --cookies", "age_restricted"),
    ("This video is age-restricted and YouTube is requiring account age-verification", "age_restricted"),
    ("Join this channel to get access to members-only content like this video, and other exclusive perks.",
     "members_only"),
    ("This video is available to this channel's members on level: Supporter (or any higher level)."
     " Join this channel to get access", "members_only"),
    ("This video is for premium members only", "members_only"),
    ("This video/podcast is for members only", "members_only"),
    ("Premieres in 3 hours", "premiere"),
    ("This live event will begin in 25 minutes.", "premiere"),
    ("This live event will begin at 2026-12-01 10:00 UTC", "premiere"),
    ("This live event has not yet started", "premiere"),
    ("the stream has not begun", "premiere"),
    ("the stream is running", "live"),
    ("This live stream recording is not available.", "live"),
    ("The channel is not currently live", "not_live"),
    ("This live event has ended.", "not_live"),
    ("This video is DRM protected", "drm_protected"),
    ("This video is only available for registered users. Use --cookies", "login_required"),
    ("unable to download video data: HTTP Error 403: Forbidden", "login_required"),
    ("Unable to download webpage: HTTP Error 404: Not Found (caused by <HTTPError 404: Not Found>)", "not_found"),
    ("Unsupported URL: https://example.org/", "no_media"),
    ("No video formats found!; please report this issue on https://github.com/yt-dlp/yt-dlp/issues", "no_media"),
    ("Requested format is not available. Use --list-formats for a list of available formats", "no_media"),
    ("over the limit of bytes", "too_many_bytes"),
    ("Unable to download webpage: HTTP Error 503: Service Unavailable", "fetch_failed"),
    ("Unable to download webpage: [Errno 104] Connection reset by peer", "fetch_failed"),
    ("Unable to download webpage: The read operation timed out", "fetch_failed"),
    ("Did not get any data blocks", "fetch_failed"),
    ("abc: Failed to parse JSON (caused by JSONDecodeError)", "site_not_understood"),
]  # fmt: skip

# Words of the table that stand in yt-dlp's own source: a release that drops one is noticed here.
IN_SOURCE = {
    "extractor/common.py": [
        "This video is DRM protected",
        "This video is not available from your location due to geo restriction",
        "This video is only available for registered users",
    ],
    "extractor/youtube/_video.py": [
        "The uploader has not made this video available in your country",
        "YouTube is requiring a captcha challenge before playback",
        "has been rate-limited by YouTube for up to an hour",
        "This video is age-restricted and YouTube is requiring ",
    ],
    "utils/_utils.py": ["Unsupported URL"],
    "extractor/generic.py": ["caused by Cloudflare anti-bot challenge"],
    "YoutubeDL.py": ["Requested format is not available", "No video formats found"],
    "downloader/http.py": ["Did not get any data blocks"],
}


@pytest.mark.parametrize(("sentence", "code"), SENTENCES)
@pytest.mark.parametrize("form", ["{}", "ERROR: [youtube] abcdefghijk: {}", "[generic] {}"])
def test_each_sentence_has_its_code(sentence: str, code: str, form: str) -> None:
    assert to_site_error(form.format(sentence), URL).code == code


@pytest.mark.parametrize(
    ("file", "words"), [(file, words) for file, many in IN_SOURCE.items() for words in many]
)
def test_the_words_are_those_of_the_installed_yt_dlp(file: str, words: str) -> None:
    source = (Path(yt_dlp.__file__).parent / file).read_text(encoding="utf-8")
    assert words in source


def test_walls_and_limits_are_tried_later_and_private_ones_never() -> None:
    wall = to_site_error("Sign in to confirm you're not a bot", URL)
    limit = to_site_error("HTTP Error 429: Too Many Requests", URL)
    private = to_site_error("Private video. Sign in", URL)
    assert isinstance(wall, FetchFailedError)
    assert (wall.retry_after_s or 0) > (limit.retry_after_s or 0) > 0
    assert isinstance(private, AccessError)
    assert not private.retryable


def test_a_refusal_of_the_guard_is_named_with_the_address() -> None:
    error = to_site_error(
        "unable to download video data: HTTP Error 403: egress_refused private_address 127.0.0.2:80",
        URL,
    )
    assert (error.code, error.retryable) == ("egress_refused", False)
    assert "127.0.0.2:80" in error.message
    assert "www.youtube.com leads" in error.message
    hidden = to_site_error(
        "Unable to download webpage", URL, "ProxyError('403 egress_refused odd_address')"
    )
    assert hidden.code == "egress_refused"


def test_messages_for_people_lose_the_advice_about_another_command_line() -> None:
    error = to_site_error(
        "ERROR: [youtube] abc: Private video. Use --cookies-from-browser or --cookies for the"
        " authentication. See  https://github.com/yt-dlp/yt-dlp/wiki/FAQ",
        URL,
    )
    assert "--cookies" not in error.message
    assert "Private video" in error.message
