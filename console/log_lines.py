"""Log lines for people: one line on standard error with the values that came along."""

import logging

from console.terminal import errors, visible

_STANDARD = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {"message"}


class LogLines(logging.Handler):
    """Prints warnings (with `--debug` everything) of our own packages; lives as long as the process."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line: the message, then `name: value` of each extra; `_name` is a library's own."""
        extras = {
            name: value
            for name, value in vars(record).items()
            if name not in _STANDARD and not name.startswith("_")
        }
        values = ", ".join(f"{name}: {visible(str(value))}" for name, value in extras.items())
        style = "yellow" if record.levelno >= logging.WARNING else "dim"
        line = record.getMessage() + (f" ({values})" if values else "")
        errors.print(line, style=style, markup=False, soft_wrap=True)


def show_logs(*, everything: bool) -> None:
    """Show our packages' log lines from now on."""
    for name in ("jobs", "workers", "pipeline", "storage", "reports"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO if everything else logging.WARNING)
        logger.addHandler(LogLines())
        logger.propagate = False
