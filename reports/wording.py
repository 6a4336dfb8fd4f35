"""The only file that turns an LLR into words: two propositions, a strength, never a guilt.

LLR = ln P(E | bona fide) / P(E | spoof); positive supports "a person spoke". What is said about a
finding is how many times more probable it is under one proposition than under the other, never how
probable a proposition is. The sentences themselves are in one file per language.
"""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline.vocabulary import Reason, TrackUse, Variant, VerdictKind
from reports.findings import (
    ErrorRateFindings,
    Findings,
    LikenessFindings,
    SegmentRow,
    SpanFindings,
)
from reports.quantities import clock, duration, exact_ratio, grouped, ratio, share
from reports.scale import LARGEST_LLR, Side, Strength, weigh
from reports.words import Words
from reports.words_en import ENGLISH

MAX_SPANS_NAMED = 4  # on page 1; all of them stand in the list of stretches
_AMOUNT_OF_VOICE = re.compile(
    r"at least ([\d.]+ s) of voice"
)  # `pipeline.decide.error_rates` says it
OVERLAPPED = "overlapped_speech"  # both a flag of seconds and the remark on what it means
OF_JUDGEMENTS = frozenset({"reverberant"})  # remarks that say how far to trust one


def headline(findings: Findings, words: Words = ENGLISH) -> str:
    """Return the one plain sentence of what was found."""
    if findings.verdict is None:
        return words.failed_headline
    return words.headlines[findings.verdict.kind]


def detail_sentence(findings: Findings, words: Words = ENGLISH) -> str:
    """Return where it was found, or why there is no (firmer) answer; empty if nothing is to say."""
    verdict = findings.verdict
    if verdict is None:
        return failure_sentence(findings.failure.code if findings.failure else "error", words)
    sentences = [words.reasons[verdict.reason].format(voiced=duration(verdict.voiced_s))]
    if verdict.spans:
        sentences.append(_spans_sentence(findings, verdict.spans, words))
    return " ".join(filter(None, sentences))


def failure_sentence(code: str, words: Words = ENGLISH) -> str:
    """Return what an error code means."""
    return words.errors.get(code) or words.unknown_error.format(code=code)


def strength_sentence(llr: float, llr_limit: float, words: Words = ENGLISH) -> str:
    """Return how strongly the findings support which proposition."""
    strength = weigh(llr, llr_limit)
    if strength.side is Side.NEITHER:
        return words.strength_even
    form = words.strength_spoof if strength.side is Side.SPOOF else words.strength_bonafide
    sentence = form.format(
        times=times_phrase(strength, llr_limit, words), step=words.steps[strength.step]
    )
    return f"{sentence} {words.strength_capped}" if strength.capped else sentence


def times_phrase(strength: Strength, llr_limit: float, words: Words = ENGLISH) -> str:
    """Return a phrase such as `about 40 times`, never above the limit."""
    return words.times.format(times=_times(strength, llr_limit))


def cell_words(llr: float | None, llr_limit: float, words: Words = ENGLISH) -> str:
    """Return a table cell such as `synthetic, 3×`; empty without a score."""
    if llr is None:
        return ""
    strength = weigh(llr, llr_limit)
    if strength.side is Side.NEITHER:
        return words.side_even
    form = words.side_spoof if strength.side is Side.SPOOF else words.side_bonafide
    return form.format(times=_times(strength, llr_limit))


def _times(strength: Strength, llr_limit: float) -> str:
    most = math.exp(min(abs(llr_limit), LARGEST_LLR))
    return exact_ratio(strength.times) if strength.capped else ratio(strength.times, most)


def how_sure(findings: Findings, words: Words = ENGLISH) -> tuple[str, ...]:
    """Return the sentences on strength and on how often such a result misleads.

    A partly synthetic item is weighed by its strongest stretch, since the pooled number mixes both
    kinds of voice.
    """
    verdict = findings.verdict
    if verdict is None or verdict.llr is None or verdict.kind is VerdictKind.NOT_APPLICABLE:
        return ()
    if verdict.kind is VerdictKind.PARTLY_SYNTHETIC and verdict.spans:
        strongest = min(span.llr for span in verdict.spans)
        strength = _inner(strength_sentence(strongest, verdict.llr_limit, words))
        sentences = [words.strongest_span.format(strength=strength)]
    else:
        sentences = [strength_sentence(verdict.llr, verdict.llr_limit, words)]
    if verdict.separated_llr is not None:
        again = strength_sentence(verdict.separated_llr, verdict.llr_limit, words)
        sentences.append(words.separated_sentence.format(strength=_inner(again)))
    if verdict.kind is VerdictKind.NO_EVIDENCE:
        sentences.append(words.nothing_found)  # who reads page 1 alone would take it for "genuine"
    rates = verdict.error_rates
    if verdict.kind is VerdictKind.PARTLY_SYNTHETIC:
        sentences.append(words.span_rates)  # the measured rates are of whole items
    else:
        sentences.append(words.no_rates if rates is None else rates_sentence(rates, words))
    if verdict.likeness is not None:
        sentences.append(likeness_sentence(verdict.likeness, words))
    return tuple(sentences)


