"""A time stamping authority of our own (RFC 3161): a small HTTP server around `openssl ts`.

Its root is not its signer, as with real authorities. `trust` is the root in PEM.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
_EXTENSIONS = """
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass
class LocalAuthority:
    """An authority that runs on this machine."""

    folder: Path
    url: str = ""
    status: int = 200  # what it answers
    n_asked: int = field(default=0)

    @property
    def trust(self) -> Path:
        """The root that its certificate chains to."""
        return self.folder / "root.pem"

    def reply(self, request: bytes) -> bytes:
        """Return a time stamp response by openssl."""
        self.n_asked += 1
        query = self.folder / f"{threading.get_ident()}.tsq"
        query.write_bytes(request)
        command = ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf")]
        ended = subprocess.run(
            [*command, "-queryfile", str(query)], capture_output=True, check=True
        )
        return ended.stdout


@contextmanager
def local_authority(folder: Path, name: str = "Test Authority") -> Iterator[LocalAuthority]:
    """Run an authority inside the block; its keys lie in a new folder."""
    folder.mkdir(parents=True)
    _make_keys(folder, name)
    authority = LocalAuthority(folder)

    class Handler(BaseHTTPRequestHandler):
        """Answers a request with a stamp."""

        def do_POST(self) -> None:
            """Stamp what is asked for."""
            request = self.rfile.read(int(self.headers["Content-Length"]))
            content = authority.reply(request) if authority.status == 200 else b"closed"
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _make_keys(folder: Path, name: str) -> None:
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder))
    (folder / "extensions.cnf").write_text(_EXTENSIONS)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    root = ["-x509", "-days", "30", "-subj", f"/CN={name} Root"]
    _openssl(folder, "req", *root, *new_key, "-keyout", "root.key", "-out", "root.pem")
    leaf = ["-subj", f"/CN={name}"]
    _openssl(folder, "req", *leaf, *new_key, "-keyout", "tsa.key", "-out", "tsa.csr")
    signed = ["-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "20"]
    extensions = ["-extfile", "extensions.cnf", "-CAcreateserial", "-out", "tsa.pem"]
    _openssl(folder, "x509", *signed, *extensions)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)
