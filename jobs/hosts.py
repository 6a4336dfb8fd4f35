"""Which host is asked for a source: the name under which the fleet paces and cools it down.

A site that answers under several names is one host: whom youtu.be has shown a wall, youtube.com will
show it too.
"""

import re
from urllib.parse import urlsplit

MAX_HOST_CHARS = 261  # a name of 253 characters, a colon, a port

# the names of one site -> the one that stands for them; a name stands for those below it too
_SITES = {
    name: names[0]
    for names in (
        ("youtube.com", "youtu.be", "youtube-nocookie.com", "googlevideo.com", "ytimg.com"),
        ("soundcloud.com", "snd.sc", "sndcdn.com"),
        ("twitter.com", "x.com", "t.co", "twimg.com"),
        ("facebook.com", "fb.watch", "fbcdn.net"),
        ("instagram.com", "cdninstagram.com"),
        ("tiktok.com", "tiktokcdn.com"),
        ("dailymotion.com", "dai.ly"),
        ("bilibili.com", "b23.tv", "bilibili.tv"),
        ("vimeo.com", "vimeocdn.com"),
        ("twitch.tv", "ttvnw.net"),
        ("reddit.com", "redd.it"),
    )
    for name in names
}
# yt-dlp's searches: `ytsearch5:words`
_SEARCH_SITES = {"yt": "youtube.com", "sc": "soundcloud.com", "bili": "bilibili.com"}
_SEARCH = re.compile(r"(yt|sc|bili)search(?:date)?([0-9]{1,3})?:(?=.*\S)(?!//)", re.DOTALL)
MOST_FOUND = 200  # of one search


def search_of(source: str) -> str:
    """Return the site that a search asks, or "" where the source is no search.

    A search is `ytsearch10:words`, `ytsearchdate10:words`, `scsearch10:words` or
    `bilisearch10:words`; it finds one medium without a number, and at most 200 with one.
    """
    match = _SEARCH.match(source)
    if not match or not 0 < int(match[2] or 1) <= MOST_FOUND:
        return ""
    return _SEARCH_SITES[match[1]]


def host_of(source_uri: str) -> str:
    """Return the host and port that are asked for a source, or "" where no limit is needed."""
    if site := search_of(source_uri):
        return site
    if not source_uri.lower().startswith(("http://", "https://")):
        return ""
    try:
        netloc = urlsplit(source_uri).netloc.rpartition("@")[2].lower()
    except ValueError:  # fetching it will say why it is no URL
        return ""
    labels = netloc.removesuffix(":443").removesuffix(":80").split(".")
    for first in range(len(labels) - 1):
        if site := _SITES.get(".".join(labels[first:]), ""):
            return site
    if len(labels) > 2 and labels[0] in {"www", "m"}:
        labels = labels[1:]
    return ".".join(labels)[:MAX_HOST_CHARS]
