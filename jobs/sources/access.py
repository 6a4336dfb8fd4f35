"""What the sources of one process may reach: the guard, S3, local folders, and how much."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from storage.egress import EgressGuard


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much one medium may take."""

    max_bytes: int = 4 << 30
    wall_s: float = 3_600.0  # a medium that takes longer comes from a server that holds us up
    stall_s: float = 60.0  # seconds without a byte before a connection is given up
    n_resumes: int = 5  # connections that may break without a byte in between


@dataclass(frozen=True, slots=True)
class S3Access:
    """How S3 is reached; what is None is left to boto3 (profile, role, instance)."""

    endpoint_url: str | None = None  # None: AWS
    region: str | None = None
    profile: str | None = None
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    session_token: SecretStr | None = None
    requester_pays: bool = False


@dataclass(frozen=True, slots=True)
class SourceAccess:
    """Everything that listing and fetching need, made once a process."""

    guard: EgressGuard  # running: the one way to the web
    s3: S3Access = S3Access()
    allow_local: bool = False  # folders and local lists: the operator's command line only
    limits: FetchLimits = field(default_factory=FetchLimits)
    yt_dlp_folder: Path | None = None  # a newer yt-dlp than the installed one
