"""Names from outside: shown, never obeyed. Through `verity scan`, as a stranger would call it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile import hostile_files as made
from tests.makers import silence, wav_bytes

VERITY = Path(sys.executable).with_name("verity")
TINY_DETECTOR = Path(__file__).parents[1] / "data" / "tiny_detector.onnx"
SCAN_TIMEOUT_S = 150.0
ODD_NAMES = (
    "plain.wav",
    "-y.wav",
    "--out=elsewhere.wav",
    "img%03d.wav",
    "concat:plain.wav|plain.wav",
    "subfile,,start,0,end,9,,:plain.wav",
    "two\nlines.wav",
    "voice 🎙️ memo.wav",
    "\u202egnp.wav",  # right-to-left override
    "e\u0301 decomposed.wav",
    "\u00e9 composed.wav",
    "=cmd()|'calc'!A1.wav",
    "<script>alert(1)</script>.wav".replace("/", "\u2215"),
    "CON.wav",
    "no extension",
    "é" * 125 + ".wav",  # 254 bytes
)


def _scan(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    passed_on = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environ = {**passed_on, "VERITY_VAR": str(folder / "var"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(VERITY), "scan", "--model", str(TINY_DETECTOR), *arguments],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SCAN_TIMEOUT_S,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


def test_every_odd_name_has_its_report_and_is_not_obeyed(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in ODD_NAMES:
        (inbox / name).write_bytes(wav_bytes(silence(1.5)))
    before = sorted(tmp_path.rglob("*"))
    done = _scan(str(inbox), "--json", "--out", str(tmp_path / "out"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["title"] for row in found} == set(ODD_NAMES)
    assert {row["reason"] for row in found} == {"silence"}
    written = {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert written == {".json", ".jws", ".pdf", ".csv"}
    assert len(list((tmp_path / "out").rglob("*.pdf"))) == len(ODD_NAMES)
    assert set(before) <= set(tmp_path.rglob("*"))


def test_odd_names_can_be_named_one_by_one(tmp_path: Path) -> None:
    names = ("-y.wav", "concat:plain.wav", "two\nlines.wav")
    for name in names:
        (tmp_path / name).write_bytes(wav_bytes(silence(1.5)))
    done = _scan("--json", "--", *(str(tmp_path / name) for name in names), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert tuple(json.loads(line)["title"] for line in done.stdout.splitlines()) == names


def test_bad_files_fail_alone_and_the_exit_status_says_so(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    made.empty(inbox)
    made.zero_bytes(inbox)
    (inbox / "fine.wav").write_bytes(wav_bytes(silence(1.5)))
    done = _scan(str(inbox), "--json", folder=tmp_path)
    assert done.returncode == 1
    by_title = {row["title"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert by_title["empty.wav"]["reason"] == "media_empty"
    assert by_title["zeros.wav"]["reason"] == "media_corrupt"
    assert by_title["fine.wav"]["verdict"] == "not_applicable"


@pytest.mark.parametrize("source", ["missing.wav", "http://[::1/", "gopher://a/b"])
def test_a_source_that_is_not_there_is_an_input_error(source: str, tmp_path: Path) -> None:
    done = _scan(source, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip()


def test_an_empty_folder_has_a_report_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty-folder").mkdir()
    done = _scan("empty-folder", "--json", folder=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["reason"] == "source_empty"


def test_an_address_inside_is_not_visited(tmp_path: Path) -> None:
    done = _scan("http://169.254.169.254/latest/meta-data/a.mp3", "--json", folder=tmp_path)
    assert done.returncode in {1, 2, 75, 77}
    assert "169.254.169.254" in done.stdout + done.stderr
