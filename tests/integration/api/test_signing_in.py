"""Signing in: passwords, sessions, keys, forged requests, and who tries too often."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from console.api.context import ApiContext
from console.people.desk import FREE_TRIES, MOST_RESETS
from console.people.passwords import needs_new_hash
from console.people.roles import Role
from console.people.typed import digest
from pipeline.errors import AccessError, InputError
from storage import people_rows
from storage.database import transaction
from tests.conftest import MovedClock
from tests.integration.api.conftest import PASSWORD, Browse

pytestmark = pytest.mark.postgres


def test_a_visitor_is_told_to_sign_in_by_a_problem(visitor: TestClient) -> None:
    answer = visitor.get("/v1/jobs")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "sign_in_needed"


def test_who_signed_in_is_known_by_the_cookie_that_scripts_cannot_read(browse: Browse) -> None:
    client = browse("ada@example.org")
    me = client.get("/v1/me").json()
    assert (me["role"], me["account_id"]) == ("admin", "default")
    (cookie,) = client.cookies.jar
    assert cookie.has_nonstandard_attr("HttpOnly")


def test_a_change_without_the_pages_token_is_refused(browse: Browse) -> None:
    client = browse("ada@example.org")
    del client.headers["x-csrf-token"]
    answer = client.post("/v1/jobs", json={"sources": ["https://example.org/feed"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_missing")


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    visitor: TestClient, browse: Browse
) -> None:
    browse("ada@example.org")
    bodies = [
        visitor.post("/v1/sessions", json={"email": email, "password": "a wrong password"}).json()
        for email in ("ada@example.org", "nobody@example.org")
    ]
    assert bodies[0] == bodies[1]
    assert bodies[0]["code"] == "sign_in_wrong"


def test_who_tries_too_often_waits_even_with_the_right_password(
    moved_clock: MovedClock, visitor: TestClient, browse: Browse
) -> None:
    browse("ada@example.org")
    moved_clock.stop()
    for _ in range(8):
        visitor.post("/v1/sessions", json={"email": "ada@example.org", "password": "wrong words"})
    answer = visitor.post("/v1/sessions", json={"email": "ada@example.org", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_tries_at_once_are_counted_before_they_are_made(
    moved_clock: MovedClock, context: ApiContext, browse: Browse
) -> None:
    browse("ada@example.org")
    moved_clock.stop()

    def guess(number: int) -> str:
        try:
            context.people.sign_in("ada@example.org", f"wrong words {number}")
        except AccessError as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(20) as pool:
        codes = Counter(pool.map(guess, range(20)))
    assert codes == {"sign_in_wrong": FREE_TRIES, "sign_in_wait": 20 - FREE_TRIES}


def test_signing_in_often_and_well_makes_nobody_wait(context: ApiContext, browse: Browse) -> None:
    browse("ada@example.org")
    for _ in range(FREE_TRIES + 3):
        context.people.sign_in("ada@example.org", PASSWORD, address="192.0.2.1")
    with pytest.raises(AccessError, match="password is wrong"):
        context.people.sign_in("ada@example.org", "wrong words", address="192.0.2.1")


def test_whoever_sits_at_an_open_browser_cannot_guess_the_password_at_leisure(
    context: ApiContext, browse: Browse
) -> None:
    person_id = browse("ada@example.org").get("/v1/me").json()["person_id"]
    codes = []
    for _ in range(FREE_TRIES + 2):
        with pytest.raises(AccessError) as refused:
            context.people.change_password(person_id, "wrong words", "another four plain words", "")
        codes.append(refused.value.code)
        with pytest.raises(AccessError) as refused:
            context.people.remove_second_factor(person_id, "wrong words")
        codes.append(refused.value.code)
    assert codes[:FREE_TRIES] == ["sign_in_wrong"] * FREE_TRIES
    assert "sign_in_wait" in codes


def test_a_changed_password_ends_every_other_session_and_links_that_were_sent(
    context: ApiContext, browse: Browse
) -> None:
    here, elsewhere = browse("ada@example.org"), browse("ada@example.org")
    link = context.people.ask_reset("ada@example.org")
    assert link is not None
    kept = digest(str(here.cookies.get("verity_session")))
    context.people.change_password(1, PASSWORD, "another four plain words", kept)
    assert here.get("/v1/me").status_code == 200
    assert elsewhere.get("/v1/me").status_code == 401
    with pytest.raises(AccessError):
        context.people.reset_password(link.token, "yet another four words")


def test_nobody_is_sent_letter_after_letter(context: ApiContext, browse: Browse) -> None:
    browse("ada@example.org")
    asked = [context.people.ask_reset("ada@example.org") for _ in range(MOST_RESETS + 1)]
    assert [link is not None for link in asked] == [True] * MOST_RESETS + [False]


def test_keys_of_somebody_who_is_locked_out_open_nothing(
    context: ApiContext, browse: Browse, visitor: TestClient
) -> None:
    key = browse("ada@example.org").post("/v1/keys", json={"name": "script"}).json()["key"]
    visitor.headers["authorization"] = f"Bearer {key}"
    assert visitor.get("/v1/me").status_code == 200
    context.administration.set_disabled(1, None, is_disabled=True)
    assert visitor.get("/v1/me").status_code == 401


@pytest.mark.parametrize("place", [None, *Role])
def test_a_key_opens_no_more_than_who_made_it_may_now(
    context: ApiContext, browse: Browse, visitor: TestClient, place: Role | None
) -> None:
    ada = browse("ada@example.org")
    account_id = ada.get("/v1/me").json()["account_id"]
    keys = {
        role: ada.post("/v1/keys", json={"name": role, "role": role}).json()["key"] for role in Role
    }
    other = context.people.sign_up("bob@example.org", PASSWORD)
    with transaction(context.engine) as connection:
        people_rows.put_member(connection, account_id, other, Role.ADMIN)
    context.members.set_role(account_id, 1, place)
    good = {
        role
        for role, key in keys.items()
        if visitor.get("/v1/me", headers={"authorization": f"Bearer {key}"}).status_code == 200
    }
    ordered = list(Role)  # each may what those before it may
    assert good == set(ordered[: 0 if place is None else ordered.index(place) + 1])


def test_a_hash_of_weaker_settings_is_renewed_at_sign_in(
    context: ApiContext, browse: Browse
) -> None:
    browse("ada@example.org")
    weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=2).hash(PASSWORD)
    with transaction(context.engine) as connection:
        people_rows.update_person(connection, 1, {"password_hash": weak})
    context.people.sign_in("ada@example.org", PASSWORD)
    stored = context.people.person(1).password_hash
    assert stored != weak
    assert not needs_new_hash(stored)


@pytest.mark.parametrize(
    "password", ["eleven char", "password12345", "aaaaaaaaaaaaaa", "ada@example.org"]
)
def test_a_weak_password_is_refused(visitor: TestClient, password: str) -> None:
    answer = visitor.post("/v1/people", json={"email": "ada@example.org", "password": password})
    assert (answer.status_code, answer.json()["code"]) == (422, "password_weak")
    assert password not in answer.text


def test_signing_out_ends_the_session_on_the_server(browse: Browse) -> None:
    client = browse("ada@example.org")
    token = client.cookies.get("verity_session")
    assert client.delete("/v1/sessions/current").status_code == 204
    client.cookies.set("verity_session", token or "")
    assert client.get("/v1/me").status_code == 401


def test_a_key_opens_what_its_role_may_and_is_shown_once(
    browse: Browse, visitor: TestClient
) -> None:
    client = browse("ada@example.org")
    made = client.post("/v1/keys", json={"name": "newsroom", "role": "reader"}).json()
    assert made["key"] not in client.get("/v1/keys").text
    visitor.headers["authorization"] = f"Bearer {made['key']}"
    assert visitor.get("/v1/jobs").status_code == 200
    body = {"sources": ["https://example.org/feed"]}
    assert visitor.post("/v1/jobs", json=body).json()["code"] == "right_missing"
    client.delete(f"/v1/keys/{made['key_id']}")
    assert visitor.get("/v1/jobs").status_code == 401


def test_the_first_person_runs_the_installation_and_others_only_their_own(browse: Browse) -> None:
    first, second = browse("ada@example.org"), browse("bo@example.org")
    assert "operate" in first.get("/v1/me").json()["rights"]
    other = second.get("/v1/me").json()
    assert "operate" not in other["rights"]
    assert other["account_id"] != "default"


def test_a_second_factor_is_asked_for_and_each_code_works_once(
    context: ApiContext, visitor: TestClient, browse: Browse
) -> None:
    person_id = browse("ada@example.org").get("/v1/me").json()["person_id"]
    secret = pyotp.random_base32()
    totp = pyotp.TOTP(secret)
    with pytest.raises(InputError, match="wrong"):
        context.people.set_second_factor(person_id, secret, "000000")
    first = totp.now()
    context.people.set_second_factor(person_id, secret, first)

    body = {"email": "ada@example.org", "password": PASSWORD}
    assert visitor.post("/v1/sessions", json=body).json()["code"] == "code_needed"
    used = visitor.post("/v1/sessions", json=body | {"code": first})
    assert used.status_code == 401, "the code that set it up is used up"
    code = totp.at(time.time() + 30)  # a phone whose clock is ahead
    assert visitor.post("/v1/sessions", json=body | {"code": code}).status_code == 201
    assert visitor.post("/v1/sessions", json=body | {"code": code}).status_code == 401


def test_a_forgotten_password_is_reset_by_a_link_that_works_once(
    context: ApiContext, visitor: TestClient, browse: Browse
) -> None:
    old_session = browse("ada@example.org")
    assert context.people.ask_reset("nobody@example.org") is None
    first, second = (context.people.ask_reset("ADA@example.org") for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.email == "ada@example.org", "as it is known, not as it was typed"
    context.people.reset_password(second.token, "another four plain words")
    for used in (first, second):
        with pytest.raises(AccessError):
            context.people.reset_password(used.token, "yet another four words")
    assert old_session.get("/v1/me").status_code == 401
    body = {"email": "ada@example.org", "password": "another four plain words"}
    assert visitor.post("/v1/sessions", json=body).status_code == 201


def test_an_invitation_is_for_one_address_and_gives_its_role(
    context: ApiContext, visitor: TestClient, browse: Browse
) -> None:
    browse("ada@example.org")
    token = context.members.invite("default", "bo@example.org", Role.READER)
    wrong = {"email": "eve@example.org", "password": PASSWORD, "invitation": token}
    assert visitor.post("/v1/people", json=wrong).status_code == 403
    right = wrong | {"email": "bo@example.org"}
    assert visitor.post("/v1/people", json=right).status_code == 201
    me = browse("bo@example.org").get("/v1/me").json()
    assert (me["account_id"], me["role"]) == ("default", "reader")


def test_the_last_admin_cannot_leave(context: ApiContext, browse: Browse) -> None:
    person_id = browse("ada@example.org").get("/v1/me").json()["person_id"]
    for role in (Role.READER, None):
        with pytest.raises(InputError, match="needs an admin"):
            context.members.set_role("default", person_id, role)


def test_a_script_invites_gives_roles_and_sends_away(browse: Browse, visitor: TestClient) -> None:
    ada = browse("ada@example.org")
    invited = {"email": "bo@example.org", "role": "reader"}
    token = ada.post("/v1/members/invitations", json=invited).json()["invitation"]
    person = {"email": "bo@example.org", "password": PASSWORD, "invitation": token}
    person_id = visitor.post("/v1/people", json=person).json()["person_id"]
    place = f"/v1/members/{person_id}"
    assert ada.put(place, json={"role": "examiner"}).status_code == 204
    roles = {one["email"]: one["role"] for one in ada.get("/v1/members").json()}
    assert roles["bo@example.org"] == "examiner"
    assert ada.delete(place).status_code == 204
    assert ada.delete(place).json()["code"] == "member_not_found"
    shown = ada.get("/v1/access").json()["deeds"]
    assert [(one["what"], one["target"]) for one in shown[:3]] == [
        ("member.remove", f"person:{person_id}"),
        ("member.role", f"person:{person_id} examiner"),
        ("person.sign_up", ""),
    ]
    assert token not in str(shown)


def test_somebody_known_joins_by_an_invitation_and_looks_at_either_account(
    context: ApiContext, browse: Browse
) -> None:
    browse("ada@example.org")
    bo = browse("bo@example.org")
    own = bo.get("/v1/me").json()["account_id"]
    token = context.members.invite("default", "bo@example.org", Role.READER)
    assert bo.put("/v1/me/account", json={"account_id": "default"}).status_code == 404
    assert bo.post("/v1/me/places", json={"invitation": token}).json() == {"account_id": "default"}
    assert bo.post("/v1/me/places", json={"invitation": token}).status_code == 403
    for account_id, role in (("default", "reader"), (own, "admin")):
        assert bo.put("/v1/me/account", json={"account_id": account_id}).status_code == 204
        me = bo.get("/v1/me").json()
        assert (me["account_id"], me["role"]) == (account_id, role)
