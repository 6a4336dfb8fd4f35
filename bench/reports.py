"""How fast reports are made and how big they get: `python -m bench.reports`.

Times are CPU seconds of one process; on a busy machine they are two to three times those of a quiet
one, since cores share their units. The fastest of some tries for the short item, each try another
item. Each kind of item has a process of its own: its peak memory counts from the interpreter's start,
with the fonts of all scripts.
"""

import io
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pikepdf

from bench.cpu_clock import peak_mib
from pipeline.vocabulary import MediaReport
from reports.as_pdf import Attached, to_pdf
from reports.custody_parts import signer_of_key
from reports.document import to_document
from reports.json_signature import sign_json
from reports.pdf_signature import sign_pdf
from reports.rendering import render
from reports.signing_keys import SigningKey, create_key
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    Sound,
    long_report,
    make_media,
    make_report,
    make_scores,
    make_traces,
    make_verdict,
    spliced_report,
)

_THREE_MINUTES_S = 180
_ITEMS = {"3 minutes": 5, "10 hours": 1}  # name -> tries


def main() -> None:
    """Print CPU seconds, bytes, pages and peak memory of a short and of a 10-hour item."""
    if len(sys.argv) > 1:
        _measure(sys.argv[1])
        return
    print("item          CPU s  signing  JSON kB  PDF kB  pages  peak MiB", flush=True)
    for name in _ITEMS:
        subprocess.run([sys.executable, "-m", "bench.reports", name], check=True)  # noqa: S603 (our own)


def _measure(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        key = create_key(Path(folder), "bench")
    context = replace(CONTEXT, signer=signer_of_key(key))
    # fonts, templates and the libraries that sign are loaded once a process
    render(to_document(spliced_report(), CARD, context), {}, key)
    cpu_s, signing_s = math.inf, math.inf
    for number in range(_ITEMS[name]):
        # another item each time: Typst remembers the pages of one that it has set before
        report = long_report() if name == "10 hours" else _short_report(number)
        context = replace(context, report_id=f"VR-2026-{number:06}")
        started = time.process_time()
        document = to_document(report, CARD, context)
        attached = Attached.of(document)
        json_bytes, pdf = attached.json, to_pdf(document, attached=attached)
        rendered_at = time.process_time()
        pdf = _signed(json_bytes, pdf, key)
        cpu_s = min(cpu_s, rendered_at - started)
        signing_s = min(signing_s, time.process_time() - rendered_at)
    n_pages = len(pikepdf.open(io.BytesIO(pdf)).pages)
    print(
        f"{name:12} {cpu_s:6.3f} {signing_s:8.3f} {len(json_bytes) / 1000:8.0f} "
        f"{len(pdf) / 1000:7.0f} {n_pages:6} {peak_mib():9.0f}"
    )


def _short_report(number: int) -> MediaReport:
    cells = [float((index + number) % 7) - 2.0 for index in range(_THREE_MINUTES_S)]
    scores = make_scores(Sound(cells))
    traces = make_traces(float(_THREE_MINUTES_S), (6, 13, 20, 27), seed=number, explained=True)
    return make_report(scores, make_verdict(), make_media(float(_THREE_MINUTES_S)), traces=traces)


def _signed(json_bytes: bytes, pdf: bytes, key: SigningKey) -> bytes:
    sign_json(json_bytes, key)
    return sign_pdf(pdf, key)


if __name__ == "__main__":
    main()
