"""A sweep says what of its sources it wants, and keeps its cookies sealed for every run."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from console.cli import app
from console.settings import ConsoleSettings
from jobs.source_options import SourceOptions
from jobs.spec import ItemKind
from jobs.sweep_desk import SweepDesk
from jobs.work_queue import WorkQueue
from storage.database import transaction
from storage.sealing import Sealer

pytestmark = pytest.mark.postgres

COOKIES = "# Netscape HTTP Cookie File\n.a.test\tTRUE\t/\tTRUE\t0\tSID\tsecretword\n"


def test_each_run_reads_with_the_sweeps_filters_and_cookies(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "c.txt").write_text(COOKIES)
    environ = {
        "VERITY_DATABASE_URL": database_url,
        "VERITY_VAR": str(tmp_path / "var"),
        "VERITY_OBJECTS": str(tmp_path / "objects"),
    }
    said = ("sweep", "add", "@daily", "https://a.test/list", "--include", "*.mp3")
    cookies = ("--cookies", str(tmp_path / "c.txt"))
    done = CliRunner().invoke(app, [*said, *cookies], obj=ConsoleSettings(environ))
    assert done.exit_code == 0, done.output
    desk = SweepDesk(engine)
    (sweep,) = desk.list_sweeps()
    assert sweep.job.source_options.include == ("*.mp3",)
    assert sweep.job.source_options.only_new
    queue = WorkQueue(engine, may_listen=False)
    desk.run_now(sweep.sweep_id)
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    options = SourceOptions.from_facts(listing.facts)
    sealer = Sealer(None, tmp_path / "var" / "keys" / "sources.key")
    opened = sealer.open(listing.sealed[options.cookies_id], options.cookies_id)
    assert "secretword" in opened
    with transaction(engine) as connection:
        rows = connection.execute(text("SELECT s::text FROM sweep s")).all()
    assert "secretword" not in str(rows)
