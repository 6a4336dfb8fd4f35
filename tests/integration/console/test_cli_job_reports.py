"""`verity reports` and `verity verify` of its zip, against a real database."""

import io
import json
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from console.cli import app, exit_code_of
from console.settings import ConsoleSettings
from jobs.spec import ReportFile
from jobs.work_queue import WorkQueue
from pipeline.errors import VerityError
from storage.kept_objects import put_object
from storage.objects import FolderStore
from tests.integration.jobs.queue_makers import make_job, make_result
from tests.local_authority import LocalAuthority, local_authority

Verity: TypeAlias = Callable[..., Result]
pytestmark = pytest.mark.postgres


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "VERITY_DATABASE_URL": database_url,
        "VERITY_VAR": str(tmp_path / "var"),
        "VERITY_OBJECTS": str(tmp_path / "objects"),
    }


@pytest.fixture
def verity(environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verity:
    """Run a command in this process: starting a dozen would take longer than all that they do."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, obj=ConsoleSettings(environ))

    return run


def finished_job(engine: Engine, folder: Path, n_items: int = 3) -> str:
    """Return a job whose items have a report file each."""
    queue = WorkQueue(engine)
    store = FolderStore(folder / "objects")
    job = make_job(queue, n_items)
    for claim in queue.claim("worker", limit=n_items):
        content = json.dumps({"item": claim.item_id}).encode()
        kept = put_object(engine, store, claim.account_id, content, "application/json")
        name = f"verity-{claim.job_id}-{claim.item_id}.json"
        file = ReportFile("json", kept.key, kept.sha256, kept.size_bytes, name, "application/json")
        queue.finish(claim, make_result(claim, files=(file,)))
    queue.close()
    return job.job_id


def test_a_job_s_report_lies_beside_its_items(
    verity: Verity, engine: Engine, tmp_path: Path
) -> None:
    job_id = finished_job(engine, tmp_path)
    done = verity("reports", job_id, "--language", "de")
    assert done.exit_code == 0, done.output
    assert "In 3 von 3 Stücken wurden Hinweise auf Synthese gefunden." in done.stdout
    folder = tmp_path / f"verity-{job_id}"
    names = {path.name for path in folder.iterdir()}
    signed = ("json", "xlsx", "csv")
    own = {
        f"verity-{job_id}.{kind}" for kind in ("pdf", *signed, *(f"{one}.jws" for one in signed))
    }
    assert own < names
    assert len(names - own) == 3
    pdf = PdfReader(io.BytesIO((folder / f"verity-{job_id}.pdf").read_bytes()))
    assert pdf.get_fields()  # the signature's
    for name in (f"verity-{job_id}.{kind}" for kind in ("pdf", *signed)):
        held = verity("verify", str(folder / name))
        assert held.exit_code == 0, held.output
        assert "a key of this installation" in held.output
    for kind in ("pdf", *signed):  # one bit of each
        path = folder / f"verity-{job_id}.{kind}"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        assert verity("verify", str(path)).exit_code != 0


def test_a_zip_of_everything_is_verified_member_by_member(
    verity: Verity, engine: Engine, tmp_path: Path
) -> None:
    job_id = finished_job(engine, tmp_path)
    written = json.loads(verity("reports", job_id, "--zip", "--json").stdout)
    path = tmp_path / written["path"]
    assert path.name == f"verity-{job_id}.zip"
    assert written["n_members"] == 10  # the job's seven, one of each item
    assert [each.name for each in tmp_path.glob(".verity*")] == []
    held = verity("verify", str(path))
    assert held.exit_code == 0, held.output
    assert "10 of 10 are the bytes that were listed" in held.stdout
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content + b" " if name.endswith(".csv") else content)
    failed = verity("verify", str(changed), "--json")
    assert failed.exit_code == 1
    assert {"fails"} == {
        check["outcome"] for check in json.loads(failed.stdout) if check["check"] == "member"
    }


def test_the_job_s_report_alone_and_against_a_named_job(
    verity: Verity, engine: Engine, tmp_path: Path
) -> None:
    before, job_id = finished_job(engine, tmp_path), finished_job(engine, tmp_path)
    done = verity(
        "reports", job_id, "--to", "out", "--job-only", "--against", before, "--paper", "us-letter"
    )
    assert done.exit_code == 0, done.output
    assert {path.name.count("-") for path in (tmp_path / "out").iterdir()} == {1}
    document = json.loads((tmp_path / "out" / f"verity-{job_id}.json").read_text("utf-8"))
    assert document["comparison"]["before"] == int(before)
    assert document["comparison"]["counts"] == {"same": 3}


@pytest.mark.parametrize(
    "arguments",
    [("999",), ("x",), ("JOB", "--against", "999"), ("JOB", "--against", "JOB"),
     ("JOB", "--language", "xx"), ("JOB", "--to", "afile")],
)  # fmt: skip
def test_mistakes_are_one_line_and_write_nothing(
    verity: Verity, engine: Engine, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    job_id = finished_job(engine, tmp_path, 1)
    (tmp_path / "afile").touch()
    done = verity("reports", *(part.replace("JOB", job_id) for part in arguments))
    assert isinstance(done.exception, VerityError)
    assert exit_code_of(done.exception) == 2
    assert len(done.exception.message.splitlines()) == 1
    assert not list(tmp_path.glob("verity-*/*"))


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[LocalAuthority]:
    with local_authority(tmp_path / "authority") as authority:
        yield authority


@pytest.fixture
def stamping(verity: Verity, environ: dict[str, str], authority: LocalAuthority) -> Verity:
    """Run commands with an authority of our own."""
    environ |= {
        "VERITY_STAMP_AUTHORITIES": authority.url,
        "VERITY_STAMP_TRUST": str(authority.trust),
        "VERITY_FETCH_ALLOW": authority.url.split("/")[2],
    }
    return verity


def stamp_words(verity: Verity, path: Path) -> list[tuple[str, bool]]:
    """Return the outcome of each time stamp of a file, and whether its authority is trusted."""
    checks = json.loads(verity("verify", str(path), "--json").stdout)
    stamps = [each for each in checks if each["check"] == "time stamp"]
    return [(each["outcome"], "of a trusted authority" in each["words"]) for each in stamps]


def test_all_files_of_a_job_s_report_are_stamped_and_openssl_agrees(
    stamping: Verity, engine: Engine, tmp_path: Path, authority: LocalAuthority
) -> None:
    job_id = finished_job(engine, tmp_path, 1)
    for arguments in (("--job-only", "--to", "out"), ("--zip",)):
        done = stamping("reports", job_id, "--stamp", *arguments)
        assert done.exit_code == 0, done.output
    for kind in ("pdf", "json", "xlsx", "csv"):
        path = tmp_path / "out" / f"verity-{job_id}.{kind}"
        assert stamp_words(stamping, path) == [("holds", True)]
    assert stamp_words(stamping, tmp_path / f"verity-{job_id}.zip") == [("holds", True)]
    for kind in ("json", "xlsx", "csv"):
        covered = tmp_path / "out" / f"verity-{job_id}.{kind}.jws"
        subprocess.run(
            ["openssl", "ts", "-verify", "-data", str(covered), "-in", f"{covered}.tsr",
             "-CAfile", str(authority.trust)],
            capture_output=True, check=True,
        )  # fmt: skip


def test_what_an_authority_that_is_away_owes_is_said_and_added_later(
    stamping: Verity, engine: Engine, tmp_path: Path, authority: LocalAuthority
) -> None:
    job_id = finished_job(engine, tmp_path, 1)
    authority.status = 503
    missed = stamping("reports", job_id, "--stamp", "--zip", "--job-only", "--json")
    assert "answered 503" in json.loads(missed.stdout)["stamps_missing"][0]
    assert "No time stamp yet" in missed.stderr
    assert stamping("reports", job_id, "--job-only", "--to", "out").exit_code == 0
    authority.status = 200
    paths = [
        tmp_path / "out" / f"verity-{job_id}.{kind}" for kind in ("pdf", "json", "xlsx", "csv")
    ]
    paths.append(tmp_path / f"verity-{job_id}.zip")
    assert stamp_words(stamping, paths[-1]) == [("absent", False)]
    stamped = stamping("stamp", *map(str, paths))
    assert stamped.exit_code == 0, stamped.output
    assert [stamp_words(stamping, path) for path in paths] == [[("holds", True)]] * 5
    # another report in the same folder leaves no stamps of this one behind
    assert stamping("reports", job_id, "--job-only", "--to", "out").exit_code == 0
    assert stamp_words(stamping, paths[1]) == [("absent", False)]


def test_a_zip_that_is_none_of_ours_is_refused(verity: Verity, tmp_path: Path) -> None:
    (tmp_path / "odd.zip").write_bytes(b"PK\x03\x04 nothing")
    done = verity("verify", "odd.zip")
    assert isinstance(done.exception, VerityError)
    assert "no archive of reports" in done.exception.message
