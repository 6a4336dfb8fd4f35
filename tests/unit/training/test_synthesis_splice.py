"""Tests of splicing and joining: the truth is where it is said to be."""

import itertools

import numpy as np
import pytest

from pipeline.errors import InputError
from tests.makers import SAMPLE_RATE, speech_like, tone
from training.synthesis.splice import SEARCH_S, Span, draw_spans, insert, join, splice


def test_a_spliced_item_differs_from_the_genuine_one_only_in_its_spans() -> None:
    genuine, copy = speech_like(1, 4.0), speech_like(2, 4.0)
    wanted = (Span(0.8, 1.5), Span(2.4, 3.3))
    mixed, placed = splice(genuine, copy, wanted, np.random.default_rng(0))
    changed = np.abs(mixed - genuine) > 1e-6
    inside = np.zeros(len(genuine), dtype=bool)
    for span in placed:
        inside[
            int((span.start_s - 0.011) * SAMPLE_RATE) : int((span.end_s + 0.011) * SAMPLE_RATE)
        ] = True
    assert not changed[~inside].any()
    assert changed[inside].mean() > 0.9


def test_a_joint_moves_no_further_than_it_may() -> None:
    genuine, copy = speech_like(1, 4.0), speech_like(2, 4.0)
    (placed,) = splice(genuine, copy, (Span(1.0, 2.0),), np.random.default_rng(0))[1]
    assert abs(placed.start_s - 1.0) <= SEARCH_S
    assert abs(placed.end_s - 2.0) <= SEARCH_S


def test_a_foreign_piece_has_the_level_of_what_it_replaces() -> None:
    genuine, loud = tone(200.0, 3.0, 0.1), tone(330.0, 3.0, 0.3)
    mixed, (placed,) = splice(genuine, loud, (Span(1.0, 2.0),), np.random.default_rng(0))
    inner = mixed[
        int((placed.start_s + 0.05) * SAMPLE_RATE) : int((placed.end_s - 0.05) * SAMPLE_RATE)
    ]
    assert np.abs(inner).max() == pytest.approx(0.1, rel=0.05)


def test_the_same_seed_splices_alike() -> None:
    genuine, copy = speech_like(1, 3.0), speech_like(2, 3.0)
    first = splice(genuine, copy, (Span(1.0, 2.0),), np.random.default_rng(5))
    again = splice(genuine, copy, (Span(1.0, 2.0),), np.random.default_rng(5))
    assert first[1] == again[1]
    assert np.array_equal(first[0], again[0])


@pytest.mark.parametrize(
    "spans", [(Span(2.0, 1.0),), (Span(0.5, 1.5), Span(1.0, 2.0)), (Span(1, 9),)]
)
def test_impossible_spans_are_refused(spans: tuple[Span, ...]) -> None:
    speech = speech_like(1, 3.0)
    with pytest.raises(InputError, match="spans"):
        splice(speech, speech, spans, np.random.default_rng(0))


def test_a_short_copy_is_refused() -> None:
    with pytest.raises(InputError, match="shorter"):
        splice(speech_like(1, 3.0), speech_like(2, 2.0), (Span(1, 2),), np.random.default_rng(0))


def test_joined_utterances_lie_in_their_spans() -> None:
    clips = [tone(200.0, 1.0), tone(300.0, 1.5), tone(400.0, 0.7)]
    joined, spans = join(clips, 0.3, np.random.default_rng(0))
    for clip, span in zip(clips, spans, strict=True):
        assert span.end_s - span.start_s == pytest.approx(len(clip) / SAMPLE_RATE, abs=0.02)
        inner = joined[int((span.start_s + 0.05) * SAMPLE_RATE) :][: len(clip) // 2]
        wanted = int(np.argmax(np.abs(np.fft.rfft(clip[: len(inner)]))))
        assert int(np.argmax(np.abs(np.fft.rfft(inner)))) == wanted
    pauses = [b.start_s - a.end_s for a, b in itertools.pairwise(spans)]
    assert all(0.1 < pause < 0.5 for pause in pauses)


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(InputError, match="at least one"):
        join([], 0.3, np.random.default_rng(0))


def test_an_inserted_guest_lies_in_its_span() -> None:
    host, guest = tone(200.0, 2.0, 0.2), tone(500.0, 1.0, 0.2)
    longer, span = insert(host, guest, 1.0, np.random.default_rng(0))
    assert len(longer) == pytest.approx(len(host) + len(guest), abs=0.05 * SAMPLE_RATE)
    inner = longer[int((span.start_s + 0.1) * SAMPLE_RATE) : int((span.end_s - 0.1) * SAMPLE_RATE)]
    peak = np.argmax(np.abs(np.fft.rfft(inner))) * SAMPLE_RATE / len(inner)
    assert peak == pytest.approx(500.0, abs=5.0)


@pytest.mark.parametrize("seed", range(5))
def test_drawn_spans_fit_and_cover_about_their_share(seed: int) -> None:
    spans = draw_spans(10 * SAMPLE_RATE, 0.3, 3, np.random.default_rng(seed))
    assert sum(span.end_s - span.start_s for span in spans) == pytest.approx(3.0, abs=0.3)
    ends = [at for span in spans for at in (span.start_s, span.end_s)]
    assert ends == sorted(ends)
    assert ends[-1] <= 10.0
