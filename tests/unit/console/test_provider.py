"""What an identity provider says is checked: a real one on this machine, honest and otherwise."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr

from console.people import provider as provider_module
from console.people.provider import FLOW_LASTS_S, Flow, Identity, Provider
from console.people.provider_settings import ProviderSettings
from console.people.roles import Role
from pipeline.errors import AccessError, ConfigError, OutageError
from tests.local_provider import LocalProvider, local_provider

EVE = {"sub": "eve-1", "email": "eve@example.org", "email_verified": True, "name": "Eve"}
BACK = "https://verity.example.org/sign-in/provider/back"
ENVIRON = {
    "VERITY_OIDC_ISSUER": "https://id.example.org",
    "VERITY_OIDC_CLIENT_ID": "verity",
    "VERITY_PUBLIC_URL": "https://verity.example.org",
}


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@pytest.fixture
def local(key: RSAKey) -> Iterator[LocalProvider]:
    with local_provider(**EVE) as local:
        local.key = key
        yield local


@pytest.fixture
def client(local: LocalProvider) -> Provider:
    return client_of(local)


def client_of(local: LocalProvider) -> Provider:
    """Return our side of a provider."""
    settings = ProviderSettings(
        issuer=local.issuer,
        client_id=local.client_id,
        client_secret=SecretStr(local.client_secret),
        name="Newsroom ID",
    )
    return Provider(settings, BACK)


def flow() -> Flow:
    return Flow.begin("/", time.time())


def answer_to(client: Provider, local: LocalProvider, sent: Flow) -> dict[str, str]:
    """Go to the provider as a browser does; return what it comes back with."""
    back = local.visit(client.address(sent))
    assert back.startswith(BACK)
    return {name: said[0] for name, said in parse_qs(urlsplit(back).query).items()}


def identity(client: Provider, local: LocalProvider) -> Identity:
    """Sign in."""
    sent = flow()
    return client.identity(sent, answer_to(client, local, sent), time.time())


def test_an_honest_answer_names_the_person(client: Provider, local: LocalProvider) -> None:
    found = identity(client, local)
    assert found == Identity(local.issuer, "eve-1", "eve@example.org", "Eve", frozenset())
    asked = local.asked[0]
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", BACK)
    assert asked["scope"].split()[0] == "openid"


def test_each_request_has_secrets_of_its_own() -> None:
    one, other = flow(), flow()
    assert len({one.state, one.nonce, one.verifier, other.state, other.nonce, other.verifier}) == 6


def test_what_only_userinfo_tells_is_asked_for_and_must_be_of_the_same_person(
    client: Provider, local: LocalProvider
) -> None:
    local.in_id_token = False
    assert identity(client, local).email == "eve@example.org"
    local.lies = {"sub": "mallory"}
    with pytest.raises(AccessError, match="two people"):
        identity(client, local)


@pytest.mark.parametrize("said", [False, "true", 1, None])
def test_an_address_that_is_not_said_to_be_verified_is_none(
    client: Provider, local: LocalProvider, said: object
) -> None:
    local.person = EVE | {"email_verified": said}
    assert identity(client, local).email == ""


@pytest.mark.parametrize(
    "lies",
    [
        {"iss": "https://evil.example"},
        {"aud": "somebody-else"},
        {"aud": ["verity", "somebody-else"]},  # without azp
        {"aud": []},
        {"azp": "somebody-else"},
        {"nonce": "of another request"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": time.time() + 3600},
        {"sub": ""},
        {"sub": 7},
    ],
)
def test_an_id_token_that_does_not_fit_is_refused(
    client: Provider, local: LocalProvider, lies: dict[str, object]
) -> None:
    local.lies = lies
    with pytest.raises(AccessError) as refused:
        identity(client, local)
    assert refused.value.code == "provider_refused"


def test_a_token_for_several_is_taken_where_it_is_issued_to_us(
    client: Provider, local: LocalProvider
) -> None:
    local.lies = {"aud": ["verity", "somebody-else"], "azp": "verity"}
    assert identity(client, local).subject == "eve-1"


def test_a_token_that_the_provider_did_not_sign_is_refused(
    client: Provider, local: LocalProvider
) -> None:
    our_secret = OctKey.import_key("a secret of & odd : signs, and long enough")
    for forger in (RSAKey.generate_key(2048), our_secret):
        local.forged_with = forger
        with pytest.raises(AccessError, match="signature does not hold"):
            identity(client, local)


def test_a_token_that_nobody_signed_is_refused(
    client: Provider, local: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJldmUtMSJ9."  # {"alg":"none"}, {"sub":"eve-1"}
    monkeypatch.setattr(LocalProvider, "id_token", lambda _self, _claims: unsigned)
    with pytest.raises(AccessError, match="signature does not hold"):
        identity(client, local)


def test_a_new_key_of_the_provider_is_found(
    client: Provider, local: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity(client, local)
    local.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    with pytest.raises(AccessError):  # keys were looked at a moment ago
        identity(client, local)
    monkeypatch.setattr(provider_module, "KEYS_AGAIN_S", 0.0)
    assert identity(client, local).subject == "eve-1"


def test_an_answer_to_another_browser_and_a_late_one_are_refused(
    client: Provider, local: LocalProvider
) -> None:
    sent = flow()
    answer = answer_to(client, local, sent)
    with pytest.raises(AccessError, match="did not ask for it"):
        client.identity(flow(), answer, time.time())
    with pytest.raises(AccessError, match="too long"):
        client.identity(sent, answer, time.time() + FLOW_LASTS_S + 1)


def test_a_code_is_good_once_and_with_its_own_verifier(
    client: Provider, local: LocalProvider
) -> None:
    sent = flow()
    answer = answer_to(client, local, sent)
    stolen = Flow(sent.state, sent.nonce, flow().verifier, "/", sent.began_at)
    with pytest.raises(AccessError, match="does not take the code"):
        client.identity(stolen, answer, time.time())
    again = answer_to(client, local, sent)
    client.identity(sent, again, time.time())
    with pytest.raises(AccessError, match="does not take the code"):
        client.identity(sent, again, time.time())


def test_another_providers_answer_is_refused_and_a_promised_name_must_be_there(
    client: Provider, local: LocalProvider
) -> None:
    local.answers_as = "https://evil.example"
    with pytest.raises(AccessError, match="another provider"):
        identity(client, local)
    local.answers_as = ""
    sent = flow()
    answer = answer_to(client, local, sent)
    del answer["iss"]
    with pytest.raises(AccessError, match="another provider"):
        client.identity(sent, answer, time.time())


def test_somebody_who_says_no_is_told_so(client: Provider, local: LocalProvider) -> None:
    local.agrees = False
    with pytest.raises(AccessError, match="said no"):
        identity(client, local)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://evil.example"),
        ("token_endpoint", "http://evil.example/token"),
        ("jwks_uri", None),
        ("authorization_endpoint", "javascript:alert(1)"),
    ],
)
def test_metadata_that_lead_elsewhere_are_not_followed(
    client: Provider, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    honest = LocalProvider.metadata
    monkeypatch.setattr(LocalProvider, "metadata", lambda self: honest(self) | {name: value})
    with pytest.raises(OutageError):
        client.address(flow())


def test_a_provider_that_is_away_is_an_outage(local: LocalProvider) -> None:
    local.issuer = "http://127.0.0.1:9"
    with pytest.raises(OutageError, match="Sign in with a password"):
        client_of(local).address(flow())


def test_settings_name_what_is_missing_or_wrong(tmp_path: Path) -> None:
    assert ProviderSettings.from_env({}) is None
    wrong: list[dict[str, str]] = [
        {"VERITY_OIDC_CLIENT_ID": ""},
        {"VERITY_PUBLIC_URL": ""},
        {"VERITY_OIDC_ISSUER": "http://id.example.org"},
        {"VERITY_OIDC_ISSUER": "https://user@id.example.org"},
        {"VERITY_OIDC_ROLES": "desk=emperor"},
        {"VERITY_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "none")},
    ]
    for change in wrong:
        with pytest.raises(ConfigError):
            ProviderSettings.from_env(ENVIRON | change)


def test_the_secret_may_lie_in_a_file_and_groups_may_hold_signs(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden\n")
    found = ProviderSettings.from_env(
        ENVIRON
        | {
            "VERITY_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
            "VERITY_OIDC_ROLES": "cn=desk=analyst, leads=admin",
        }
    )
    assert found is not None
    assert found.client_secret is not None
    assert found.client_secret.get_secret_value() == "hidden"
    assert "hidden" not in repr(found)
    assert found.roles == (("cn=desk", Role.ANALYST), ("leads", Role.ADMIN))
    assert found.name == "id.example.org"
