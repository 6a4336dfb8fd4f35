"""Senders of files for tests of uploads."""

import base64
from dataclasses import dataclass
from typing import TypeAlias

import httpx
import httpx2
from fastapi.testclient import TestClient

TUS = {"tus-resumable": "1.0.0"}
Answer: TypeAlias = "httpx.Response | httpx2.Response"  # a client's of ours, the test client's
BODY = TUS | {"content-type": "application/offset+octet-stream"}


def metadata(name: str) -> dict[str, str]:
    """Return the header that names a file."""
    return {"upload-metadata": f"filename {base64.b64encode(name.encode()).decode()}"}


@dataclass(frozen=True, slots=True)
class TusSender:
    """Somebody who sends files by the protocol."""

    client: TestClient | httpx.Client

    def begin(self, n_bytes: int, name: str = "talk.wav") -> str:
        """Begin an upload; return its place."""
        headers = TUS | metadata(name) | {"upload-length": str(n_bytes)}
        answer = self.client.post("/v1/uploads", headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    def send(self, place: str, offset: int, data: bytes, **more: str) -> Answer:
        """Send bytes from a place on."""
        headers = BODY | {"upload-offset": str(offset)} | more
        return self.client.patch(place, headers=headers, content=data)

    def offset(self, place: str) -> int:
        """Return how much of an upload is here."""
        answer = self.client.head(place, headers=TUS)
        assert answer.status_code == 200
        return int(answer.headers["upload-offset"])

    def whole(self, data: bytes, name: str = "talk.wav") -> str:
        """Send a file in one request; return how a job names it."""
        headers = BODY | metadata(name) | {"upload-length": str(len(data))}
        answer = self.client.post("/v1/uploads", headers=headers, content=data)
        assert answer.status_code == 201, answer.text
        return "upload:" + answer.headers["location"].rsplit("/", 1)[-1]
