"""Walk samples that are in memory through the product's own steps: separate … decide.

The same functions in the same order as `pipeline.analyse`, without a file to decode.
"""

from dataclasses import dataclass

from pipeline.analyse import Models, conclude
from pipeline.embed import embed
from pipeline.separate import separate
from pipeline.slicing import SliceConfig, slice_segments
from pipeline.vocabulary import FloatArray, SegmentScores, Verdict, WaveformBlock


@dataclass(frozen=True, slots=True)
class Walked:
    """What the pipeline makes of some samples."""

    scores: SegmentScores
    verdict: Verdict


def walk(samples: FloatArray, models: Models, hop_s: float = 1.0) -> Walked:
    """Return scores and verdict of one channel of sound.

    Args:
        samples: float32 (n_samples,) at the detector's rate, full scale is 1.0, at least one.
        models: what to listen with.
        hop_s: seconds between segment starts.
    """
    card = models.detector.card
    config = SliceConfig(
        card.sample_rate,
        card.segment_samples,
        hop_s,
        models.separator.card.voice_threshold,
        hears_again="separated" in card.calibration,
    )
    block = WaveformBlock(samples, card.sample_rate, 0.0, 0, 0)
    facts, outputs = [], []
    for batch in slice_segments(separate([block], models.separator), config):
        prepared = embed(batch, card)
        facts.append(prepared.facts)
        outputs.append(models.detector.score(prepared.features))
    scores, verdict = conclude(facts, outputs, card, models.detector.model_id)
    assert scores is not None, "samples give at least one segment"
    return Walked(scores, verdict)
