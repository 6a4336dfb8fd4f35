"""The demo's own judgement: what it passes on, and when it says that it went wrong."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from console.demo.run import _conclude
from console.demo.sample_media import Place, SampleItem
from console.demo.settings import DemoSettings
from console.demo.verity_commands import ItemView, VerityCommands
from pipeline.errors import ConfigError, VerityError

MEDIA = tuple(
    SampleItem(name, Place.BUCKET, "", "made", Path(name)) for name in ("said.wav", "broken.m4a")
)
SAID = ItemView("1", "media", "s3://b/said.wav", "", "done", "synthetic", "", -3.0, 9.0, "")
BROKEN = ItemView(
    "2", "media", "s3://b/broken.m4a", "", "failed", "", "", None, None, "media_corrupt"
)
PDFS = {"1": Path("1.pdf"), "2": Path("2.pdf")}


def _ends_well(items: list[ItemView], pdfs: dict[str, Path]) -> bool:
    return _conclude(items, MEDIA, pdfs, Console(file=io.StringIO(), width=100))


def test_the_demo_ends_well_when_only_the_broken_file_failed() -> None:
    assert _ends_well([SAID, BROKEN], PDFS)


@pytest.mark.parametrize(
    ("items", "pdfs"),
    [
        ([SAID, BROKEN], {"1": Path("1.pdf")}),
        ([BROKEN], PDFS),
        ([SAID, replace(BROKEN, state="done")], PDFS),
        ([replace(SAID, state="failed"), BROKEN], PDFS),
    ],
    ids=["no report", "no item", "broken passed", "good failed"],
)
def test_the_demo_says_when_it_went_wrong(items: list[ItemView], pdfs: dict[str, Path]) -> None:
    assert not _ends_well(items, pdfs)


def test_the_demo_uses_its_own_parts_only() -> None:
    environ = {
        "PATH": "/bin",
        "VERITY_VAR": "/data",
        "VERITY_DATABASE_URL": "postgresql://elsewhere/x",
        "AWS_PROFILE": "company",
        "RAY_ADDRESS": "cluster:1",
        "NO_PROXY": "intranet",
    }
    settings = DemoSettings.from_env(environ)
    assert settings.folder == Path("/data/demo")
    assert dict(settings.environ) == {
        "PATH": "/bin",
        "VERITY_VAR": "/data",
        "NO_PROXY": "intranet,127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_a_command_that_fails_is_named_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make install"):
        VerityCommands(tmp_path / "verity", {})
    (tmp_path / "verity").write_text("#!/bin/sh\necho no room >&2\nexit 3\n")
    (tmp_path / "verity").chmod(0o755)
    with pytest.raises(VerityError, match="submit ended with status 3: no room"):
        VerityCommands(tmp_path / "verity", {}).submit("s3://b/p", "name")
