"""Turn segments into the tensors that the model's card names."""

import numpy as np

from pipeline.frontends import compute
from pipeline.model_card import ModelCard
from pipeline.vocabulary import Features, PreparedBatch, Reason, SegmentBatch


def embed(batch: SegmentBatch, card: ModelCard) -> PreparedBatch:
    """Return the facts of all segments and the features of those that can be scored."""
    scored = np.flatnonzero(batch.facts.reason == Reason.NONE)
    samples = batch.samples[scored]  # (n_scored, segment_samples)
    tensors = {
        spec.input_name: compute(spec.front_end, spec.config, samples) for spec in card.front_ends
    }
    return PreparedBatch(batch.facts, Features(tensors))
