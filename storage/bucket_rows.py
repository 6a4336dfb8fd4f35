"""Token buckets that several servers share, in SQL: a minute's requests, filled steadily."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

MINUTE_S = 60.0

# asked in the order of names, so that two servers cannot wait for each other
_TAKE = text("""
INSERT INTO request_bucket AS b (subject, tokens, filled_at)
VALUES (:subject, CAST(:most AS float) - 1, clock_timestamp())
ON CONFLICT (subject) DO UPDATE SET
    tokens = least(:most, b.tokens
        + extract(epoch FROM clock_timestamp() - b.filled_at) * :most / :minute_s) - 1,
    filled_at = clock_timestamp()
RETURNING tokens
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """A bucket after a token was taken; below 0 there was none."""

    subject: str
    limit: int
    tokens: float


def take(connection: Connection, limits: Mapping[str, int]) -> list[Taken]:
    """Take one of each bucket; where one holds less than none, the caller rolls back."""
    connection.execute(text("SET LOCAL synchronous_commit = off"))  # worth a minute at most
    found = []
    for subject in sorted(limits):
        values = {"subject": subject, "most": limits[subject], "minute_s": MINUTE_S}
        tokens = float(connection.execute(_TAKE, values).scalar_one())
        found.append(Taken(subject, limits[subject], tokens))
    return found
