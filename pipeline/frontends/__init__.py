"""Front ends: segments to the tensors that a model card names.

A front end works on each segment alone (no statistics over the batch, no state), so that a segment
has the same numbers whatever stands beside it. Level normalisation lives in the front end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Protocol, TypeAlias, TypeVar

import numpy as np

from pipeline.errors import MediaCorruptError, ModelMismatchError
from pipeline.frontends.chroma import ChromaConfig, chroma
from pipeline.frontends.contrast import ContrastConfig, contrast
from pipeline.frontends.cqt import CqtConfig, cqt
from pipeline.frontends.fbank import FbankConfig, fbank
from pipeline.frontends.lfcc import LfccConfig, lfcc
from pipeline.frontends.log_mel import LogMelConfig, log_mel
from pipeline.frontends.log_spectrum import LogSpectrumConfig, log_spectrum
from pipeline.frontends.mfcc import MfccConfig, mfcc
from pipeline.frontends.phase import PhaseConfig, phase
from pipeline.frontends.tonnetz import TonnetzConfig, tonnetz
from pipeline.frontends.waveform import WaveformConfig, waveform
from pipeline.vocabulary import FloatArray

ConfigValues: TypeAlias = Mapping[str, float | int | str | bool]
ConfigT = TypeVar("ConfigT")


@dataclass(frozen=True, slots=True)
class FrontEnd(Generic[ConfigT]):
    """A front end and the config that it reads; immutable, made once at import."""

    make_config: Callable[..., ConfigT]  # the frozen config dataclass
    function: Callable[[FloatArray, ConfigT], FloatArray]

    def run(self, samples: FloatArray, values: ConfigValues) -> FloatArray:
        """Return the features of each segment for the config fields in `values`.

        Raises:
            ModelMismatchError: `values` names a field that the config does not have.
        """
        try:
            config = self.make_config(**values)
        except TypeError as error:
            raise ModelMismatchError(
                f"the model card asks for front-end settings that are not known: {error}"
            ) from error
        return self.function(samples, config)


class RunnableFrontEnd(Protocol):
    """A front end whose config type does not matter to the caller."""

    def run(self, samples: FloatArray, values: ConfigValues) -> FloatArray:
        """Return the features of each segment for the config fields in `values`."""


FRONT_ENDS: Mapping[str, RunnableFrontEnd] = MappingProxyType(
    {
        "log_mel": FrontEnd(LogMelConfig, log_mel),
        "log_spectrum": FrontEnd(LogSpectrumConfig, log_spectrum),
        "phase": FrontEnd(PhaseConfig, phase),
        "fbank": FrontEnd(FbankConfig, fbank),
        "mfcc": FrontEnd(MfccConfig, mfcc),
        "lfcc": FrontEnd(LfccConfig, lfcc),
        "chroma": FrontEnd(ChromaConfig, chroma),
        "contrast": FrontEnd(ContrastConfig, contrast),
        "tonnetz": FrontEnd(TonnetzConfig, tonnetz),
        "cqt": FrontEnd(CqtConfig, cqt),
        "waveform": FrontEnd(WaveformConfig, waveform),
    }
)


def compute(name: str, config: ConfigValues, samples: FloatArray) -> FloatArray:
    """Return the features of each segment by the front end of this name.

    Args:
        name: a key of `FRONT_ENDS`, as the model card writes it.
        config: fields of that front end's config; what is missing has its default.
        samples: (n, segment_samples), full scale is 1.0.

    Returns:
        float32 (n, n_frames, n_values).

    Raises:
        ModelMismatchError: no front end or no setting of this name.
        MediaCorruptError: a sample is NaN or infinite.
    """
    if name not in FRONT_ENDS:
        known = ", ".join(sorted(FRONT_ENDS))
        raise ModelMismatchError(f"the model asks for the front end {name!r}; known are: {known}")
    if not np.isfinite(samples).all():
        raise MediaCorruptError("a segment holds samples that are not numbers")
    return FRONT_ENDS[name].run(samples, config)
