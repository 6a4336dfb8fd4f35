"""Log lines of a worker without a terminal: text, or one JSON object a line for log collectors."""

import json
import logging
from datetime import UTC, datetime

_STANDARD = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {"message"}


class LogFormatter(logging.Formatter):
    """Writes the message with the ids that came along: job, item, attempt, stage."""

    def __init__(self, *, as_json: bool) -> None:
        """Choose the form."""
        super().__init__("%(asctime)s %(name)s %(levelname)s %(message)s")
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; a traceback follows as text, or stands in the object."""
        if not self._as_json:
            return super().format(record)
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {
            name: value
            for name, value in vars(record).items()
            if name not in _STANDARD and not name.startswith("_")
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
