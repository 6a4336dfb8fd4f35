"""Table: rows of baselines as Markdown, best first."""

from collections.abc import Sequence

from training.baselines.rows import BaselineRow

HEADER = (
    "| front end | model | accuracy at EER | accuracy at 50/50 | EER [95 %] | AUC [95 %] "
    "| genuine called synthetic at 50/50 | synthetic called genuine at 50/50 "
    "| weights | windows seen | CPU s |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def markdown_table(rows: Sequence[BaselineRow]) -> str:
    """Return the rows as a Markdown table, the lowest EER first."""
    lines = [_line(row) for row in sorted(rows, key=lambda row: row.eer[0])]
    return "\n".join([HEADER, *lines])


def row_line(row: BaselineRow) -> str:
    """Return a row in words, for the terminal."""
    return (
        f"{row.front_end} x {row.model}: EER {_interval(row.eer)} %, AUC {_interval(row.auc)} %, "
        f"accuracy {_percent(row.accuracy_at_eer)} % at the EER threshold and "
        f"{_percent(row.accuracy_at_zero)} % at 50/50; {row.n_windows_seen} windows seen in "
        f"{row.used_s:.0f} s of processor time"
    )


def _line(row: BaselineRow) -> str:
    """Return one line of the table."""
    cells = (
        row.front_end,
        f"{row.model}, pretrained" if row.pretrained else row.model,
        _percent(row.accuracy_at_eer),
        _percent(row.accuracy_at_zero),
        _interval(row.eer),
        _interval(row.auc),
        _percent(row.bonafide_rejected_at_zero),
        _percent(row.spoof_accepted_at_zero),
        f"{row.n_parameters:,}".replace(",", " ") if row.n_parameters else "–",
        f"{row.n_windows_seen:,}".replace(",", " "),
        f"{row.used_s:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _percent(share: float) -> str:
    """Return a fraction in percent."""
    return f"{100 * share:.1f}"


def _interval(values: tuple[float, float, float]) -> str:
    """Return a value with its bounds, in percent."""
    value, low, high = values
    return f"{_percent(value)} [{_percent(low)}, {_percent(high)}]"
