"""Flag the segments in which several people speak at once, by a small net of its own.

The detector's score is of the louder voice there: a genuine and a synthetic voice at once cannot be
told apart. Each segment is heard alone, so no number depends on how the sound was cut into blocks.
"""

from pathlib import Path

import numpy as np
import onnxruntime

from pipeline.errors import ModelMismatchError
from pipeline.frontends import compute
from pipeline.model_card import METADATA_KEY, OverlapCard, read_card
from pipeline.onnx_errors import ONNX_ERRORS
from pipeline.onnx_session import cpu_session
from pipeline.vocabulary import FloatArray, ModelUse, Quality, Reason, SegmentBatch, Variant

HEARD_AT_ONCE = 4  # segments: what the front end makes of more leaves the processor's cache


class OverlapDetector:
    """Holds the net, its card and its ONNX Runtime session; lives as long as its worker."""

    def __init__(self, path: Path, sha256: str, n_threads: int = 1) -> None:
        """Load the net.

        Args:
            path: an ONNX file of graph contract v1 whose checksum the caller has checked.
            sha256: that checksum.
            n_threads: CPU threads that one call may use.

        Raises:
            ModelMismatchError: the file is no such net, or its card and its graph disagree.
        """
        try:
            self._session = cpu_session(path, n_threads)
            self.card = _card(self._session)
        except (*ONNX_ERRORS, ValueError) as error:
            raise ModelMismatchError(
                f"{path.name} is no net for overlapped speech of graph contract v1 ({error}): fetch"
                " the file again."
            ) from error
        provider = self._session.get_providers()[0]
        self.use = ModelUse(self.card.name, sha256, "overlap", provider)

    def overlap(self, samples: FloatArray) -> FloatArray:
        """Return how much of each segment holds several voices, float32 (n,) in [0, 1].

        Args:
            samples: float32 (n, segment_samples), finite.
        """
        spec = self.card.front_ends[0]
        found = np.zeros(len(samples), np.float32)
        for first in range(0, len(samples), HEARD_AT_ONCE):
            some = samples[first : first + HEARD_AT_ONCE]
            tensor = compute(spec.front_end, spec.config, some)
            for index in range(len(some)):  # alone: beside others the last bit is another one
                heard = {spec.input_name: tensor[index : index + 1]}
                found[first + index] = self._session.run(["overlap"], heard)[0][0]
        return found


def flag_overlapped_speech(batch: SegmentBatch, detector: OverlapDetector) -> None:
    """Flag the segments that can be scored and hold several voices at once, in every variant.

    A longer segment than the net hears at once (a detector may have such) is heard piece by piece.

    Raises:
        ModelMismatchError: the segments are shorter than the net's.
    """
    n_heard, n_samples = detector.card.segment_samples, batch.samples.shape[1]
    if n_samples < n_heard:
        raise ModelMismatchError(
            f"The net for overlapped speech listens to {n_heard} samples, the segments have"
            f" {n_samples}."
        )
    facts = batch.facts
    heard = (facts.reason == Reason.NONE) & (facts.variant == Variant.RECORDED)
    rows = np.flatnonzero(heard)
    begins = [*range(0, n_samples - n_heard, n_heard), n_samples - n_heard]
    pieces = [detector.overlap(batch.samples[rows, at : at + n_heard]) for at in begins]
    flagged = rows[np.max(pieces, axis=0) >= detector.card.flagged_from]
    starts = set(facts.start_s[flagged].tolist())
    again = np.array([start in starts for start in facts.start_s.tolist()], np.bool_)
    facts.quality[again & (facts.reason == Reason.NONE)] |= int(Quality.OVERLAPPED_SPEECH)


def _card(session: onnxruntime.InferenceSession) -> OverlapCard:
    """Return the card; ValueError (pydantic's is one) if it is missing or does not fit the graph."""
    card = read_card(session.get_modelmeta().custom_metadata_map.get(METADATA_KEY, ""))
    if not isinstance(card, OverlapCard):
        raise ValueError("its card describes another kind")  # noqa: TRY004 the caller translates it
    if [node.name for node in session.get_inputs()] != [card.front_ends[0].input_name]:
        raise ValueError("its input is not the front end that its card names")
    if "overlap" not in {node.name for node in session.get_outputs()}:
        raise ValueError("its graph has no output `overlap`")
    return card
