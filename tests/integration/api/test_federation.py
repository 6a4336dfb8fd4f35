"""Signing in by an identity provider: a real one on this machine, honest and otherwise."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from console.pages.words import page_words
from console.people.desk import SignUp
from console.people.provider_settings import ProviderSettings
from console.people.roles import Role
from storage.database import transaction
from tests.integration.api.conftest import PASSWORD
from tests.local_provider import LocalProvider, local_provider

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
SITE = "https://testserver"
EVE = {"sub": "eve-1", "email": "eve@example.org", "email_verified": True, "name": "Eve"}


@pytest.fixture
def provider() -> Iterator[LocalProvider]:
    with local_provider(**EVE) as provider:
        yield provider


@pytest.fixture
def site(context: ApiContext, provider: LocalProvider) -> ApiContext:
    """Give a context whose people may come by the provider; Ada runs it."""
    context.people.sign_up("ada@example.org", PASSWORD)
    return with_provider(context, provider)


def with_provider(
    context: ApiContext,
    provider: LocalProvider,
    sign_up: SignUp = SignUp.OPEN,
    roles: tuple[tuple[str, Role], ...] = (),
) -> ApiContext:
    """Return a context that trusts the provider."""
    chosen = ProviderSettings(
        issuer=provider.issuer,
        client_id=provider.client_id,
        client_secret=SecretStr(provider.client_secret),
        name="Newsroom ID",
        roles=roles,
    )
    changed = {"sign_up": sign_up, "provider": chosen, "public_url": SITE}
    settings = context.settings.model_copy(update=changed)
    return dataclasses.replace(context, settings=settings)


@dataclasses.dataclass(slots=True)
class Browsers:
    """Opens browsers; an app over a context is made once, since each costs a second."""

    stack: ExitStack
    apps: list[tuple[ApiContext, FastAPI]] = dataclasses.field(default_factory=list)

    def open(self, site: ApiContext) -> TestClient:
        """Return a new browser."""
        app = next((app for context, app in self.apps if context is site), None)
        if app is None:
            app = create_app(site, create_pages(site))
            self.apps.append((site, app))
        client = TestClient(app, base_url=SITE, follow_redirects=False)
        return self.stack.enter_context(client)


@pytest.fixture
def browsers() -> Iterator[Browsers]:
    with ExitStack() as stack:
        yield Browsers(stack)


def at_provider(client: TestClient, provider: LocalProvider, next_path: str = "/jobs") -> str:
    """Leave for the provider; return where it sends the browser back to."""
    answer = client.get(f"/sign-in/provider?next={next_path}")
    assert answer.status_code == 303, answer.text
    return provider.visit(answer.headers["location"]).removeprefix(SITE)


def come_back(client: TestClient, provider: LocalProvider) -> Response:
    """Sign in by the provider."""
    return client.get(at_provider(client, provider))


def me(client: TestClient) -> dict[str, object]:
    said: dict[str, object] = client.get("/v1/me").json()
    return said


def test_somebody_new_signs_in_and_comes_back_as_the_same_person(
    site: ApiContext, provider: LocalProvider, browsers: Browsers
) -> None:
    client = browsers.open(site)
    first = come_back(client, provider)
    assert (first.status_code, first.headers["location"]) == (303, "/jobs")
    person_id = me(client)["person_id"]
    provider.person = EVE | {"email": "eve@elsewhere.example"}  # an address that changed
    again = browsers.open(site)
    come_back(again, provider)
    assert me(again)["person_id"] == person_id
    asked = provider.asked[0]
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{SITE}/sign-in/provider/back"


def test_somebody_known_links_by_their_own_password_and_is_let_in_from_then_on(
    site: ApiContext, provider: LocalProvider, browsers: Browsers
) -> None:
    eve_id = site.people.sign_up("eve@example.org", PASSWORD)
    client = browsers.open(site)
    answer = come_back(client, provider)
    assert answer.headers["location"] == "/sign-in"
    assert me(client).get("person_id") is None
    assert page_words("en")["provider.link"].format(name="Newsroom ID") in (
        client.get("/sign-in").text.replace("&#39;", "'")
    )
    client.post("/sign-in", data={"email": "eve@example.org", "password": PASSWORD})
    again = browsers.open(site)
    come_back(again, provider)
    assert me(again)["person_id"] == eve_id


def test_an_address_alone_takes_nobody_over_and_another_persons_password_links_nothing(
    site: ApiContext, provider: LocalProvider, browsers: Browsers, engine: Engine
) -> None:
    site.people.sign_up("eve@example.org", PASSWORD)
    client = browsers.open(site)
    come_back(client, provider)
    client.post("/sign-in", data={"email": "ada@example.org", "password": PASSWORD})
    with transaction(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM federated")) == 0
    again = browsers.open(site)
    assert come_back(again, provider).headers["location"] == "/sign-in"


def test_an_address_that_was_not_verified_lets_nobody_in(
    site: ApiContext, provider: LocalProvider, browsers: Browsers
) -> None:
    provider.person = EVE | {"email_verified": False}
    client = browsers.open(site)
    answer = come_back(client, provider)
    assert answer.status_code == 401
    assert "not verified" in answer.text
    assert me(client).get("person_id") is None


def test_another_browsers_answer_is_not_taken(
    site: ApiContext, provider: LocalProvider, browsers: Browsers
) -> None:
    mine, theirs = browsers.open(site), browsers.open(site)
    attackers = at_provider(theirs, provider)
    assert mine.get(attackers).status_code == 401  # it never left
    at_provider(mine, provider)
    answer = mine.get(attackers)
    assert answer.status_code == 401
    assert "this browser did not ask for it" in answer.text


def test_somebody_who_says_no_is_told_so_and_an_absent_provider_too(
    site: ApiContext, provider: LocalProvider, browsers: Browsers, context: ApiContext
) -> None:
    provider.agrees = False
    assert "said no" in come_back(browsers.open(site), provider).text
    provider.issuer = "http://127.0.0.1:9"
    away = with_provider(context, provider)
    answer = browsers.open(away).get("/sign-in/provider")
    assert answer.status_code == 503
    assert "Sign in with a password" in answer.text


def test_the_sign_up_policy_holds_for_those_who_come_by_a_provider(
    context: ApiContext, provider: LocalProvider, browsers: Browsers, engine: Engine
) -> None:
    first = browsers.open(with_provider(context, provider, SignUp.OPEN))
    assert "signs up first, with a password" in come_back(first, provider).text
    context.people.sign_up("ada@example.org", PASSWORD)
    context.members.invite("default", "eve@example.org", Role.EXAMINER)
    off = browsers.open(with_provider(context, provider, SignUp.OFF))
    assert come_back(off, provider).status_code == 401
    invited = browsers.open(with_provider(context, provider, SignUp.INVITED))
    come_back(invited, provider)
    assert (me(invited)["account_id"], me(invited)["role"]) == ("default", "examiner")
    provider.person = EVE | {"sub": "mallory", "email": "mallory@example.org"}
    assert (
        come_back(
            browsers.open(with_provider(context, provider, SignUp.INVITED)), provider
        ).status_code
        == 401
    )


def test_groups_give_roles_and_take_away_what_they_gave_but_never_the_last_admin(
    context: ApiContext, provider: LocalProvider, browsers: Browsers
) -> None:
    context.people.sign_up("ada@example.org", PASSWORD)
    roles = (("desk", Role.ANALYST), ("leads", Role.ADMIN))
    site = with_provider(context, provider, SignUp.INVITED, roles)
    provider.person = EVE | {"groups": ["desk", "leads", "others"]}
    client = browsers.open(site)
    come_back(client, provider)
    assert (me(client)["account_id"], me(client)["role"]) == ("default", "admin")
    provider.person = EVE | {"groups": "desk"}
    come_back(client, provider)
    assert me(client)["role"] == "analyst"
    provider.person = EVE | {"groups": []}
    assert "no place in any account" in come_back(client, provider).text
    assert client.get("/v1/me").status_code == 401
    assert [one.email for one in context.members.members("default")] == ["ada@example.org"]


def test_somebody_locked_out_does_not_come_in_by_the_provider_either(
    site: ApiContext, provider: LocalProvider, browsers: Browsers
) -> None:
    client = browsers.open(site)
    come_back(client, provider)
    person_id = int(str(me(client)["person_id"]))
    site.administration.set_disabled(person_id, None, is_disabled=True)
    assert come_back(browsers.open(site), provider).status_code == 401


def test_unlinking_is_by_ones_own_page_and_nobody_is_sent_to_another_site(
    site: ApiContext, provider: LocalProvider, browsers: Browsers
) -> None:
    client = browsers.open(site)
    back = client.get(at_provider(client, provider, "//evil.example/x"))
    assert back.headers["location"] == "/"
    csrf = str(me(client)["csrf"])
    assert "Newsroom ID" in client.get("/account").text
    assert client.post("/account/provider/remove", data={"csrf": csrf}).status_code == 303
    assert come_back(browsers.open(site), provider).headers["location"] == "/sign-in"


def test_who_came_and_who_was_refused_is_written_down(
    site: ApiContext, provider: LocalProvider, browsers: Browsers, engine: Engine
) -> None:
    client = browsers.open(site)
    come_back(client, provider)
    with transaction(engine) as connection:
        rows = connection.execute(text("SELECT what, target FROM access ORDER BY access_id")).all()
    assert ("session.start", "provider") in [tuple(row) for row in rows]
    back = urlsplit(at_provider(client, provider))
    assert set(parse_qs(back.query)) == {"state", "iss", "code"}
