"""What `verity doctor` looks at; each check is a function that returns what it found."""

import hashlib
import shutil
import socket
import subprocess
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from urllib.parse import urlsplit
from uuid import uuid4

import onnxruntime
from sqlalchemy import text

from console.examiner import load_detector
from console.settings import ConsoleSettings
from jobs.yt_dlp_folder import YtDlp, version_in
from pipeline.errors import ConfigError, VerityError
from pipeline.ffmpeg_command import ffmpeg_path
from pipeline.limits import ChildLimits, run_limited
from pipeline.score import Detector, Device, ScoreSettings
from storage.database import open_engine
from storage.model_store import resolve_model
from storage.objects import object_key, open_object_store
from workers.settings import FleetSettings

RAY_TIMEOUT_S = 3.0  # a head node answers at once
OLD_YT_DLP_DAYS = 60  # sites change faster than this


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found."""

    name: str
    ok: bool
    words: str
    advice: str = ""


def all_checks(settings: ConsoleSettings, only: Collection[str] = ()) -> Iterator[Check]:
    """Yield the result of each check as it is made; those named in `only`, or all."""
    checks: tuple[tuple[str, Callable[[ConsoleSettings], Check]], ...] = (
        ("settings", _settings),
        ("ffmpeg", _ffmpeg),
        ("isolation", _isolation),
        ("models", _models),
        ("provider", _provider),
        ("database", _database),
        ("objects", _objects),
        ("ray", _ray),
        ("yt-dlp", _yt_dlp),
    )
    for name, check in checks:
        if only and name not in only:
            continue
        try:
            yield check(settings)
        except VerityError as error:
            yield Check(name, ok=False, words=error.code, advice=error.message)
        except OSError as error:
            words = str(error.strerror or error)
            advice = f"Check the rights and the room of {error.filename or 'the data folder'}."
            yield Check(name, ok=False, words=words, advice=advice)


def _settings(settings: ConsoleSettings) -> Check:
    storage = settings.storage
    warnings = settings.warnings
    return Check("settings", True, f"data folder {storage.var_folder}", " ".join(warnings))


def _ffmpeg(_: ConsoleSettings) -> Check:
    result = run_limited([ffmpeg_path(), "-version"], ChildLimits(wall_s=20.0))
    if result.return_code != 0:
        advice = (
            "Install the imageio-ffmpeg wheel again, or name a binary: IMAGEIO_FFMPEG_EXE=/path"
        )
        return Check("ffmpeg", False, "does not run", advice)
    words = " ".join(result.stdout.decode("utf-8", "replace").split()[:3])
    return Check("ffmpeg", True, words)


def _isolation(_: ConsoleSettings) -> Check:
    result = run_limited(["/bin/cat", "/proc/net/dev"], ChildLimits(wall_s=20.0))
    interfaces = [line.split(":")[0].strip() for line in result.stdout.decode().splitlines()[2:]]
    if interfaces == ["lo"]:
        return Check("isolation", True, "decoders have no network")
    advice = (
        "This system forbids network namespaces: decoders are held by format and protocol lists "
        "only. Allow unprivileged user namespaces (kernel.unprivileged_userns_clone=1)."
    )
    return Check("isolation", True, "decoders could reach the network", advice)


def _models(_: ConsoleSettings) -> Check:
    detector, separator = load_detector("").card, resolve_model("", "separator")
    overlap = resolve_model("", "overlap")
    words = (
        f"{detector.name} (detector), {separator.name} (separator), {overlap.name} (voices at once),"
        " checksums hold"
    )
    return Check("models", True, words)


def _provider(settings: ConsoleSettings) -> Check:
    """Open the detector where a worker would: a provider that is listed need not load."""
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    asked = FleetSettings.from_env(settings.environ).device
    device: Device = asked if asked != "auto" else "cuda" if has_cuda else "cpu"
    if asked != "cpu" and not has_cuda and _gpu_names():
        advice = "There is a GPU, but this ONNX Runtime cannot use it: install the extra `gpu`, not `cpu`."
        return Check("provider", False, "GPU not used", advice)
    found = resolve_model("", "detector")
    try:
        used = Detector(found.path, found.sha256, ScoreSettings(device)).provider
    except ConfigError as error:
        advice = f"{error.message} Until then VERITY_DEVICE=cpu works."
        return Check("provider", False, f"{device} does not load", advice)
    return Check("provider", True, f"{used}, ONNX Runtime {onnxruntime.__version__}")


def _gpu_names() -> list[str]:
    if shutil.which("nvidia-smi") is None:
        return []
    done = subprocess.run(
        ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],  # noqa: S607 - where the driver put it
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stdout.split() if done.returncode == 0 else []


def _database(settings: ConsoleSettings) -> Check:
    storage = settings.storage
    engine = open_engine(storage)
    with engine.connect() as connection:
        words = str(connection.execute(text("show server_version")).scalar_one())
    engine.dispose()
    where = "embedded" if storage.database_url is None else "VERITY_DATABASE_URL"
    return Check("database", True, f"PostgreSQL {words} ({where}), migrated")


def _objects(settings: ConsoleSettings) -> Check:
    content = uuid4().bytes
    key = object_key("doctor", hashlib.sha256(content).hexdigest())
    store = open_object_store(settings.storage)
    store.put(key, content, "application/octet-stream")
    same = store.get(key) == content
    store.delete(key)
    where = settings.storage.objects
    if not same:
        return Check("objects", False, f"{where} gave other bytes back", "Do not use this store.")
    return Check("objects", True, f"{where}: put, get and delete work")


def _ray(settings: ConsoleSettings) -> Check:
    address = settings.environ.get("RAY_ADDRESS", "")
    installed = version("ray")
    if address in {"", "local"}:
        return Check("ray", True, f"{installed}, a local one, started by verity work")
    if address == "auto":
        return Check("ray", True, f"{installed}, the one that runs on this machine (not asked)")
    place = urlsplit(address if "://" in address else f"//{address}")
    form = "RAY_ADDRESS is host:port or ray://host:port; without it verity work starts its own."
    try:
        host, port = place.hostname, place.port
    except ValueError:
        host, port = None, None
    if host is None or port is None:
        return Check("ray", False, "RAY_ADDRESS has no host or port", form)
    try:
        socket.create_connection((host, port), RAY_TIMEOUT_S).close()
    except OSError as error:
        advice = f"Start the cluster (ray start --head --port {port}) or correct it: {form}"
        return Check("ray", False, f"{host}:{port} does not answer ({error})", advice)
    return Check("ray", True, f"{installed}, {host}:{port} answers")


def _yt_dlp(settings: ConsoleSettings) -> Check:
    folder = settings.jobs.yt_dlp_folder
    found = YtDlp(version_in(folder) if folder else version("yt-dlp"), folder)
    if not found.version:
        advice = (
            "Name a folder that holds yt_dlp, or use the installed one: verity ytdlp use shipped"
        )
        return Check("yt-dlp", False, f"there is none in {folder}", advice)
    words = f"{found.version} ({'verity ytdlp' if folder else 'installed'})"
    age_days = found.age_days(datetime.now(UTC))
    if age_days is None:
        return Check("yt-dlp", True, words)
    is_old = age_days > OLD_YT_DLP_DAYS
    advice = "Sites change: get a newer one with verity ytdlp install." if is_old else ""
    return Check("yt-dlp", True, f"{words}, {age_days} days old", advice)
