"""Signatures of webhooks, pauses between tries, and who can be told."""

import numpy as np
import pytest

from jobs.delivery import LONGEST_PAUSE_S, pause_s, signature
from jobs.mail_settings import MailSettings
from jobs.notice_spec import Channel, channel_of
from pipeline.errors import ConfigError, InputError


def test_the_signature_is_the_specifications_own_example() -> None:
    signed = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_pauses_double_to_an_hour_and_never_come_at_one_moment() -> None:
    rng = np.random.default_rng(0)
    pauses = [pause_s(n, 0.0, rng) for n in range(1, 40)]
    assert 8 <= pauses[0] <= 12
    assert pauses[4] > 4 * pauses[1]
    assert max(pauses) <= LONGEST_PAUSE_S * 1.2
    assert len(set(pauses)) == len(pauses)


def test_a_receiver_that_asks_for_time_gets_it_up_to_an_hour() -> None:
    rng = np.random.default_rng(0)
    assert pause_s(1, 600.0, rng) >= 480
    assert pause_s(1, 1e9, rng) <= LONGEST_PAUSE_S * 1.2


@pytest.mark.parametrize(
    ("target", "channel"),
    [
        ("https://example.org/hook", Channel.WEBHOOK),
        ("http://example.org:8080/a?b=c", Channel.WEBHOOK),
        ("desk@example.org", Channel.EMAIL),
    ],
)
def test_a_target_says_how_it_is_reached(target: str, channel: Channel) -> None:
    assert channel_of(target) is channel


@pytest.mark.parametrize(
    "target",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "https://user:password@example.org/",
        "https:///path",
        "desk@",
        "a@b.org\r\nBcc: c@d.org",
        "Name <desk@example.org>",
        "a@b.org, c@d.org",
        "https://example.org/" + "x" * 3000,
    ],
)
def test_other_targets_are_refused(target: str) -> None:
    with pytest.raises(InputError, match="Where should it go"):
        channel_of(target)


def test_mail_settings_are_read_and_the_password_is_not_shown() -> None:
    mail = MailSettings.from_env(
        {
            "VERITY_SMTP_URL": "smtps://desk:pass%40word@mail.example.org",
            "VERITY_MAIL_FROM": "Verity <verity@example.org>",
        }
    )
    assert (mail.host, mail.port, mail.security) == ("mail.example.org", 465, "tls")
    assert mail.password.get_secret_value() == "pass@word"
    assert "pass@word" not in repr(mail)
    assert mail.domain == "example.org"


@pytest.mark.parametrize(
    "environ",
    [
        {"VERITY_SMTP_URL": "smtp://mail.example.org"},
        {"VERITY_MAIL_FROM": "verity@example.org"},
        {"VERITY_SMTP_URL": "http://secret@mail", "VERITY_MAIL_FROM": "verity@example.org"},
        {"VERITY_SMTP_URL": "smtp://u:secret@:x", "VERITY_MAIL_FROM": "verity@example.org"},
        {"VERITY_SMTP_URL": "smtp://mail.example.org", "VERITY_MAIL_FROM": "verity"},
    ],
)
def test_wrong_mail_settings_are_named_without_their_password(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="VERITY_") as caught:
        MailSettings.from_env(environ)
    assert "secret" not in str(caught.value)
