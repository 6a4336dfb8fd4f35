"""Calls the public command line as any user would, and reads the JSON that it prints."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from pipeline.errors import ConfigError, VerityError

_COMMAND_TIMEOUT_S = 180.0  # the first command also makes the database
_STOP_TIMEOUT_S = 60.0  # a worker gives back what it holds and stops Ray
_LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class ItemView:
    """One row of `verity show`, as far as the demo shows it."""

    item_id: str
    kind: str
    source_uri: str
    title: str
    state: str
    verdict: str
    reason: str
    llr: float | None
    voiced_s: float | None
    error_code: str

    @property
    def name(self) -> str:
        """The part of the address that tells items apart."""
        return unquote(self.source_uri.rsplit("/", 1)[-1])

    @property
    def is_listing(self) -> bool:
        """Tell whether this is the work of listing a source; it has no report of its own."""
        return self.kind == "list" and self.state == "done"


class VerityCommands:
    """Runs `verity` with one environment."""

    def __init__(self, verity: Path, environ: Mapping[str, str]) -> None:
        """Name the command and its environment.

        Raises:
            ConfigError: there is no such command.
        """
        if not verity.is_file():
            raise ConfigError(f"There is no {verity}: run `make install` first.")
        self._verity = verity
        self._environ = dict(environ)

    def submit(self, source: str, name: str) -> str:
        """Return the id of a new job."""
        answer = self._json("submit", source, "--name", name, "--json")
        return str(answer["job_id"])

    def cancel_open(self, names: frozenset[str]) -> None:
        """Cancel unfinished jobs of these names: of a demo that was stopped, whose servers are gone."""
        for job in json.loads(self._run("jobs", "--json")):
            if job["name"] in names and not job["is_over"]:
                self._run("cancel", str(job["job_id"]))

    def items(self, job_id: str) -> tuple[ItemView, ...]:
        """Return the job's items."""
        rows = map(_item, self._json("show", job_id, "--json")["items"])
        return tuple(row for row in rows if not row.is_listing)

    def reports(self, job_id: str, folder: Path) -> dict[str, Path]:
        """Write the job's reports into a folder; return the PDF of each item."""
        written: list[dict[str, str]] = json.loads(
            self._run("reports", job_id, "--to", str(folder), "--json")
        )
        return {file["item_id"]: Path(file["path"]) for file in written if file["kind"] == "pdf"}

    def work(self) -> int:
        """Run a worker until nothing is left to do, in this terminal; return its exit status.

        The worker has a session of its own, so that Ctrl-C reaches us alone: it then gets one
        SIGTERM and the time to give back what it holds.
        """
        worker = subprocess.Popen(  # noqa: S603 (our own command)
            [str(self._verity), "work", "--until-idle"],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return worker.wait()
        finally:
            _stop(worker)

    def _json(self, *arguments: str) -> Mapping[str, list[Mapping[str, object]]]:
        answer: Mapping[str, list[Mapping[str, object]]] = json.loads(self._run(*arguments))
        return answer

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 (our own command)
            [str(self._verity), *arguments],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-_LAST_LINES:])
            raise VerityError(
                f"verity {arguments[0]} ended with status {done.returncode}: {said}", "demo_failed"
            )
        return done.stdout


def _stop(worker: "subprocess.Popen[bytes]") -> None:
    if worker.poll() is None:
        worker.terminate()
    try:
        worker.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _item(row: Mapping[str, object]) -> ItemView:
    return ItemView(
        item_id=str(row["item_id"]),
        kind=str(row["kind"]),
        source_uri=str(row["source_uri"]),
        title=str(row["title"]),
        state=str(row["state"]),
        verdict=str(row["verdict"] or ""),
        reason=str(row["reason"] or ""),
        llr=_number(row["llr"]),
        voiced_s=_number(row["voiced_s"]),
        error_code=str(row["error_code"] or ""),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
