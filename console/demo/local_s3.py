"""A real S3 server on this machine (nanio), with its own keys, for as long as a block lasts."""

import contextlib
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ObjectStoreError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

HOST = "127.0.0.1"
REGION = "us-east-1"
_START_TIMEOUT_S = 30.0  # about 1 s on an idle machine
_STOP_TIMEOUT_S = 5.0
_POLL_S = 0.05
# The server ends when the demo does, even if the demo is killed: a signal that Linux sends for us.
_SERVE = (
    "import ctypes, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGTERM); "
    "from nanio.cli import main; sys.exit(main())"
)
_N_STARTS = 3  # another program may take the free port between our look and the server's bind


@dataclass(frozen=True, slots=True)
class LocalS3:
    """A running S3 server and the keys that open it."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str

    def environ(self) -> dict[str, str]:
        """Return the variables that make any S3 client use this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": REGION,
        }

    def put_all(self, bucket: str, contents: Mapping[str, Path]) -> None:
        """Make the bucket and put files into it, by their keys."""
        client = self._client()
        client.create_bucket(Bucket=bucket)
        for key, path in contents.items():
            client.upload_file(str(path), bucket, key)

    def _client(self) -> "S3Client":
        import boto3  # slow to import
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=REGION,
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )


@contextlib.contextmanager
def serve_s3(folder: Path, log: Path) -> Iterator[LocalS3]:
    """Serve `folder` (one sub-folder a bucket) on a free port until the block ends.

    Raises:
        ObjectStoreError: the server does not start; `log` says why.
    """
    access_key_id, secret_access_key = f"demo{secrets.token_hex(8)}", secrets.token_hex(20)
    folder.mkdir(parents=True, exist_ok=True)
    environ = {"NANIO_ACCESS_KEY": access_key_id, "NANIO_SECRET_KEY": secret_access_key}
    with log.open("wb") as log_file:
        for _ in range(_N_STARTS):
            port = _free_port()
            command = [sys.executable, "-c", _SERVE, "serve", "--data-dir", str(folder)]
            command += ["--host", HOST, "--port", str(port), "--region", REGION]
            server = subprocess.Popen(  # noqa: S603 (our own arguments)
                [*command, "--log-level", "warning", "--no-access-log"],
                env=environ,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which stops us in order
            )
            try:
                if _answers(server, port):
                    url = f"http://{HOST}:{port}"
                    yield LocalS3(url, access_key_id, secret_access_key)
                    return
            finally:
                _stop(server)
    raise ObjectStoreError(f"The local S3 server did not start; see {log.name}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(server: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return server.poll() is None
        time.sleep(_POLL_S)
    return False


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
