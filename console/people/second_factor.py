"""The second factor: time-based one-time passwords (RFC 6238), by pyotp; each code counts once."""

import time
from hmac import compare_digest

import pyotp

STEP_S = 30
SECRET_CHARS = 32
STEPS_AROUND = 1  # clocks of phones are wrong by a little


def new_secret() -> str:
    """Return a new secret, base32."""
    return pyotp.random_base32(SECRET_CHARS)


def is_secret(text: str) -> bool:
    """Tell whether a text is a secret as `new_secret` makes it."""
    return len(text) == SECRET_CHARS and set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def setup_uri(secret: str, email: str) -> str:
    """Return what an authenticator app reads as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Voice Verity")


def check_code(
    secret: str, code: str, used_step: int | None, now_s: float | None = None
) -> int | None:
    """Return the time step of a right code that was not used, or None.

    Args:
        secret: base32.
        code: six digits, as typed.
        used_step: the last step whose code was used.
        now_s: seconds since 1970; None: now.
    """
    typed = "".join(code.split())
    current = int((time.time() if now_s is None else now_s) // STEP_S)
    totp = pyotp.TOTP(secret)
    for step in range(current - STEPS_AROUND, current + STEPS_AROUND + 1):
        is_new = used_step is None or step > used_step
        if is_new and compare_digest(totp.at(step * STEP_S).encode(), typed.encode()):
            return step
    return None
