"""Catalogue: what is harvested, from which pinned package, into which fold."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError
from training.harvest.engines import Voice

SOURCES = Path(__file__).with_name("sources.toml")


@dataclass(frozen=True, slots=True)
class Package:
    """One package of one registry, pinned."""

    registry: str  # debian, wheel, sdist, npm
    name: str
    version: str
    sha256: str  # of the file as downloaded

    @property
    def origin(self) -> str:
        """Return what the manifest says of where a clip is from."""
        return f"{self.registry}:{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class GenuineSource:
    """Human recordings inside a package."""

    source: str
    package: Package
    licence: str
    files: re.Pattern[str]  # matched against the whole path inside the package
    speaker: str  # a format filled from the pattern's groups
    evidence: str  # what was read or heard to be sure that it is human
    fold: int
    language: str = ""  # "" = the pattern's group `language`
    archive: str = "files"  # files, queen, sky
    raw_rate: int = 8_000  # Hz, of files without a header
    joined_s: float = 0.0  # pieces of one speaker are joined until they are this long; 0 = not
    per_speaker: int = 40  # clips
    per_source: int = 120  # clips


@dataclass(frozen=True, slots=True)
class SyntheticSystem:
    """One system of synthetic speech and its voices."""

    system: str  # alias-safe: the name that the corpus has for it, where it has one
    kind: str
    engine: str  # a name in engines.ENGINES
    package: Package
    licence: str
    fold: int
    voices: tuple[Voice, ...]
    per_voice: int  # clips
    needs: tuple[Package, ...] = ()  # what the engine's package needs beside it


def read_genuine(path: Path = SOURCES) -> tuple[GenuineSource, ...]:
    """Return the sources of genuine speech.

    Raises:
        ConfigError: an entry lacks a key.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["genuine"]
    return tuple(_to_source(table) for table in tables)


def _to_package(table: dict[str, str]) -> Package:
    """Return the keys that pin a package as a value."""
    return Package(table["registry"], table["package"], table["version"], table["sha256"])


def _to_source(table: dict[str, str]) -> GenuineSource:
    """Return one table as a value."""
    try:
        return GenuineSource(
            source=table["source"],
            package=_to_package(table),
            licence=table["licence"],
            files=re.compile(table["files"]),
            speaker=table["speaker"],
            evidence=table["evidence"],
            fold=int(table["fold"]),
            language=table.get("language", ""),
            archive=table.get("archive", "files"),
            raw_rate=int(table.get("raw_rate", 8_000)),
            joined_s=float(table.get("joined_s", 0.0)),
            per_speaker=int(table.get("per_speaker", 40)),
            per_source=int(table.get("per_source", 120)),
        )
    except KeyError as error:
        raise ConfigError(f"sources.toml: {table.get('source', '?')} has no {error}") from error


def read_synthetic(path: Path = SOURCES) -> tuple[SyntheticSystem, ...]:
    """Return the systems of synthetic speech.

    Raises:
        ConfigError: an entry lacks a key.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["synthetic"]
    try:
        return tuple(
            SyntheticSystem(
                system=table["system"],
                kind=table["kind"],
                engine=table["engine"],
                package=_to_package(table),
                needs=tuple(_to_package(need) for need in table.get("needs", ())),
                licence=table["licence"],
                fold=table["fold"],
                voices=tuple(Voice(**voice) for voice in table["voices"]),
                per_voice=table["per_voice"],
            )
            for table in tables
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(f"sources.toml: a synthetic entry lacks {error}") from error