def likeness_sentence(likeness: LikenessFindings, words: Words = ENGLISH) -> str:
    """Return which known system synthetic speech is most like, or that it is like none."""
    if not likeness.system:
        return words.likeness_unknown
    family = f" ({likeness.family})" if likeness.family else ""
    system = words.systems.get(likeness.system, f"{likeness.system}{family}")
    return words.likeness_named.format(
        system=system, rate=share(likeness.false_name_rate, form=words.share)
    )


def rates_sentence(rates: ErrorRateFindings, words: Words = ENGLISH) -> str:
    """Return the measured errors of both kinds, as shares of test items."""
    return words.rates_sentence.format(
        condition=condition_text(rates.condition, words),
        n_bonafide=grouped(rates.n_bonafide),
        rejected=share(rates.bonafide_rejected_rate, form=words.share),
        n_spoof=grouped(rates.n_spoof),
        accepted=share(rates.spoof_accepted_rate, form=words.share),
        decided=share(rates.decided_share, 0, words.share),
    )


def condition_text(condition: str, words: Words = ENGLISH) -> str:
    """Return what a card's test was made under, part by part; what no word is known for stays."""
    parts = []
    for part in condition.split(", "):
        voice = _AMOUNT_OF_VOICE.fullmatch(part)
        said = words.conditions.get(part, part)
        parts.append(words.condition_voice.format(voice=voice[1]) if voice else said)
    return ", ".join(parts)


def summary_sentence(findings: Findings, words: Words = ENGLISH) -> str:
    """Return headline, detail and strength as one paragraph, for a terminal or a message."""
    strength = how_sure(findings, words)[:1]
    return " ".join(
        filter(None, (headline(findings, words), detail_sentence(findings, words), *strength))
    )


