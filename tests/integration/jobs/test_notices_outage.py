"""A webhook receiver that is down for an hour gets what it missed, once, signed; the clock is moved."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from jobs.delivery import LONGEST_PAUSE_S, Sender, deliver_due
from jobs.mail_settings import MailSettings
from jobs.notice_spec import NoticeEvent, NoticeState
from jobs.notices import NoticeDesk
from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from storage.sealing import Sealer
from tests.conftest import MovedClock
from tests.free_ports import free_port
from tests.integration.jobs.queue_makers import make_job, make_result
from workers.letters import LetterWriter

pytestmark = pytest.mark.postgres
N_JOBS = 3
LOOK_EVERY = timedelta(minutes=1)


def end_jobs(engine: Engine) -> None:
    """Let some jobs of one item come to their end."""
    queue = WorkQueue(engine, may_listen=False)
    for _ in range(N_JOBS):
        make_job(queue, 1)
        (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
        queue.finish(claim, make_result(claim))
        queue.tend()
    queue.close()


def test_an_hour_without_a_receiver_loses_nothing_and_repeats_nothing(
    moved_clock: MovedClock, engine: Engine, tmp_path: Path
) -> None:
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    port = free_port()
    sealer = Sealer(None, tmp_path / "key")
    desk = NoticeDesk(engine, sealer)
    _, secret = desk.subscribe(f"http://127.0.0.1:{port}/hook", [NoticeEvent.JOB_DONE])
    end_jobs(engine)
    began_at = datetime.now(UTC)
    n_tries = 0
    with EgressGuard(EgressPolicy(parse_allow(f"127.0.0.1:{port}"))) as guard:
        sender = Sender(engine, guard.proxy_url, sealer, MailSettings(), LetterWriter(engine))
        rng = np.random.default_rng(1)

        def look(minute: int) -> int:
            moved_clock.set(began_at + minute * LOOK_EVERY)
            return deliver_due(sender, rng)

        for minute in range(60):  # nobody listens
            n_tries += look(minute)
        assert {notice.state for notice in desk.sent()} == {NoticeState.WAITING}
        assert 5 * N_JOBS <= n_tries <= 10 * N_JOBS, "asked less and less often"
        with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            for minute in range(60, 60 + int(1.2 * LONGEST_PAUSE_S / 60) + 2):
                look(minute)
            server.shutdown()
            thread.join()
    assert {notice.state for notice in desk.sent()} == {NoticeState.SENT}
    jobs = [json.loads(body)["data"]["job_id"] for _, body in got]
    assert len(jobs) == len(set(jobs)) == N_JOBS
    key = base64.b64decode(secret.removeprefix("whsec_"))
    for headers, body in got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
