"""Run a fleet worker: `python -m workers [--until-idle]`; `verity work` does the same and talks."""

import argparse
import logging
import os
import signal
import sys
import threading

from pipeline.errors import AccessError, ConfigError, OutageError, VerityError
from workers.fleet import run_fleet
from workers.fleet_events import FleetEvent
from workers.log_format import LogFormatter
from workers.settings import FleetSettings

_log = logging.getLogger("workers")
EXIT_OTHER = 70  # EX_SOFTWARE
EXIT_CODES: tuple[tuple[type[VerityError], int], ...] = (  # those of the command line
    (ConfigError, 78),  # EX_CONFIG
    (AccessError, 77),  # EX_NOPERM
    (OutageError, 75),  # EX_TEMPFAIL: start it again later
)


def main() -> int:
    """Work until SIGTERM or SIGINT, the second of which gives back at once; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--until-idle", action="store_true", help="end when no job has work left")
    parser.add_argument("--log-json", action="store_true", help="one JSON object a log line")
    arguments = parser.parse_args()
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter(as_json=arguments.log_json))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    stop, hurry = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: (hurry if stop.is_set() else stop).set())
    try:
        settings = FleetSettings.from_env(os.environ)  # noqa: TID251 (an entry point)
        summary = run_fleet(settings, arguments.until_idle, stop, _log_event, hurry)
    except VerityError as error:
        _log.error(error.message, extra={"code": error.code})
        return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_OTHER)
    _log.info("ended: %s", summary)
    return 0


def _log_event(event: FleetEvent) -> None:
    claim = event.claim
    facts: dict[str, object] = {"event": event.kind.value, "stage": event.stage}
    if claim is not None:
        facts |= {"job_id": claim.job_id, "item_id": claim.item_id, "attempt": claim.attempt}
    name = "" if claim is None else f" item {claim.item_id} attempt {claim.attempt}"
    _log.info("%s%s %s %s", event.kind, name, event.stage, event.text, extra=facts)


if __name__ == "__main__":
    sys.exit(main())
