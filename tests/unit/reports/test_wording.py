import dataclasses
import math
import re
import string

import pytest

from pipeline import decide
from pipeline.card_file import card_of_file
from pipeline.model_card import ModelCard
from pipeline.vocabulary import (
    Likeness,
    MediaReport,
    Quality,
    Reason,
    Span,
    TrackUse,
    VerdictKind,
)
from reports import wording
from reports.document import to_document
from reports.error_words_en import ERRORS
from reports.findings import LikenessFindings, to_findings
from reports.fonts import page_glyphs
from reports.languages import LANGUAGES
from reports.page import page_data
from reports.scale import Step, weigh
from reports.timeline import timeline_of
from reports.words import Words
from reports.words_en import ENGLISH
from storage.model_store import resolve_model
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    LLR_LIMIT,
    Sound,
    failed_report,
    make_media,
    make_report,
    make_scores,
    make_verdict,
    not_applicable_report,
    spliced_report,
    steady_report,
)
from training.detector_card import FALSE_SPAN_SHARE, SPAN_ITEM_S

EVERY_LANGUAGE = list(LANGUAGES.values())


def every_kind_of_report() -> list[MediaReport]:
    partly = (Span(2, 9, 0, 0, -2.0),)
    return [
        spliced_report(),
        *(steady_report(llr) for llr in (-8, -3, -1, 0, 1, 3, 8)),
        *(failed_report(code) for code in (*ERRORS, "never_heard_of")),
        *(not_applicable_report(reason) for reason in Reason if reason),
        *(
            make_report(
                make_scores(Sound([0.2] * 20)),
                make_verdict(VerdictKind.INCONCLUSIVE, 0.2, reason, separated_llr=-3.0),
                make_media(20.0),
            )
            for reason in Reason
        ),
        make_report(
            make_scores(Sound([-2.0] * 20)),
            make_verdict(VerdictKind.PARTLY_SYNTHETIC, 0.2, spans=partly * 9),
            make_media(20.0),
        ),
    ]


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_everything_that_can_happen_has_its_words(words: Words) -> None:
    assert set(words.headlines) == set(VerdictKind)
    assert set(words.reasons) == set(Reason)
    assert set(words.segment_reasons) == set(Reason)
    assert set(words.steps) == set(Step)
    assert set(words.channel_uses) == set(TrackUse)
    assert set(words.quality) == {flag.name.lower() for flag in Quality if flag.name}


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_every_kind_of_error_has_its_sentence(words: Words) -> None:
    assert set(ERRORS) <= set(words.errors)
    assert all(sentence.endswith((".", "。")) for sentence in words.errors.values())


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_all_languages_say_the_same_things(words: Words) -> None:
    for field in dataclasses.fields(Words):
        mine, model = getattr(words, field.name), getattr(ENGLISH, field.name)
        # none is missing; which there are, the code base says in English
        if field.name == "errors":
            assert set(model) <= set(mine)
        elif isinstance(model, dict):
            assert set(mine) == set(model), field.name


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_every_sentence_has_the_same_places_to_fill_in(words: Words) -> None:
    for field in dataclasses.fields(Words):
        mine, model = getattr(words, field.name), getattr(ENGLISH, field.name)
        if field.name == "errors":
            continue
        if isinstance(model, dict):
            for key, sentence in model.items():
                assert _places(mine[key]) == _places(sentence), (field.name, key)
        elif isinstance(model, str):
            assert _places(mine) == _places(model), field.name
        elif isinstance(model, tuple):
            assert len(mine) == len(model) or field.name == "forbidden", field.name


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_a_summary_in_any_language_is_whole(words: Words) -> None:
    for report in every_kind_of_report():
        summary = to_document(report, CARD, CONTEXT, words).summary
        for sentence in (summary.headline, *summary.how_sure, *summary.not_examined):
            assert sentence.endswith((".", "。")), sentence
            assert "{" not in sentence


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_no_finding_claims_a_fact_or_a_probability_of_guilt(words: Words) -> None:
    for report in every_kind_of_report():
        findings = to_findings(report)
        said = [
            wording.headline(findings, words),
            wording.detail_sentence(findings, words),
            *wording.how_sure(findings, words)[:1],
        ]
        for sentence in said:
            for forbidden in words.forbidden:
                assert not re.search(_whole(forbidden), sentence, re.IGNORECASE), (
                    forbidden,
                    sentence,
                )


def _whole(word: str) -> str:
    """Return a pattern of the word; Japanese and Korean words have no bounds to ask for."""
    known = re.escape(word)
    return known if re.search("[\u3040-\u9fff\uac00-\ud7a3%]", word) else rf"\b{known}\b"


