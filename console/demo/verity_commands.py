"""Calls the public command line as any user would, and reads the JSON that it prints."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    source_uri: str
    title: str
    state: str
    stage: str
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
    def is_over(self) -> bool:
        """Tell whether the item will change no more."""
        return self.state in {"done", "failed", "cancelled"}


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

    def items(self, job_id: str) -> tuple[ItemView, ...]:
        """Return the job's items."""
        return tuple(_item(row) for row in self._json("show", job_id, "--json")["items"])

    def reports(self, job_id: str, folder: Path) -> None:
        """Write the job's reports into a folder."""
        self._run("reports", job_id, "--to", str(folder))

    @contextmanager
    def worker(self, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a worker until nothing is left to do; it is stopped when the block ends."""
        with log.open("wb") as log_file:
            worker = subprocess.Popen(  # noqa: S603 (our own command)
                [str(self._verity), "work", "--until-idle"],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone; the worker gets SIGTERM once
            )
            try:
                yield worker
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
        source_uri=str(row["source_uri"]),
        title=str(row["title"]),
        state=str(row["state"]),
        stage=str(row["stage"] or ""),
        verdict=str(row["verdict"] or ""),
        reason=str(row["reason"] or ""),
        llr=_number(row["llr"]),
        voiced_s=_number(row["voiced_s"]),
        error_code=str(row["error_code"] or ""),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
