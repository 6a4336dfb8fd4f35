"""What the sources of one process may reach: the guard, S3, local folders, and how much."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from jobs.source_options import SourceOptions
from jobs.sources.archive_shelf import ArchiveShelf
from jobs.upload_shelf import UploadShelf
from pipeline.errors import AccessError
from storage.egress import EgressGuard
from storage.egress_upstream import parse_proxy
from storage.sealing import Sealer

_KEYS = ("access_key", "secret_key", "session_token")  # of a connection, sealed together


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
    role: str = ""  # ARN of a role that is assumed with these credentials
    proxy_url: SecretStr | None = (
        None  # the guard's; None: an operator's endpoint, reached directly
    )


@dataclass(frozen=True, slots=True)
class SourceAccess:
    """Everything that listing and fetching need, made once a process."""

    guard: EgressGuard  # running: the one way to the web
    s3: S3Access = S3Access()
    allow_local: bool = False  # folders and local lists: the operator's command line only
    limits: FetchLimits = field(default_factory=FetchLimits)
    yt_dlp_folder: Path | None = None  # a newer yt-dlp than the installed one
    options: SourceOptions = field(default_factory=SourceOptions)  # of the source read now
    sealer: Sealer | None = None
    sealed: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # by id
    uploads: UploadShelf | None = None  # None: none is read here
    account_id: str = ""  # of the claim: whose uploads may be read
    shelf: ArchiveShelf = field(default_factory=ArchiveShelf, repr=False, compare=False)
    is_proxied: bool = False  # the guard goes out by the job's own proxy

    def with_options(self, options: SourceOptions) -> Self:
        """Return the access as a job's options change it."""
        if options == self.options:
            return self
        s3 = replace(
            self.s3,
            endpoint_url=options.s3_endpoint or self.s3.endpoint_url,
            region=options.s3_region or self.s3.region,
            role=options.s3_role or self.s3.role,
            requester_pays=options.s3_requester_pays or self.s3.requester_pays,
        )
        if options.s3_profile:
            # keys of the environment would win over the profile
            s3 = replace(
                s3,
                profile=options.s3_profile,
                access_key=None,
                secret_key=None,
                session_token=None,
            )
        if options.s3_keys_id:
            said = json.loads(self.open_secret(options.s3_keys_id))
            access_key, secret_key, token = (said.get(name) for name in _KEYS)
            s3 = replace(
                s3,
                profile=None,
                access_key=SecretStr(access_key),
                secret_key=SecretStr(secret_key),
                session_token=SecretStr(token) if token else None,
            )
        if options.s3_guarded:
            s3 = replace(s3, role="", proxy_url=SecretStr(self.guard.proxy_url))
        return replace(self, s3=s3, options=options)

    @contextmanager
    def way_out(self) -> Iterator[Self]:
        """Give the access with a guard that goes out by the job's own proxy, where it names one.

        Raises:
            AccessError: the proxy is no longer kept.
            InputError: it is none that is spoken.
        """
        proxy = self.open_secret(self.options.proxy_id)
        if not proxy or self.is_proxied:
            yield self
            return
        with self.guard.through(parse_proxy(proxy)) as guard:
            yield replace(self, guard=guard, is_proxied=True)

    def open_secret(self, secret_id: str) -> str:
        """Return a job's cookies or proxy, or "" where the options name none.

        Raises:
            AccessError: it is gone, or this machine cannot open it.
        """
        if not secret_id:
            return ""
        sealed = self.sealed.get(secret_id)
        if sealed is None or self.sealer is None:
            raise AccessError(
                "The job's cookies or proxy are no longer kept: submit the job again with them.",
                "secret_gone",
            )
        return self.sealer.open(sealed, secret_id)
