"""From the words of yt-dlp and of media sites to our codes: a table, read from the top.

yt-dlp has no codes: a private video and a full disk are both a `DownloadError` with a sentence. The
sentences are those of yt-dlp 2026.10.26 and of the sites whose answers it passes on; a test reads
yt-dlp's own source for them, so that a new release that says it otherwise is noticed.
"""

import re
from dataclasses import dataclass

from jobs.sources.http_errors import egress_error, host_of
from pipeline.errors import (
    AccessError,
    FetchFailedError,
    InputError,
    LimitExceededError,
    MediaUnsupportedError,
    SourceNotFoundError,
    VerityError,
)
from storage.egress_proxy import REFUSED

_HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True)
class SiteError:
    """One kind of refusal."""

    code: str
    kind: type[VerityError]
    pattern: re.Pattern[str]
    says: str  # for people
    retry_after_s: float | None = None


def _row(
    code: str,
    kind: type[VerityError],
    pattern: str,
    says: str,
    retry_after_s: float | None = None,
) -> SiteError:
    return SiteError(
        code, kind, re.compile(pattern, re.IGNORECASE | re.DOTALL), says, retry_after_s
    )


# Order matters: a bot wall says "sign in", as do private, age-gated and members-only videos.
SITE_ERRORS = (
    _row(
        "bot_wall",
        FetchFailedError,
        r"confirm you.?re not a bot|captcha|unusual traffic|verify you are (?:a )?human"
        r"|automated (?:access|queries)|cloudflare anti-bot",
        "The site asks for a proof that a person is asking. Its host is left alone for a while.",
        6 * _HOUR_S,
    ),
    _row(
        "rate_limited",
        FetchFailedError,
        r"HTTP Error 429|too many requests|rate.?limit|try again later\. (?:your account|the current)",
        "The site asks us to slow down. The item is tried again later.",
        _HOUR_S,
    ),
    _row(
        "members_only",
        AccessError,
        r"members[- ]only|join this channel|available to this channel's members|premium members"
        r"|for (?:paying |premium |registered )?(?:subscribers|members) only|requires payment"
        r"|only available (?:to|for) (?:\w+ )*(?:subscribers|members|patrons)|music premium",
        "The medium is for paying members only.",
    ),
    _row(
        "video_private",
        AccessError,
        r"private video|(?:video|playlist|post|account|track|content|this) is private"
        r"|this private (?:video|account)|is not public",
        "The medium is private.",
    ),
    _row(
        "age_restricted",
        AccessError,
        r"confirm your age|age.?restricted|age.?gate|inappropriate for some users|adults? only"
        r"|age.?verification|is only available to (?:\w+ )*adults",
        "The medium is age-restricted: the site shows it only to accounts of a proven age.",
    ),
    _row(
        "geo_blocked",
        AccessError,
        r"geo.?restrict|geo.?block|not (?:made this video )?available (?:in|from) your"
        r" (?:country|location|region|area)|not available from your location|blocked it in your"
        r"|unavailable in your (?:country|region|location)|HTTP Error 451|in your country",
        "The medium is not shown in the country from which this fleet asks.",
    ),
    _row(
        "premiere",
        InputError,
        r"premieres? (?:in|on|will)|premiering|live event (?:will begin|is scheduled|has not yet)"
        r"|live stream (?:will begin|has not|hasn't)|is upcoming|scheduled for|the stream has not"
        r" begun|offline event|will be available (?:in|on)|not yet (?:available|started|aired)",
        "The medium has not been broadcast yet: submit it again afterwards.",
    ),
    _row(
        "not_live",
        SourceNotFoundError,
        r"not currently live|channel is (?:not live|offline)|is offline|live (?:event|stream) has"
        r" ended|this live (?:event|stream).{0,20}ended",
        "Nothing is being broadcast there, and there is no recording.",
    ),
    _row(
        "live",
        InputError,
        r"the stream is running|is (?:currently )?live\b|live stream recording is not available"
        r"|currently live",
        "The medium is a live stream that is still running: submit it again when it has ended.",
    ),
    _row(
        "drm_protected",
        MediaUnsupportedError,
        r"DRM",
        "The medium is encrypted (DRM): it can be played, but not be analysed.",
    ),
    _row(
        "no_media",
        MediaUnsupportedError,
        r"unsupported url|no video formats|requested format is not available|no (?:suitable )?"
        r"(?:video|media|audio|formats?)(?: \w+)? (?:found|could be found|in this)|no media"
        r"|there.s no video|not a video|holds no media|is not a valid url|no (?:videos?|playlist) in",
        "No audio or video was found at this address.",
    ),
    _row(
        "video_deleted",
        SourceNotFoundError,
        r"(?:video|content|post|track|this) (?:has been|was|is|have been) (?:removed|deleted)"
        r"|removed (?:by|for|due|because)|(?:no longer|isn.t|is not|not) available"
        r"|account associated .{0,60}terminated|account (?:has been|was) (?:terminated|suspended)"
        r"|deleted|(?:video|playlist|content|this video|episode) (?:is )?unavailable"
        r"|does not exist|doesn.t exist|HTTP Error 410|taken down|copyright",
        "The medium was removed, or never existed.",
    ),
    _row(
        "login_required",
        AccessError,
        r"log.?in|sign in|only available for registered users|cookies|password|authenticat"
        r"|HTTP Error 40[1237]|need to (?:be )?logged",
        "The site shows the medium only to people who are logged in, or refuses access.",
    ),
    _row(
        "not_found",
        SourceNotFoundError,
        r"HTTP Error 404|not found|name_not_found",
        "There is nothing at this address.",
    ),
    _row(
        "too_many_bytes",
        LimitExceededError,
        r"over the limit of bytes|larger than max-filesize|File too large",
        "The medium is larger than VERITY_FETCH_MAX_BYTES allows.",
    ),
    _row(
        "several_media",
        InputError,
        r"several media",
        "The page holds several media: submit it as a source of its own.",
    ),
    _row(
        "disk_full",
        FetchFailedError,
        r"No space left on device|quota exceeded",
        "There is no room on this machine's disk for the medium.",
    ),
    _row(
        "fetch_failed",
        FetchFailedError,
        r"HTTP Error 5\d\d|timed? ?out|connection|transport|incomplete|did not get any data"
        r"|unable to (?:connect|download)|cannot_connect|remote end|network|temporar|SSL|reset by"
        r"|fragment|content too short|gave no answer|bad_answer|too_slow",
        "The site did not answer as it should; it is tried again later.",
    ),
)