def not_examined(
    findings: Findings, words: Words = ENGLISH, name_notes: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return what could not be judged, and what should be read with care.

    Args:
        findings: what was found.
        words: the language.
        name_notes: codes of remarks on the file's name, which stand beside the findings.
    """
    recorded = [row for row in findings.segments if row.variant is Variant.RECORDED]
    seconds = _seconds_by_index(recorded)
    verdict = findings.verdict
    is_judged = verdict is not None and verdict.kind is not VerdictKind.NOT_APPLICABLE
    return (
        *_incomplete_sentence(findings, words),
        *(
            _unscored_sentences(findings, recorded, seconds, words)
            if is_judged or not _scored(recorded)
            else ()
        ),
        *_channel_sentences(findings, words),
        *(_quality_sentences(findings, recorded, seconds, words) if is_judged else ()),
        *_note_sentences(
            (*_told_notes(findings, is_judged=is_judged), *name_notes),
            words,
        ),
    )


def _told_notes(findings: Findings, *, is_judged: bool) -> tuple[str, ...]:
    """Return the file's remarks that mean something here: an echo does where there is a judgement."""
    notes = findings.media.notes if findings.media else ()
    return tuple(note for note in notes if is_judged or note not in OF_JUDGEMENTS)


def _scored(rows: Sequence[SegmentRow]) -> list[SegmentRow]:
    return [row for row in rows if row.llr is not None]


def _seconds_by_index(rows: Sequence[SegmentRow]) -> dict[int, float]:
    """Return how much sound each segment stands for, up to the next one: together the whole."""
    ordered = sorted(rows, key=lambda row: (row.track, row.channel, row.start_s))
    seconds = {row.index: row.end_s - row.start_s for row in ordered}
    for row, following in pairwise(ordered):
        if (row.track, row.channel) == (following.track, following.channel):
            seconds[row.index] = min(row.end_s, following.start_s) - row.start_s
    return seconds


def _spans_sentence(findings: Findings, spans: Sequence[SpanFindings], words: Words) -> str:
    analysed = {(row.track, row.channel) for row in findings.segments}
    named = [
        f"{clock(span.start_s)}–{clock(span.end_s)}"
        + (f" ({_place(span, words)})" if len(analysed) > 1 else "")
        for span in spans[:MAX_SPANS_NAMED]
    ]
    if len(spans) > MAX_SPANS_NAMED:
        named.append(words.more_spans.format(count=len(spans) - MAX_SPANS_NAMED))
    recorded = [row for row in findings.segments if row.variant is Variant.RECORDED]
    return words.spans_sentence.format(
        spans=", ".join(named),
        seconds=duration(sum(span.end_s - span.start_s for span in spans)),
        total=total_of(sum(_seconds_by_index(recorded).values()), findings, words),
    )


def total_of(seconds: float, findings: Findings, words: Words = ENGLISH) -> str:
    """Return a sum of seconds; where each of several channels adds its own, says of how many."""
    n = len({(row.track, row.channel) for row in findings.segments})
    total = duration(seconds)
    return words.in_channels.format(total=total, n=n) if n > 1 else total


def _place(span: SpanFindings, words: Words) -> str:
    return words.span_channel.format(place=f"{span.track + 1}.{span.channel + 1}")


def _incomplete_sentence(findings: Findings, words: Words) -> tuple[str, ...]:
    """Say "N of M s" where the file holds less sound than it declares."""
    media = findings.media
    code = next((note for note in media.notes if note in words.incomplete), None) if media else None
    if media is None or code is None:
        return ()
    decoded = max((track.decoded_duration_s or 0.0 for track in media.tracks), default=0.0)
    declared = media.declared_duration_s
    if declared is None or decoded >= declared:
        return (words.notes[code],)
    return (words.incomplete[code].format(decoded=duration(decoded), declared=duration(declared)),)


def _unscored_sentences(
    findings: Findings, rows: Sequence[SegmentRow], seconds: Mapping[int, float], words: Words
) -> tuple[str, ...]:
    if not rows:
        return (words.no_sound_seen,)
    lost: dict[Reason, float] = {}
    for row in rows:
        if row.llr is None:
            lost[row.reason] = lost.get(row.reason, 0.0) + seconds[row.index]
    if not lost:
        return (words.all_scored,)
    what = ", ".join(
        f"{words.segment_reasons[reason]} ({duration(length)})"
        for reason, length in sorted(lost.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    if not _scored(rows):
        return (words.none_scored.format(what=what),)
    return (
        words.unscored_sentence.format(
            seconds=duration(sum(lost.values())),
            total=total_of(sum(seconds.values()), findings, words),
            what=what,
        ),
    )


def _channel_sentences(findings: Findings, words: Words) -> tuple[str, ...]:
    """Name every channel that was not analysed itself."""
    sentences = []
    for track in findings.media.tracks if findings.media else ():
        for use in (TrackUse.COPY, TrackUse.SILENT, TrackUse.SKIPPED):
            channels = [str(i + 1) for i, found in enumerate(track.channel_use) if found is use]
            if channels:
                sentences.append(
                    words.channel_list.format(
                        channels=", ".join(channels),
                        track=track.index + 1,
                        use=words.channel_uses[use],
                    )
                )
    return tuple(sentences)


def _quality_sentences(
    findings: Findings, rows: Sequence[SegmentRow], seconds: Mapping[int, float], words: Words
) -> tuple[str, ...]:
    flawed: dict[str, float] = {}
    scored = _scored(rows)
    for row in scored:
        for name in row.quality:
            flawed[name] = flawed.get(name, 0.0) + seconds[row.index]
    flawed.pop("partial", None)  # the last segment of nearly every file: nothing to warn about
    total = total_of(sum(seconds[row.index] for row in scored), findings, words)
    sentences = [
        _capital(
            words.quality_sentence.format(
                what=words.quality.get(name, name), seconds=duration(length), total=total
            )
        )
        for name, length in sorted(flawed.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return (*sentences, *((words.notes[OVERLAPPED],) if OVERLAPPED in flawed else ()))


def _note_sentences(codes: Sequence[str], words: Words) -> tuple[str, ...]:
    sentences = (
        words.notes.get(code, words.unknown_note.format(code=code))
        for code in codes
        if code not in words.incomplete
    )
    return tuple(filter(None, sentences))


def _inner(sentence: str) -> str:
    """Return a sentence as the second half of another one."""
    return sentence[:1].lower() + sentence[1:]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
