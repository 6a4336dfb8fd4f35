"""Compares the locked packages with known weaknesses, by pip-audit: `make audit`.

What is accepted stands in `requirements/accepted.txt`, with a reason and an end. Whether anybody
answers is found out first, by a package whose weakness is known: where that is not found, nothing
would be, and saying that all is well would be wrong.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.errors import ConfigError

CANARY = "requests==2.19.1"  # its weakness is PYSEC-2018-28; nothing of ours
TIMEOUT_S = 600
ROOT = Path(__file__).resolve().parents[1]
AUDIT = ROOT / "var/audit/bin/pip-audit"
CANARY_FILE = ROOT / "var/audit/canary.txt"
LOCK = ROOT / "requirements/run.lock"
ACCEPTED = ROOT / "requirements/accepted.txt"


@dataclass(frozen=True, slots=True, order=True)
class Weakness:
    """A known weakness of a package that is installed."""

    package: str
    version: str
    weakness_id: str
    fixed_in: str


def accepted_ids(text: str, today: date) -> frozenset[str]:
    """Return the ids of the weaknesses that are accepted today.

    Args:
        text: `ID UNTIL REASON` a line; `#` begins a comment.
        today: an entry whose day has passed is accepted no more.

    Raises:
        ConfigError: a line has no day, or no reason.
    """
    found = set()
    for line in text.splitlines():
        said = line.partition("#")[0].split(maxsplit=2)
        if not said:
            continue
        try:
            weakness_id, until, _reason = said
            if today <= date.fromisoformat(until):
                found.add(weakness_id)
        except ValueError as error:
            raise ConfigError(
                f"requirements/accepted.txt: {line!r} has not the form ID YYYY-MM-DD REASON."
            ) from error
    return frozenset(found)


def weaknesses_in(answer: str) -> list[Weakness]:
    """Return what pip-audit found, from its JSON."""
    packages = json.loads(answer)["dependencies"]
    return sorted(
        Weakness(one["name"], one["version"], known["id"], ", ".join(known["fix_versions"]))
        for one in packages
        for known in one.get("vulns", ())
    )


def unasked_in(answer: str) -> list[str]:
    """Return the packages that pip-audit could not ask about."""
    return [one["name"] for one in json.loads(answer)["dependencies"] if "skip_reason" in one]


def main() -> int:
    """Print what is found; 1: there is a weakness that nobody accepted, or the audit broke off."""
    say = sys.stdout.write
    CANARY_FILE.write_text(CANARY + "\n")
    if not weaknesses_in(_ask("--no-deps", "-r", str(CANARY_FILE))):
        say(
            "NOT AUDITED: no advisory service answers from here (pip-audit finds nothing even in"
            f" {CANARY}). The locked packages were compared with nothing; run `make audit` where"
            " pypi.org itself can be reached.\n"
        )
        return 0
    answer = _ask("--require-hashes", "-r", str(LOCK))
    if not json.loads(answer)[
        "dependencies"
    ]:  # the canary was answered, so this is no missing service
        say(f"NOT AUDITED: pip-audit gave no answer about {LOCK.name}: run `make audit` again.\n")
        return 1
    accepted = accepted_ids(ACCEPTED.read_text("utf-8"), datetime.now(UTC).date())
    known = weaknesses_in(answer)
    for one in known:
        mark = "accepted" if one.weakness_id in accepted else "WEAK"
        say(f"{mark}: {one.package} {one.version}: {one.weakness_id}, fixed in {one.fixed_in}\n")
    if unasked := unasked_in(answer):
        say(f"NOT AUDITED: {', '.join(unasked)}\n")
    return int(any(one.weakness_id not in accepted for one in known))


def _ask(*arguments: str) -> str:
    """Return pip-audit's answer as JSON; one without a package where it did not get any."""
    nothing = '{"dependencies": []}'
    argv: Sequence[str] = (str(AUDIT), "--disable-pip", "-f", "json", *arguments)
    try:
        done = subprocess.run(  # noqa: S603 (a list of our own words)
            argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return nothing
    return done.stdout if done.stdout.lstrip().startswith("{") else nothing


if __name__ == "__main__":
    sys.exit(main())
