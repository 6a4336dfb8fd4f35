"""Asks an identity provider who somebody is: authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0 §3.1, Discovery 1.0, RFC 7636 (S256 only), RFC 9207. The provider is the
operator's choice and may be inside the network, so it is not asked through the egress guard; it is
asked by HTTPS only (or on this machine), redirects are not followed, and answers are cut off.
"""

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from console.people.provider_settings import ProviderSettings, is_safe_url
from pipeline.errors import AccessError, OutageError

FLOW_LASTS_S = 600.0  # to sign in at the provider
TIMEOUT_S = 10.0
MOST_BYTES = 1 << 20  # of an answer
KEPT_S = 3600.0  # metadata and keys
KEYS_AGAIN_S = 30.0  # between looks for a key that we do not know
LEEWAY_S = 60.0  # by which clocks may differ
# asymmetric ones: with HS256 whoever knows our secret could sign, and "none" signs nothing
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Flow:
    """What one browser keeps, sealed, until the provider sends it back."""

    state: str
    nonce: str
    verifier: str
    next: str  # where to go then
    began_at: float  # seconds since 1970

    @classmethod
    def begin(cls, next_path: str, now: float) -> "Flow":
        """Return a new flow: each secret has 256 random bits."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, next_path, now)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    email: str  # "": none that the provider has verified
    name: str
    groups: frozenset[str]


class Provider:
    """Remembers the provider's metadata and keys for an hour; for the server's life."""

    def __init__(self, settings: ProviderSettings, redirect_uri: str) -> None:
        """Name the provider, and where it sends people back; it is asked when somebody comes."""
        self.settings = settings
        self._redirect_uri = redirect_uri
        self._guard = threading.Lock()
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def address(self, flow: Flow) -> str:
        """Return where a browser is sent to.

        Raises:
            OutageError: the provider does not answer as it should (`provider_away`).
        """
        challenge = hashlib.sha256(flow.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": _base64url(challenge),
            "code_challenge_method": "S256",
        }
        endpoint = str(self._facts()["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def identity(self, flow: Flow, answer: Mapping[str, str], now: float) -> Identity:
        """Return whom the provider vouches for, by what a browser brings back.

        Args:
            flow: as this browser kept it.
            answer: the query that it came back with.
            now: seconds since 1970.

        Raises:
            AccessError: something does not fit (`provider_refused`).
            OutageError: the provider does not answer as it should (`provider_away`).
        """
        facts = self._facts()
        _check_answer(flow, answer, facts, now)
        body = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self._redirect_uri,
            "code_verifier": flow.verifier,
        }
        tokens = self._post(str(facts["token_endpoint"]), body, facts)
        claims = self._claims(str(tokens.get("id_token", "")), facts, flow, now)
        token = str(tokens.get("access_token", ""))
        if "email" not in claims and facts.get("userinfo_endpoint") and token:
            headers = {"authorization": f"Bearer {token}"}
            more = self._json("GET", str(facts["userinfo_endpoint"]), headers=headers)
            if more.get("sub") != claims["sub"]:  # OpenID Connect Core §5.3.2
                raise _refused("it speaks of two people at once")
            claims = {**more, **claims}
        return self._identity_of(claims, str(facts["issuer"]))

    def _identity_of(self, claims: Mapping[str, Any], issuer: str) -> Identity:
        said = claims.get(self.settings.role_claim)
        groups = said if isinstance(said, list) else [said]
        is_verified = claims.get("email_verified") is True  # not "true": no word is taken for it
        email, name = claims.get("email"), claims.get("name")
        return Identity(
            issuer,
            claims["sub"],
            email if is_verified and isinstance(email, str) else "",
            name if isinstance(name, str) else "",
            frozenset(one for one in groups if isinstance(one, str)),
        )

    def _claims(
        self, token: str, facts: Mapping[str, Any], flow: Flow, now: float
    ) -> dict[str, Any]:
        """Return what an ID token says, checked as Core §3.1.3.7 asks."""
        try:
            claims = jwt.decode(token, self._key_set(facts), algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:  # the provider has a new key
            try:
                keys = self._key_set(facts, again=True)
                claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            except (JoseError, ValueError) as error:
                raise _refused("its signature does not hold") from error
        except (JoseError, ValueError) as error:
            raise _refused("its signature does not hold") from error
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        subject, nonce = claims.get("sub"), claims.get("nonce")
        if claims.get("iss") != facts["issuer"]:
            raise _refused("it is another issuer's")
        is_ours = self.settings.client_id in audiences
        party = claims.get("azp", self.settings.client_id if len(audiences) == 1 else None)
        if not is_ours or party != self.settings.client_id:
            raise _refused("it is meant for somebody else")
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode(), flow.nonce.encode()
        ):
            raise _refused("it answers another request")
        times = [claims.get("exp"), claims.get("iat")]
        if not all(isinstance(one, int | float) for one in times):
            raise _refused("it does not say how long it holds")
        if now > float(claims["exp"]) + LEEWAY_S or float(claims["iat"]) > now + LEEWAY_S:
            raise _refused("it is over, or clocks differ")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise _refused("it names nobody")
        return dict(claims)

    # what is asked of the provider

    def _facts(self) -> dict[str, Any]:
        """Return the provider's metadata, with endpoints that secrets may be sent to."""
        with self._guard:
            kept = self._metadata
        if kept is not None and time.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        base = self.settings.issuer.rstrip("/")
        facts = self._json("GET", f"{base}/.well-known/openid-configuration")
        if str(facts.get("issuer", "")).rstrip("/") != base:
            raise _away("its metadata name another issuer")
        if not all(is_safe_url(facts.get(name)) for name in _ENDPOINTS):
            raise _away("its metadata name an address without HTTPS")
        if not is_safe_url(facts.get("userinfo_endpoint")):
            facts.pop("userinfo_endpoint", None)
        with self._guard:
            self._metadata = (time.monotonic(), facts)
        return facts

    def _key_set(self, facts: Mapping[str, Any], *, again: bool = False) -> KeySet:
        with self._guard:
            kept = self._keys
        lasts_s = KEYS_AGAIN_S if again else KEPT_S
        if kept is not None and time.monotonic() - kept[0] < lasts_s:
            return kept[1]
        said = self._json("GET", str(facts["jwks_uri"]))
        try:
            keys = KeySet.import_key_set({"keys": said["keys"]})
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise _away("its keys are not understood") from error
        with self._guard:
            self._keys = (time.monotonic(), keys)
        return keys

    def _post(self, url: str, body: dict[str, str], facts: Mapping[str, Any]) -> dict[str, Any]:
        """Trade a code for tokens; our secret goes as the provider wants it (RFC 6749 §2.3.1)."""
        secret = self.settings.client_secret
        headers = {}
        methods = facts.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret is None:
            body["client_id"] = self.settings.client_id
        elif "client_secret_basic" in methods:
            pair = f"{quote(self.settings.client_id, '')}:{quote(secret.get_secret_value(), '')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            body["client_id"] = self.settings.client_id
            body["client_secret"] = secret.get_secret_value()
        return self._json("POST", url, headers=headers, body=body)

    def _json(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        try:
            with (
                httpx.Client(
                    verify=_authorities(),
                    timeout=TIMEOUT_S,
                    follow_redirects=False,
                    trust_env=False,
                ) as client,
                client.stream(method, url, headers=headers, data=body) as answer,
            ):
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > MOST_BYTES:
                        raise _away("its answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _away("it does not answer") from error
        if method == "POST" and answer.status_code in {400, 401}:
            raise _refused("it does not take the code")
        if answer.status_code != 200:
            raise _away(f"it answers {answer.status_code}")
        try:
            said = json.loads(content)
        except ValueError as error:
            raise _away("its answer is no JSON") from error
        if not isinstance(said, dict):
            raise _away("its answer is no JSON object")
        return said


def _check_answer(
    flow: Flow, answer: Mapping[str, str], facts: Mapping[str, Any], now: float
) -> None:
    """Pass where a browser brings back what it was sent out for."""
    if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
        raise _refused("this browser did not ask for it")
    if not 0 <= now - flow.began_at <= FLOW_LASTS_S:
        raise _refused("it took too long")
    issuer = answer.get("iss")  # RFC 9207: another provider's answer is not taken for this one's
    is_promised = facts.get("authorization_response_iss_parameter_supported") is True
    if issuer != facts["issuer"] and (issuer is not None or is_promised):
        raise _refused("another provider answers")
    if not answer.get("code"):
        raise _refused("you, or the provider, said no")


@cache
def _authorities() -> ssl.SSLContext:
    """Return whom TLS trusts: certifi's list, or SSL_CERT_FILE; reading it takes 50 ms."""
    return httpx.create_ssl_context()


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _refused(why: str) -> AccessError:
    return AccessError(f"The sign-in was not taken: {why}. Try again.", "provider_refused")


def _away(why: str) -> OutageError:
    return OutageError(
        f"The identity provider cannot be used now: {why}. Sign in with a password, or later.",
        "provider_away",
    )
