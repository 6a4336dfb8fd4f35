"""`verity reports --to s3://...`: the same files, under a prefix of a bucket."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from console.cli import app
from console.settings import ConsoleSettings
from jobs.sources import S3Access
from jobs.sources.s3_session import open_client
from jobs.spec import ReportFile
from jobs.work_queue import WorkQueue
from pipeline.errors import VerityError
from storage.kept_objects import put_object
from storage.objects import FolderStore
from tests.conftest import S3Server
from tests.integration.jobs.queue_makers import make_job, make_result

pytestmark = [pytest.mark.postgres, pytest.mark.s3]


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, obj=ConsoleSettings(environ))


def finished_job(engine: Engine, folder: Path) -> str:
    queue = WorkQueue(engine)
    store = FolderStore(folder / "objects")
    job = make_job(queue, 1)
    (claim,) = queue.claim("worker")
    content = b'{"item": 1}'
    kept = put_object(engine, store, claim.account_id, content, "application/json")
    name = f"verity-{claim.job_id}-{claim.item_id}.json"
    file = ReportFile("json", kept.key, kept.sha256, kept.size_bytes, name, "application/json")
    queue.finish(claim, make_result(claim, files=(file,)))
    queue.close()
    return job.job_id


def test_reports_lie_under_a_prefix(
    database_url: str, engine: Engine, tmp_path: Path, s3_server: S3Server
) -> None:
    job_id = finished_job(engine, tmp_path)
    environ = {
        "VERITY_DATABASE_URL": database_url,
        "VERITY_VAR": str(tmp_path / "var"),
        "VERITY_OBJECTS": str(tmp_path / "objects"),
    } | s3_server.environ
    prefix = f"s3://{s3_server.bucket}/desk/17"
    done = run(environ, "reports", job_id, "--to", prefix, "--json")
    assert done.exit_code == 0, done.output
    access = S3Access(
        s3_server.endpoint_url,
        "us-east-1",
        access_key=SecretStr(s3_server.access_key),
        secret_key=SecretStr(s3_server.secret_key),
    )
    with closing(open_client(access)) as client:
        listed = client.list_objects_v2(Bucket=s3_server.bucket)["Contents"]
        keys = {entry["Key"] for entry in listed}
        named = {entry["path"] for entry in json.loads(done.stdout)}
        assert named == {f"s3://{s3_server.bucket}/{key}" for key in keys}
        assert f"desk/17/verity-{job_id}.pdf" in keys
        pdf = client.get_object(Bucket=s3_server.bucket, Key=f"desk/17/verity-{job_id}.pdf")
        assert pdf["ContentType"] == "application/pdf"
        assert pdf["Body"].read().startswith(b"%PDF")
    missing = run(environ, "reports", job_id, "--to", "s3://no-such-bucket-here/x")
    assert isinstance(missing.exception, VerityError)
    assert missing.exception.code == "bucket_not_found"
