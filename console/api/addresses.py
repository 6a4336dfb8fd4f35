"""The address of whoever asks; proxies in front of us are believed as far as they are named."""

from fastapi import Request


def address_of(request: Request, trusted_proxies: int) -> str:
    """Return the client's address.

    Args:
        request: whose.
        trusted_proxies: how many of ours are in front; each appends the address that it saw to
            `X-Forwarded-For`, and what stands before those is the client's own claim.
    """
    direct = request.client.host if request.client else ""
    if not trusted_proxies:
        return direct
    said = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",")]
    return said[-trusted_proxies][:64] if len(said) >= trusted_proxies else direct
