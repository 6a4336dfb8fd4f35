"""`verity scan` and `verity evaluate` as a person or a program calls them: output and exit status."""

import csv
import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np

from pipeline.ffmpeg_command import ffmpeg_path
from reports.signer_checks import KnownSigners, Outcome
from reports.verification import check_report, open_report
from tests.makers import silence, speech_like, tone, write_wav
from tests.models import TINY_DETECTOR

VERITY = Path(sys.executable).with_name("verity")
MODEL = ("--model", str(TINY_DETECTOR))


def verity(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(VERITY), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environ,
        timeout=150,
        check=False,
    )


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_file_gets_a_verdict_a_timeline_and_reports(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "talk.wav", speech_like(1, 5.0))
    done = verity("scan", str(path), *MODEL, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "talk.wav" in done.stdout
    assert "0:00" in done.stdout
    assert "Traceback" not in done.stderr
    written = sorted(file.suffix for file in (tmp_path / "out").iterdir())
    assert written == [".csv", ".json", ".jws", ".pdf"]


def test_reports_are_signed_by_default_and_clips_come_by_permission(
    tmp_path: Path,
) -> None:
    path = write_wav(tmp_path / "talk.wav", speech_like(1, 5.0))
    keys = {"VERITY_SIGNING_KEYS": str(tmp_path / "keys"), "VERITY_SIGNER": "A Laboratory"}
    out = tmp_path / "out"
    done = verity("scan", str(path), *MODEL, "--out", str(out), "--clips", "--json", **keys)
    assert done.returncode == 0, done.stderr
    (report,) = out.glob("*.json")
    document = json.loads(report.read_text())
    assert document["signature"]["signer"] == "A Laboratory"
    assert document["issue"]["submitted_by"]
    for kind in (report, report.with_suffix(".pdf")):
        jws = None if kind.suffix == ".pdf" else Path(f"{report}.jws").read_bytes()
        checks = check_report(open_report(kind), jws, KnownSigners(tmp_path / "keys"), path)
        outcomes = {check.name: check.outcome for check in checks}
        assert {outcomes[name] for name in ("signature", "findings", "media")} == {Outcome.HOLDS}
    clips = [one["clip"] for one in document["strongest"]]
    assert len(clips) == 4
    for clip in clips:
        (file,) = out.glob(f"*-{clip['name']}")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == clip["sha256"]


def test_the_steps_in_an_unsigned_report_can_be_repeated_with_its_own_command_lines(
    tmp_path: Path,
) -> None:
    path = write_wav(tmp_path / "talk.wav", speech_like(1, 5.0))
    done = verity("scan", str(path), *MODEL, "--out", str(tmp_path / "out"), "--no-sign")
    assert done.returncode == 0, done.stderr
    written = sorted(file.suffix for file in (tmp_path / "out").iterdir())
    assert written == [".csv", ".json", ".pdf"]
    (report,) = (tmp_path / "out").glob("*.json")
    text = report.read_text()
    steps = {one["step"]: one for one in json.loads(text)["processing"]["derivation"]}
    assert set(steps) == {"fetch", "probe", "decode", "separate"}
    command = shlex.split(steps["decode"]["command"])
    command = [part.replace("MEDIA", str(path)) for part in command]
    decoded = subprocess.run([ffmpeg_path(), *command[1:]], capture_output=True, check=True)
    assert hashlib.sha256(decoded.stdout).hexdigest() == steps["decode"]["output_sha256"]
    assert steps["fetch"]["output_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert steps["separate"]["input_sha256"] == steps["decode"]["output_sha256"]
    commands = [one["command"] for one in steps.values()]
    assert not any(str(tmp_path) in one or "/" in one.split(" ")[0] for one in commands)


def test_a_folder_with_a_bad_file_ends_with_status_1_and_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    write_wav(folder / "a.wav", silence(2.0))
    (folder / "b.mp3").write_bytes(np.random.default_rng(1).bytes(4096))
    write_wav(folder / "c.wav", tone(duration_s=2.0))
    done = verity("scan", str(folder), *MODEL, "--json")
    assert done.returncode == 1
    found = {str(record["title"]): record for record in records(done)}
    assert (found["a.wav"]["verdict"], found["a.wav"]["reason"]) == ("not_applicable", "silence")
    assert (found["b.mp3"]["verdict"], found["b.mp3"]["reason"]) == ("failed", "media_corrupt")
    assert (found["c.wav"]["verdict"], found["c.wav"]["reason"]) == ("not_applicable", "tone")
    assert "Traceback" not in done.stderr


def test_an_address_inside_the_network_is_a_named_failure_of_its_item() -> None:
    done = verity("scan", "http://169.254.169.254/latest/meta-data", *MODEL, "--json")
    assert done.returncode == 1
    (record,) = records(done)
    assert (record["verdict"], record["reason"]) == ("failed", "egress_refused")
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_names_itself() -> None:
    done = verity("scan", "/tmp", *MODEL, VERITY_FETCH_ALLOW="nonsense")
    assert done.returncode == 78
    assert "VERITY_FETCH_ALLOW" in done.stderr


def test_evaluate_writes_a_row_for_every_row_failures_too(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", speech_like(1, 5.0))
    write_wav(tmp_path / "b.wav", speech_like(2, 5.0))
    write_wav(tmp_path / "c.wav", silence(2.0))
    (tmp_path / "d.wav").write_bytes(b"no recording")
    manifest = tmp_path / "labelled.csv"
    manifest.write_text(
        "path,label,source,system\na.wav,bonafide,here,\nb.wav,spoof,,tts\nc.wav,bonafide,,\n"
        "d.wav,spoof,,\ngone.wav,spoof,,\na.wav,maybe,,\n"
    )
    done = verity(
        "evaluate", "--manifest", str(manifest), "--out", str(tmp_path / "out"), *MODEL, "--json"
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "scores.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        assert (reader.fieldnames or [])[:6] == [
            "path",
            "label",
            "llr",
            "cm_score",
            "verdict",
            "reason",
        ]
    assert [row["path"] for row in rows] == [
        "a.wav",
        "b.wav",
        "c.wav",
        "d.wav",
        "gone.wav",
        "a.wav",
    ]
    assert all(float(row["llr"]) == float(row["llr"]) for row in rows[:2])
    assert [row["reason"] for row in rows[2:]] == [
        "silence", "media_corrupt", "source_not_found", "label_unknown",
    ]  # fmt: skip
    figures = json.loads(done.stdout)
    assert (figures["n_rows"], figures["n_failed"], figures["n_bonafide"]) == (6, 3, 1)
    assert figures["eer"] is not None


def test_evaluate_with_one_class_says_what_it_can(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", speech_like(1, 5.0))
    (tmp_path / "m.csv").write_text("path,label\na.wav,bonafide\n")
    done = verity("evaluate", "--manifest", str(tmp_path / "m.csv"), "--out", str(tmp_path), *MODEL)
    assert done.returncode == 0, done.stderr
    assert "EER" in done.stdout
