"""`verity evaluate` has a row for every row, and judges a file as `verity scan` does."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.makers import speech_like, write_wav
from tests.models import TINY_DETECTOR

VERITY = Path(sys.executable).with_name("verity")
MODEL = ("--model", str(TINY_DETECTOR))
NOBODY = 65_534


def verity(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(VERITY), *arguments], capture_output=True, text=True, timeout=150, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def evaluate(folder: Path, *paths: str, model: tuple[str, ...] = MODEL) -> tuple[int, str]:
    manifest = folder / "labelled.csv"
    with manifest.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *((path, "spoof") for path in paths)])
    out = ("--out", str(folder / "out"), "--processes", "2")
    done = verity("evaluate", "--manifest", str(manifest), *out, *model)
    return done.returncode, done.stderr


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "out" / "scores.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_files_that_cannot_be_read_are_rows_and_the_others_are_judged_as_by_scan(
    tmp_path: Path,
) -> None:
    write_wav(tmp_path / "a.wav", speech_like(1, 3.0))
    (tmp_path / "link.wav").symlink_to("a.wav")
    status, _ = evaluate(tmp_path, "a.wav", "link.wav", "/proc/self/mem", "x" * 300, ".")
    assert status == 0
    found = rows(tmp_path)
    assert [row["reason"] for row in found[2:]] == [
        "media_empty", "source_not_found", "source_not_found",
    ]  # fmt: skip
    scanned = json.loads(verity("scan", str(tmp_path / "a.wav"), *MODEL, "--json").stdout)
    assert {row["findings_sha256"] for row in found[:2]} == {scanned["findings_sha256"]}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what is another user's alone")
def test_root_judges_a_file_that_only_another_user_may_read(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "theirs.wav", speech_like(1, 3.0))
    path.chmod(0o600)
    os.chown(path, NOBODY, NOBODY)
    assert evaluate(tmp_path, path.name)[0] == 0
    assert rows(tmp_path)[0]["verdict"] != "failed"


def test_a_model_that_is_not_there_is_named_before_any_row(tmp_path: Path) -> None:
    status, said = evaluate(tmp_path, "gone.wav", model=("--model", "nosuch"))
    assert status == 70
    assert "nosuch" in said


def test_the_status_is_1_where_every_row_failed(tmp_path: Path) -> None:
    assert evaluate(tmp_path, "gone.wav", "gone too.wav")[0] == 1
    assert [row["verdict"] for row in rows(tmp_path)] == ["failed", "failed"]


def test_a_folder_for_the_scores_that_is_a_file_is_named_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    status, said = evaluate(tmp_path, "gone.wav")
    assert status == 2
    assert "--out" in said


def test_the_figures_can_be_counted_again_from_the_scores(tmp_path: Path) -> None:
    for seed in range(4):
        write_wav(tmp_path / f"{seed}.wav", speech_like(seed, 2.0 + seed))
    manifest = tmp_path / "labelled.csv"
    lines = [f"{seed}.wav,{'bonafide' if seed % 2 else 'spoof'},room" for seed in range(4)]
    manifest.write_text("\n".join(["path,label,source", *lines]))
    out = tmp_path / "out"
    done = verity("evaluate", "--manifest", str(manifest), "--out", str(out), *MODEL, "--json")
    figures = json.loads((out / "figures.json").read_text())
    assert json.loads(done.stdout) == figures
    llrs: dict[str, list[float]] = {"bonafide": [], "spoof": []}
    for row in rows(tmp_path):
        llrs[row["label"]].append(float(row["llr"]))
    wins = [(g > s) + 0.5 * (g == s) for g in llrs["bonafide"] for s in llrs["spoof"]]
    assert figures["auc"] == pytest.approx(sum(wins) / len(wins))
    rejected = sum(llr < 0 for llr in llrs["bonafide"]) / 2
    accepted = sum(llr >= 0 for llr in llrs["spoof"]) / 2
    assert figures["hter_at_0"] == pytest.approx((rejected + accepted) / 2)
    with (out / "groups.csv").open(newline="") as file:
        groups = list(csv.DictReader(file))
    assert [(group["label"], group["n_scored"]) for group in groups] == [
        ("bonafide", "2"),
        ("spoof", "2"),
    ]
