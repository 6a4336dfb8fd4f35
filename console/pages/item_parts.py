"""Parts of an item's page that are put together before the template shows them."""

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.api.item_sound import ItemSound
from console.api.item_values import FindingShown
from console.api.report_shelf import ReadReport
from jobs.spec import ItemStatus, ReportFile
from pipeline.vocabulary import Variant
from reports.as_spans import SPAN_FORMATS
from reports.page_strongest import strongest_captions, strongest_pictures
from reports.sound_parts import PicturePart
from reports.words import Words

STAGE_WORDS = (
    *("play", "pause", "recorded", "separated", "person", "synthetic"),
    *("opening", "no_sound", "no_clip"),
)


@dataclass(frozen=True, slots=True)
class Download:
    """Something that can be taken along."""

    group: str  # report, opinions, spans, sound
    name: str  # as people know it
    url: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class QualityCount:
    """How many segments carry a remark."""

    words: str
    n_segments: int
    n_all: int


@dataclass(frozen=True, slots=True)
class ExplainedSecond:
    """A second that speaks most clearly, and the picture of what moved its score."""

    time: str
    said: str  # what it supports, and how strongly
    alt: str
    picture: str  # a data URL


def stage_of(
    finding: FindingShown, pictures: Sequence[PicturePart], words: Mapping[str, str]
) -> str:
    """Return what `item.js` needs to begin, as JSON; what the report has no picture of is not asked for."""
    return json.dumps(
        {
            "item": finding.item_id,
            "end_s": finding.end_s,
            "hop_s": finding.hop_s,
            "language": finding.language,
            "lanes": [lane.model_dump(mode="json") for lane in finding.lanes],
            "spans": [
                [span.start_s, span.end_s]
                for span in (finding.verdict.spans if finding.verdict else ())
            ],
            "sound": finding.sound.model_dump(mode="json"),
            "drawn": [
                {
                    "track": one.track,
                    "channel": one.channel,
                    "wave": bool(one.peaks),
                    "picture": bool(one.png),
                }
                for one in pictures
            ],
            "words": {key: words[f"player.{key}"] for key in STAGE_WORDS},
        }
    )


def quality_of(report: ReadReport, words: Words) -> list[QualityCount]:
    """Return the remarks on the recording as it is, the most frequent first."""
    counts: Counter[str] = Counter()
    n_all = 0
    for row in report.document.findings.segments:
        if row.variant is Variant.RECORDED:
            n_all += 1
            counts.update(row.quality)
    return [
        QualityCount(words.quality.get(name, name), n, n_all) for name, n in counts.most_common()
    ]


def explained_of(report: ReadReport, words: Words) -> list[ExplainedSecond]:
    """Return the seconds whose scores were explained; none where nobody asked for it."""
    document = report.document
    if not any(one.occlusion for one in document.strongest):
        return []
    shown = zip(strongest_captions(document, words), strongest_pictures(document), strict=True)
    return [
        ExplainedSecond(caption.time, caption.said, caption.alt, _data_url(picture))
        for caption, picture in shown
    ]


def downloads_of(item: ItemStatus, sound: ItemSound) -> list[Download]:
    """Return all that can be taken along, in the order of the page."""
    at = f"/v1/items/{item.item_id}"
    found = [
        Download(_group(file), _name(file), f"{at}/report.{file.kind}", file.size_bytes)
        for file in item.files
    ]
    found += [Download("spans", form, f"{at}/spans.{form}") for form in SPAN_FORMATS]
    if sound.medium is not None:
        found.append(Download("sound", "media", f"{at}/media", sound.medium.size_bytes))
    return sorted(found, key=lambda one: _GROUPS.index(one.group))


_GROUPS = ("report", "opinions", "spans", "sound")


def _data_url(picture: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"


def _group(file: ReportFile) -> str:
    if file.kind.startswith("clip-"):
        return "sound"
    is_stamp = file.kind.startswith(("tsr-", "pdf-tsr"))  # the machine's report's own
    return "opinions" if "-" in file.kind and not is_stamp else "report"


def _name(file: ReportFile) -> str:
    return file.kind.replace("-", " ") if "-" in file.kind else file.kind