def test_every_report_has_a_headline_and_complete_sentences() -> None:
    for report in every_kind_of_report():
        summary = to_document(report, CARD, CONTEXT).summary
        for sentence in (summary.headline, *summary.how_sure, *summary.not_examined):
            assert sentence.endswith("."), sentence
            assert "{" not in sentence
            assert sentence[0].isupper() or sentence[0].isdigit(), sentence


def test_no_evidence_is_never_called_genuine() -> None:
    summary = to_document(steady_report(3.0), CARD, CONTEXT).summary
    assert summary.headline == "No evidence of synthesis was found in the voice."


def test_strength_is_said_under_two_propositions() -> None:
    sentence = wording.strength_sentence(-math.log(40), math.log(500))
    assert sentence == (
        "The findings are about 40 times more probable if the voice is synthetic than if it was "
        "spoken by a person: moderate support for the proposition that the voice is synthetic."
    )


def test_a_number_at_the_limit_says_that_validation_supports_no_more() -> None:
    sentence = wording.strength_sentence(9.0, LLR_LIMIT)
    assert "about 48 times" in sentence
    assert "the most that the validation of the method can support" in sentence


def test_rounding_never_lifts_a_number_above_the_limit() -> None:
    phrase = wording.times_phrase(weigh(math.log(46.5), LLR_LIMIT), LLR_LIMIT)
    assert phrase == "about 40 times"


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_finding_nothing_says_on_page_one_what_that_does_not_show(words: Words) -> None:
    nothing, something = (
        to_document(steady_report(llr), CARD, CONTEXT, words).summary.how_sure
        for llr in (3.0, -3.0)
    )
    assert words.nothing_found in nothing
    assert words.nothing_found not in something


def test_error_rates_are_said_in_the_readers_words() -> None:
    rates = to_document(steady_report(3.0), CARD, CONTEXT).summary.how_sure[-1]
    assert "genuine called synthetic, 4.1 in 100 of 312" in rates
    assert "synthetic called genuine, 9.3 in 100 of 340" in rates


def test_marked_stretches_claim_no_error_rates_but_those_of_their_threshold() -> None:
    how_sure = to_document(spliced_report(), CARD, CONTEXT).summary.how_sure
    assert how_sure[-1] == ENGLISH.span_rates
    assert not any(sentence.startswith("How often such a result") for sentence in how_sure)
    claim = f"at most {100 * FALSE_SPAN_SHARE:g} in 100 genuine items of {SPAN_ITEM_S:g} s show"
    assert claim in ENGLISH.span_rates
    assert SPAN_ITEM_S == decide.SPAN_ITEM_S


def test_missing_error_rates_are_admitted() -> None:
    report = steady_report(3.0)
    assert report.verdict is not None
    bare = dataclasses.replace(
        report, verdict=dataclasses.replace(report.verdict, error_rates=None)
    )
    assert to_document(bare, CARD, CONTEXT).summary.how_sure[-1] == ENGLISH.no_rates


def test_incomplete_file_says_how_much_of_it_was_decoded() -> None:
    media = make_media(12.0, notes=("incomplete",), declared_s=60.0)
    report = make_report(make_scores(Sound([2.0] * 12)), make_verdict(), media)
    said = to_document(report, CARD, CONTEXT).summary.not_examined
    assert "The file is incomplete: 12\u00a0s of 60\u00a0s could be decoded." in said


def test_unjudged_seconds_are_named_by_reason_and_length() -> None:
    said = to_document(spliced_report(), CARD, CONTEXT).summary.not_examined
    assert said[0] == (
        "10\u00a0s of 60\u00a0s could not be judged: "
        "music without speech (5\u00a0s), silence (5\u00a0s)."
    )


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_voices_at_once_are_named_by_length_with_what_the_finding_is_of(words: Words) -> None:
    scores = make_scores(Sound([2.0] * 12))
    scores.facts.quality[3:6] |= int(Quality.OVERLAPPED_SPEECH)
    report = make_report(scores, make_verdict(), make_media(12.0))
    said = to_document(report, CARD, CONTEXT, words).summary.not_examined
    assert words.notes["overlapped_speech"] in said
    what = words.quality["overlapped_speech"].casefold()
    assert any(what in sentence.casefold() for sentence in said)
    if words is ENGLISH:
        assert said[1] == "Several voices at once in 3\u00a0s of 12\u00a0s: read that with care."


def test_channels_that_were_not_judged_are_named() -> None:
    said = to_document(spliced_report(), CARD, CONTEXT).summary.not_examined
    assert "Channel 2 of track 1: a copy of an analysed channel." in said


