"""A job's cookies: checked when they are handed in, and shown to a site by the job's own rule."""

from collections.abc import Sequence

from jobs.source_options import Login
from jobs.sources.access import SourceAccess
from pipeline.errors import InputError, VerityError

MAX_COOKIE_BYTES = 1 << 20
_FIELDS = 7  # domain, subdomains, path, secure, expiry, name, value
_HTTP_ONLY = "#HttpOnly_"

# refusals after which the other way is tried: with cookies, where it was without, or the reverse
_ASKS_FOR_LOGIN = frozenset(
    {
        *("login_required", "age_restricted", "members_only", "video_private", "bot_wall"),
        *("access_denied", "video_deleted"),
    }
)


def check_cookies(text: str) -> str:
    """Return cookies in Netscape's form, as browsers' exporters and curl write them.

    Raises:
        InputError: they are not (`cookies_malformed`); the message names the line, never its words.
    """
    form = "Cookies come as a text file in Netscape's form (cookies.txt): seven columns with tabs"
    if len(text.encode("utf-8", "replace")) > MAX_COOKIE_BYTES:
        raise InputError(f"{form}, at most 1 MiB.", "cookies_malformed")
    n_cookies = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or (line.startswith("#") and not line.startswith(_HTTP_ONLY)):
            continue
        cells = line.removeprefix(_HTTP_ONLY).split("\t")
        if len(cells) != _FIELDS or not cells[0] or "\x00" in line:
            raise InputError(f"{form}; line {number} has another form.", "cookies_malformed")
        n_cookies += 1
    if not n_cookies:
        raise InputError(f"{form}; this one holds no cookie.", "cookies_malformed")
    # yt-dlp reads nothing that does not begin so
    return "# Netscape HTTP Cookie File\n" + text.replace("\r\n", "\n")


def ways_to_ask(access: SourceAccess) -> Sequence[str]:
    """Return the cookies of each try, in order: "" is an anonymous one.

    Raises:
        AccessError: the job's cookies are no longer kept, or cannot be opened here.
    """
    cookies = access.open_secret(access.options.cookies_id)
    if not cookies:
        return ("",)
    return (cookies, "") if access.options.login is Login.FIRST else ("", cookies)


def asks_for_login(error: VerityError) -> bool:
    """Tell whether a site might answer somebody else."""
    return error.code in _ASKS_FOR_LOGIN
