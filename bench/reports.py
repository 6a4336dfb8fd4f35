"""How fast reports are made and how big they get: `python -m bench.reports`.

Times are CPU seconds of one process, so that a busy machine does not change them.
"""

import io
import resource
import time

from pypdf import PdfReader

from reports.as_json import to_json
from reports.as_pdf import to_pdf
from reports.document import to_document
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    Sound,
    long_report,
    make_media,
    make_report,
    make_scores,
    make_verdict,
    spliced_report,
)

_THREE_MINUTES_S = 180


def main() -> None:
    """Print CPU seconds, bytes, pages and peak memory of a short and of a 10-hour item."""
    to_pdf(to_document(spliced_report(), CARD, CONTEXT))  # fonts and templates are loaded once
    scores = make_scores(Sound([float(index % 7) - 2.0 for index in range(_THREE_MINUTES_S)]))
    short = make_report(scores, make_verdict(), make_media(float(_THREE_MINUTES_S)))
    print("item          CPU s  JSON kB  PDF kB  pages  peak MiB")
    for name, report in (("3 minutes", short), ("10 hours", long_report())):
        started = time.process_time()
        document = to_document(report, CARD, CONTEXT)
        json_bytes, pdf = to_json(document), to_pdf(document)
        cpu_s = time.process_time() - started
        pages = len(PdfReader(io.BytesIO(pdf)).pages)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name:12} {cpu_s:6.3f} {len(json_bytes) / 1000:8.0f} {len(pdf) / 1000:7.0f} "
            f"{pages:6} {peak:9.0f}"
        )


if __name__ == "__main__":
    main()
