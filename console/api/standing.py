"""Whether those who read for long may still read: asked again every while, once for all streams of one reader."""

import time
from collections import OrderedDict

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from console.api.principals import Principal
from console.people.desk import SESSION_IDLE_S
from pipeline.errors import VerityError
from storage import key_rows, session_rows
from storage.database import transaction

ASKED_S = 15.0  # between looks at the database for one key or session
MOST_KNOWN = 20_000  # readers whose standing is remembered


class StandingOfReaders:
    """Remembers whose key or session was good lately; used on one event loop."""

    def __init__(self, engine: Engine) -> None:
        """Know nobody yet."""
        self._engine = engine
        self._known: OrderedDict[Principal, tuple[float, bool]] = OrderedDict()

    async def is_good(self, asking: Principal) -> bool:
        """Tell whether whoever began to read has the same place still; where nobody can say, so it is."""
        now = time.monotonic()
        # who is new was let in just now
        asked_at, was_good = self._known.setdefault(asking, (now, True))
        if now - asked_at < ASKED_S:
            return was_good
        self._remember(asking, now, is_good=was_good)  # so that others do not ask meanwhile
        try:
            is_good = await run_in_threadpool(self._look, asking)
        except VerityError:
            return was_good
        self._remember(asking, now, is_good=is_good)
        return is_good

    def _remember(self, asking: Principal, at: float, *, is_good: bool) -> None:
        self._known[asking] = at, is_good
        self._known.move_to_end(asking)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _look(self, asking: Principal) -> bool:
        with transaction(self._engine) as connection:
            if asking.key_id is not None:
                key = key_rows.find_key(connection, asking.key_id)
                return key is not None and key.role == asking.role
            token = asking.session_sha256 or ""
            session = session_rows.find_session(connection, token, SESSION_IDLE_S)
        place = (asking.account_id, asking.role)
        return session is not None and (session.account_id, session.role) == place
