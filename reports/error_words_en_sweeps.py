"""What the error codes of sweeps and notices mean, in English."""

from collections.abc import Mapping
from typing import Final

from reports.error_words import ErrorWords

SWEEP_ERRORS: Final[Mapping[str, ErrorWords]] = {
    "events_missing": ErrorWords(
        "No event was named.", "Name one: job.done, item.synthetic or sweep.digest."
    ),
    "notice_not_found": ErrorWords(
        "There is no such notice that was sent or given up.", "List them: verity notify log."
    ),
    "schedule_invalid": ErrorWords(
        "The schedule cannot be read.",
        "Write minute, hour, day, month and weekday, such as '0 */2 * * *', or @daily.",
    ),
    "subscription_not_found": ErrorWords(
        "There is no such subscription.", "List them: verity notify list."
    ),
    "sweep_not_found": ErrorWords("There is no such sweep.", "List them: verity sweep list."),
    "sweep_running": ErrorWords(
        "The sweep is still running.", "Wait for its job, or cancel it, and start it again."
    ),
    "target_invalid": ErrorWords(
        "The target is neither a web address nor an e-mail address.",
        "Name an http(s) address without a password in it, or an e-mail address.",
    ),
    "timezone_unknown": ErrorWords(
        "There is no such time zone.", "Name one such as Europe/Berlin or UTC."
    ),
}
