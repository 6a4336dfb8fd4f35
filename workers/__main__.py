"""Run a fleet worker: `python -m workers [--until-idle]`; `verity work` does the same and talks."""

import argparse
import logging
import os
import signal
import sys
import threading

from pipeline.errors import ConfigError, VerityError
from workers.fleet import run_fleet
from workers.fleet_events import FleetEvent
from workers.settings import FleetSettings

_log = logging.getLogger("workers")
EXIT_CONFIG = 78
EXIT_OUTAGE = 75


def main() -> int:
    """Work until SIGTERM or SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--until-idle", action="store_true", help="end when no job has work left")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        settings = FleetSettings.from_env(os.environ)  # noqa: TID251 (an entry point)
        summary = run_fleet(settings, arguments.until_idle, stop, _log_event)
    except ConfigError as error:
        _log.error(error.message)
        return EXIT_CONFIG
    except VerityError as error:
        _log.error(error.message)
        return EXIT_OUTAGE if error.retryable else EXIT_CONFIG
    _log.info("ended: %s", summary)
    return 0


def _log_event(event: FleetEvent) -> None:
    claim = event.claim
    facts = {} if claim is None else {"job_id": claim.job_id, "item_id": claim.item_id}
    name = "" if claim is None else f" item {claim.item_id} attempt {claim.attempt}"
    _log.info("%s%s %s %s", event.kind, name, event.stage, event.text, extra=facts)


if __name__ == "__main__":
    sys.exit(main())