def to_site_error(message: str, url: str, cause: str = "") -> VerityError:
    """Return our error for a sentence of yt-dlp's.

    Args:
        message: the sentence.
        url: what was asked for.
        cause: the error beneath, where there is one: it says whether the guard refused.
    """
    if REFUSED in message or REFUSED in cause:
        return egress_error(url, message if REFUSED in message else cause)
    words = _plain(message)
    host = host_of(url)
    for row in SITE_ERRORS:
        if row.pattern.search(words):
            return row.kind(f"{row.says} ({host}: {words[:200]})", row.code, row.retry_after_s)
    # A sentence that nobody has seen is most likely a change of the site, which a new release of
    # yt-dlp follows within days: worth another try, and worth its own code.
    return FetchFailedError(
        f"{host} could not be read: {words[:300]}. A newer yt-dlp may know how.",
        "site_not_understood",
    )


def _plain(message: str) -> str:
    """Return the sentence without `ERROR:`, extractor, id, and advice about the command line."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", message)
    text = re.sub(r"^(?:ERROR:\s*)?(?:\[[\w:+.-]+\]\s*)?(?:[\w-]{1,64}:\s+)?", "", text)
    text = re.split(
        r"\s*(?:[;.]\s*please report this issue on|Confirm you are on the latest version"
        r"|\(caused by|Use --cookies|See\s+https://github\.com/yt-dlp)",
        text,
        maxsplit=1,
    )[0]
    return " ".join(text.split()).strip(" .;")
