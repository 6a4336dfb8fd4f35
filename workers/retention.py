"""What a fleet's driver does now and then beside the work: delete by rule, sweep what nobody names."""

import logging

from sqlalchemy import Engine

from jobs.retention import KeepRule, apply_rule
from jobs.uploads import expire_uploads
from pipeline.errors import VerityError
from workers.recurring import Recurring

_log = logging.getLogger(__name__)
EVERY_S = 3600.0


class Retention(Recurring):
    """A thread of the driver: the rule is applied soon after the start, then once an hour.

    Objects follow with the orphan sweep, an hour after their last use.
    """

    def __init__(self, engine: Engine, rule: KeepRule, every_s: float = EVERY_S) -> None:
        """Name the rule; the thread starts when this is entered."""
        super().__init__("retention")
        self._engine = engine
        self._rule = rule
        self._every_s = every_s

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                expire_uploads(self._engine)
                gone = apply_rule(self._engine, self._rule, self._stop)
            except VerityError as error:  # the next time goes on where this one stopped
                _log.warning("rule not applied: %s", error.message)
            else:
                if gone.n_media or gone.n_reports:
                    facts = {"n_media": gone.n_media, "n_reports": gone.n_reports}
                    _log.info("deleted by rule", extra=facts)
            self._stop.wait(self._every_s)