def test_an_unknown_error_code_still_gets_a_sentence() -> None:
    said = to_document(failed_report("never_heard_of"), CARD, CONTEXT).summary.detail
    assert said == "The item could not be analysed (error code never_heard_of)."


def test_an_unknown_note_is_still_shown() -> None:
    report = make_report(
        make_scores(Sound([2.0] * 9)), make_verdict(), make_media(9.0, notes=("odd_thing",))
    )
    said = to_document(report, CARD, CONTEXT).summary.not_examined
    assert "The file carries the remark odd_thing." in said


def test_a_remark_on_the_files_name_is_said_beside_the_findings() -> None:
    media = make_media(9.0, notes=("extension_mismatch",))
    document = to_document(
        make_report(make_scores(Sound([2.0] * 9)), make_verdict(), media), CARD, CONTEXT
    )
    assert ENGLISH.notes["extension_mismatch"] in document.summary.not_examined
    assert document.processing.notes == ("extension_mismatch",)


def test_partly_synthetic_names_its_stretches() -> None:
    detail = to_document(spliced_report(), CARD, CONTEXT).summary.detail
    assert detail == "Marked: 0:12–0:19, 0:40–0:46 (13\u00a0s of 60\u00a0s)."


def test_a_sum_over_several_channels_says_of_how_many() -> None:
    sounds = [Sound([2.0] * 20), Sound([-2.0] * 20, channel=1)]
    verdict = make_verdict(VerdictKind.PARTLY_SYNTHETIC, 0.2, spans=(Span(0, 20, 0, 1, -3.0),))
    report = make_report(make_scores(*sounds), verdict, make_media(20.0))
    detail = to_document(report, CARD, CONTEXT).summary.detail
    assert detail == "Marked: 0:00–0:20 (channel 1.2) (20\u00a0s of 40\u00a0s in 2 channels)."


def test_a_tail_that_reaches_back_is_counted_once() -> None:
    scores = make_scores(Sound([math.nan] * 4))
    scores.facts.start_s[3] = 2.3
    scores.facts.end_s[3] = 3.3
    report = make_report(scores, make_verdict(VerdictKind.NOT_APPLICABLE, None), make_media(3.3))
    said = to_document(report, CARD, CONTEXT).summary.not_examined
    assert said[0] == "No second of the recording could be judged: silence (3.3\u00a0s)."


def test_a_scored_item_with_too_little_voice_does_not_claim_to_be_judged() -> None:
    verdict = make_verdict(VerdictKind.NOT_APPLICABLE, 0.3, Reason.TOO_SHORT, voiced_s=0.5)
    report = make_report(make_scores(Sound([0.3])), verdict, make_media(0.5))
    document = to_document(report, CARD, CONTEXT)
    assert document.summary.not_examined == ()
    page = page_data(document, timeline_of(document.findings), ENGLISH, page_glyphs())
    assert ENGLISH.labels["voice"] not in str(page["analysed"])


def test_a_likeness_names_the_system_with_its_doubt_and_weighs_nothing() -> None:
    report = steady_report(-3)
    assert report.verdict is not None
    likeness = Likeness("kokoro", "gan vocoder", 0.4, 0.05)
    named = dataclasses.replace(
        report, verdict=dataclasses.replace(report.verdict, likeness=likeness)
    )
    plain, said = (wording.how_sure(to_findings(one)) for one in (report, named))
    assert said[:-1] == plain
    assert "kokoro (gan vocoder)" in said[-1]
    assert "5 in 100" in said[-1]
    assert "no evidence" in said[-1]


def test_a_system_that_is_not_known_is_called_unknown() -> None:
    sentence = wording.likeness_sentence(
        LikenessFindings(system="", family="", margin=-1.0, false_name_rate=0.05)
    )
    assert sentence.endswith("unknown.")


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_every_condition_of_the_shipped_detector_is_said_in_every_language(words: Words) -> None:
    card = card_of_file(resolve_model("", "detector").path)
    assert isinstance(card, ModelCard)
    amounts = re.compile(r"(at least )?\d+ s( of voice)?")
    conditions = {row.condition for row in card.error_rates} | {it.test for it in card.figures}
    parts = {part for condition in conditions for part in condition.split(", ")}
    assert {it for it in parts if not amounts.fullmatch(it)} == set(words.conditions)
    said = wording.condition_text("fold 4 (never chosen on), web, at least 8 s of voice", words)
    assert words.conditions["web"] in said
    assert "8 s" in said
    assert "of voice" not in said or words is ENGLISH
    assert wording.condition_text("our own test, 3 s", words) == "our own test, 3 s"
