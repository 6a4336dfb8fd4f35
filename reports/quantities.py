"""Numbers as readers see them: durations, clock times, likelihood ratios, shares, sizes."""

import math

THIN = "\u202f"  # narrow no-break space, groups digits in every language (ISO 80000-1)


def clock(seconds: float) -> str:
    """Return a position such as `0:07`, `12:30.5` or `1:02:03`."""
    tenths = round(max(seconds, 0.0) * 100)
    whole, rest = divmod(tenths, 100)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return text + (f".{rest:02d}".rstrip("0") if rest else "")


def duration(seconds: float) -> str:
    """Return a length such as `0.25 s`, `7.5 s`, `3 min 20 s` or `10 h 2 min`."""
    if seconds < 120:
        decimals = 2 if seconds < 1 else 1
        return f"{round(seconds, decimals):g}\u00a0s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    parts = [(hours, "h"), (minute, "min"), (second if not hours else 0, "s")]
    return " ".join(f"{count}\u00a0{unit}" for count, unit in parts if count)


def grouped(number: int) -> str:
    """Return an integer with its digits in threes."""
    return f"{number:,}".replace(",", THIN)


def ratio(times: float, most: float = math.inf) -> str:
    """Return a likelihood ratio to one significant digit: calibration supports no more.

    Args:
        times: >= 1.
        most: the printed number is at most this.
    """
    size = 10 ** math.floor(math.log10(times) + 1e-9)
    number = round(times / size) * size
    if number > most:
        number = math.floor(most / size + 1e-9) * size
    return grouped(number)


def exact_ratio(times: float) -> str:
    """Return a limit such as 48 without rounding it up."""
    return grouped(math.floor(times * (1 + 1e-3)))  # the limit itself was rounded to 1e-3


def share(fraction: float, decimals: int = 1, form: str = "{number} in 100") -> str:
    """Return a fraction as `3.5 in 100`, to be read without knowing what a percentage is of."""
    return form.format(number=f"{round(fraction * 100, decimals):g}")


def file_size(size_bytes: int, form: str = "{number} bytes") -> str:
    """Return a size such as `48 bytes` or `3.2 MB`."""
    if size_bytes < 1_000:
        return form.format(number=size_bytes)
    power = min(int(math.log10(size_bytes) / 3), 3)
    size = size_bytes / 1_000**power
    return f"{size:.3g}\u00a0{('', 'kB', 'MB', 'GB')[power]} ({form.format(number=grouped(size_bytes))})"


def signed(llr: float) -> str:
    """Return an LLR for experts, with its sign: `+1.25`, `−0.40`."""
    return f"{llr:+.2f}".replace("-", "−")


def in_100(share: float) -> str:
    """Return a share in 100 without a percent sign: `12.5`, `< 0.1`."""
    if 0 < share < 0.001:
        return "< 0.1"
    return f"{share * 100:.1f}"
