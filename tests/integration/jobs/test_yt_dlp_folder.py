"""A newer yt-dlp in a folder of its own: pinned, tried out, used by the site reader alone."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yt_dlp
from yt_dlp.version import __version__

from console.checks import all_checks
from console.settings import ConsoleSettings
from jobs import yt_dlp_folder
from jobs.settings import JobsSettings
from jobs.sources import fetch
from jobs.sources.items import NewItem
from jobs.yt_dlp_folder import YtDlp, install, installed, use, use_shipped
from pipeline.errors import InputError, SourceNotFoundError, VerityError
from tests.local_site import Answer, LocalSite, local_site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]  # unpacks and loads all of yt-dlp

NEWER = "2099.01.02"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a wheel of the installed yt-dlp under a version of the future."""
    path = tmp_path_factory.mktemp("wheel") / f"yt_dlp-{NEWER}-py3-none-any.whl"
    root = Path(yt_dlp.__file__).parent
    with zipfile.ZipFile(path, "w") as file:
        for source in sorted(root.rglob("*.py")):
            text = source.read_bytes()
            if source.name == "version.py" and source.parent == root:
                text = text.replace(__version__.encode(), NEWER.encode())
            file.writestr(f"yt_dlp/{source.relative_to(root)}", text)
        file.writestr("yt_dlp-2099.1.2.dist-info/METADATA", "Name: yt-dlp\n")
        file.writestr("yt_dlp-2099.1.2.data/scripts/run", "nothing\n")
    return path


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        yield site


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def settings_of(var: Path, site: LocalSite | None = None) -> JobsSettings:
    allow = {"VERITY_FETCH_ALLOW": site.host} if site else {}
    return JobsSettings.from_env({"VERITY_VAR": str(var)} | allow)


def test_a_pinned_version_reads_sites_and_is_named_in_the_custody(
    wheel: Path, site: LocalSite, tmp_path: Path
) -> None:
    folder = tmp_path / "yt-dlp"
    found = install([(str(wheel), hash_of(wheel))], folder, settings_of(tmp_path))
    assert found.version == NEWER
    assert {path.name for path in (folder / "current").iterdir()} == {"yt_dlp", "installed.json"}
    assert json.loads((folder / "current/installed.json").read_text())["wheels"] == [
        {"from": str(wheel), "sha256": hash_of(wheel)}
    ]
    site.answers["/a.wav"] = Answer(b"sound", "audio/wav")
    settings = settings_of(tmp_path, site)
    with settings.open_guard() as guard:
        access = settings.source_access(guard, allow_local=False)
        item = NewItem(site.url("/a.wav"), "t", "k", {"via": "site"})
        assert fetch(item, tmp_path / "1", access).custody.acquired_by == f"yt-dlp {NEWER}"
    console = ConsoleSettings.from_env({"VERITY_VAR": str(tmp_path)})
    (check,) = all_checks(console, ["yt-dlp"])
    assert check.ok
    assert check.words.startswith(f"{NEWER} (verity ytdlp), -")
    use_shipped(folder)
    assert settings_of(tmp_path).yt_dlp_folder is None
    (check,) = all_checks(console, ["yt-dlp"])
    assert check.words.startswith(f"{__version__} (installed), ")


def test_a_version_comes_from_the_index_only_with_the_named_hash(
    wheel: Path, site: LocalSite, tmp_path: Path
) -> None:
    urls = [
        {"packagetype": "sdist", "url": site.url("/x.tar.gz")},
        {"packagetype": "bdist_wheel", "url": site.url("/w.whl")},
    ]
    site.answers[f"/yt-dlp/{NEWER}"] = Answer(json.dumps({"urls": urls}).encode())
    site.answers["/w.whl"] = Answer(wheel.read_bytes())
    index = site.url("/{project}/{version}")
    settings, folder = settings_of(tmp_path, site), tmp_path / "yt-dlp"
    with pytest.raises(InputError, match="not the one that was named") as caught:
        install([(NEWER, "0" * 64)], folder, settings, index)
    assert caught.value.code == "hash_differs"
    assert not list(folder.iterdir()), "nothing is left of it"
    assert install([(NEWER, hash_of(wheel))], folder, settings, index).version == NEWER


def test_versions_are_listed_and_chosen(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "yt-dlp"
    install([(str(wheel), hash_of(wheel))], folder, settings_of(tmp_path))
    (one,) = installed(folder)
    assert one.version == NEWER
    older = folder / "2001.01.01-x" / "yt_dlp"
    older.mkdir(parents=True)
    (older / "version.py").write_text("__version__ = '2001.01.01'\n")
    use("2001.01.01-x", folder)
    assert settings_of(tmp_path).yt_dlp_folder == older.parent
    assert [it.version for it in installed(folder)] == [NEWER, "2001.01.01"]
    for name in ("nothing", "../yt-dlp/2001.01.01-x", "current/.."):
        with pytest.raises(SourceNotFoundError):
            use(name, folder)


@pytest.mark.parametrize(
    "members",
    [
        {"other/__init__.py": b""},
        {"yt_dlp/../../outside.py": b"", "yt_dlp/__init__.py": b""},
        {"yt_dlp/__init__.py": b"raise SystemExit(3)"},
        {"yt_dlp/__init__.py": b"import os; os.fork"},
        {},
    ],
)
def test_what_is_no_yt_dlp_is_not_used(tmp_path: Path, members: dict[str, bytes]) -> None:
    path, folder = tmp_path / "x.whl", tmp_path / "var" / "yt-dlp"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    with pytest.raises(VerityError) as caught:
        install([(str(path), hash_of(path))], folder, settings_of(tmp_path / "var"))
    assert caught.value.code == "yt_dlp_unusable"
    assert not list(folder.iterdir())
    assert not list(tmp_path.rglob("outside.py"))


def test_bytes_that_are_no_wheel_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(InputError):
        install([(str(path), hash_of(path))], tmp_path / "f", settings_of(tmp_path))
    with pytest.raises(InputError, match="64 hexadecimal"):
        install([(str(path), "abc")], tmp_path / "f", settings_of(tmp_path))
    monkeypatch.setattr(yt_dlp_folder, "MAX_WHEEL_BYTES", 3)
    with pytest.raises(InputError):
        install([(str(path), hash_of(path))], tmp_path / "f", settings_of(tmp_path))


def test_an_age_is_counted_from_the_versions_date() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert YtDlp("2026.10.26", None).age_days(now) == 26
    assert YtDlp("2026.10.26.232821", None).age_days(now) == 26
    assert YtDlp("nightly", None).age_days(now) is None
