"""A small OpenID Connect provider on this machine: it keeps to the standards unless told otherwise.

Authorization code with PKCE (S256), client secret by HTTP Basic, ID tokens signed with RS256, keys by
their ids, userinfo. Codes are good once, for their client, redirect address and verifier.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

Claims = dict[str, Any]


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})


@dataclass(slots=True)
class LocalProvider:
    """A running provider; whoever comes to it is `person`, who always agrees."""

    issuer: str
    client_id: str
    client_secret: str
    person: Claims
    in_id_token: bool = True  # False: the person's facts are told by userinfo only
    agrees: bool = True
    key: RSAKey = field(default_factory=_new_key)
    lies: Claims = field(default_factory=dict)  # put over an ID token's claims
    forged_with: RSAKey | OctKey | None = None  # signs in the place of `key`
    answers_as: str = ""  # the `iss` of authorization answers (RFC 9207)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)  # authorization requests

    def metadata(self) -> Claims:
        """Return what discovery tells."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
        }

    def visit(self, address: str) -> str:
        """Come to the provider as a browser does; return where it is sent back to."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.issuer}/authorize"
        asked = {name: said[0] for name, said in parse_qs(parts.query).items()}
        self.asked.append(asked)
        answer = {"state": asked["state"], "iss": self.answers_as or self.issuer}
        if not self.agrees:
            answer["error"] = "access_denied"
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            answer["code"] = code
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def tokens(self, form: dict[str, str], authorization: str) -> Claims | None:
        """Return tokens for a code, or None where it is not good."""
        asked = self.codes.pop(form.get("code", ""), None)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        if asked is None or list(map(unquote, pair)) != [self.client_id, self.client_secret]:
            return None
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        is_same = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        fits = asked["code_challenge"] == is_same and asked["code_challenge_method"] == "S256"
        if not fits or form.get("redirect_uri") != asked["redirect_uri"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": self.person["sub"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        claims |= self.person if self.in_id_token else {}
        return {
            "token_type": "Bearer",
            "access_token": "opaque",
            "id_token": self.id_token(claims | self.lies),
        }

    def id_token(self, claims: Claims) -> str:
        """Return claims, signed."""
        key = self.forged_with or self.key
        alg = "HS256" if isinstance(key, OctKey) else "RS256"
        return jwt.encode({"alg": alg, "kid": self.key.kid}, claims, key, algorithms=[alg])


@contextmanager
def local_provider(**person: object) -> Iterator[LocalProvider]:
    """Run a provider until the block is left."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    issuer = f"http://127.0.0.1:{server.server_port}"
    provider = LocalProvider(issuer, "verity", "a secret of & odd : signs", dict(person))
    server.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers by `server.provider`."""

    def do_GET(self) -> None:
        provider: LocalProvider = self.server.provider  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        if parts.path == "/.well-known/openid-configuration":
            self._say(provider.metadata())
        elif parts.path == "/keys":
            self._say({"keys": [provider.key.as_dict(private=False)]})
        elif parts.path == "/userinfo":
            self._say(provider.person)
        else:
            self.send_response(302)
            self.send_header("location", provider.visit(f"{provider.issuer}{self.path}"))
            self.end_headers()

    def do_POST(self) -> None:
        provider: LocalProvider = self.server.provider  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: said[0] for name, said in parse_qs(body).items()}
        tokens = provider.tokens(form, self.headers.get("authorization", ""))
        self._say(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _say(self, said: Claims, status: int = 200) -> None:
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
