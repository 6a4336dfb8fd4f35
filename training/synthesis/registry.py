"""Registry: the engines by name, in the order in which they run: those that copy, those that speak."""

from collections.abc import Sequence
from types import MappingProxyType

from pipeline.errors import InputError
from training.synthesis import codec2, griffin_lim, hifigan, own_vocoders, speakers, world
from training.synthesis.engines import Engine
from training.synthesis.nets.own import OWN_NETS
from training.synthesis.speakers import SpeakingEngine

_MEL_NETS = ("own-vocos", "own-vocos-fine", "own-upsampler")

_ENGINES = (
    Engine("hifigan", "hifigan", "vocoder", hifigan.load_universal),
    Engine("hifigan-ljspeech", "hifigan", "vocoder", hifigan.load_ljspeech),
    Engine("hifigan-int8", "hifigan", "vocoder", hifigan.load_int8),
    Engine("world", "world", "vocoder", world.load_plain),
    Engine("world-statistical", "world", "vocoder", world.load_statistical),
    Engine("world-conversion", "world", "vc", world.load_conversion),
    *(
        Engine(name, name, "codec" if name == "own-codec" else "vocoder", own_vocoders.loader(name))
        for name in OWN_NETS
    ),
    Engine("own-conversion", "own-conversion", "vc", own_vocoders.chain_loader(*_MEL_NETS)),
    Engine("griffinlim", "griffinlim", "vocoder", griffin_lim.load),
    Engine("codec2", "codec2", "codec", codec2.load),
)
ENGINES = MappingProxyType({engine.name: engine for engine in _ENGINES})

# Kinds are the corpus' own. Voices come with the language of their sentences.
_SPEAKING = (
    SpeakingEngine("piper", "tts", (("joe", "en"),), speakers.load_piper),
    SpeakingEngine("hibari", "tts", (("heart", "en"),), speakers.load_hibari),
    SpeakingEngine(
        "kokoro", "tts", (("af_heart", "en"), ("am_fenrir", "en")), speakers.load_kokoro
    ),
    SpeakingEngine(
        "flite",
        "statistical",
        (("slt", "en"), ("rms", "en"), ("awb", "en"), ("kal16", "en")),
        speakers.load_flite,
    ),
    SpeakingEngine(
        "espeak-ng",
        "formant",
        (("en-us", "en"), ("en-gb", "en"), ("de", "de"), ("es", "es"), ("fr-fr", "fr")),
        speakers.load_espeak,
    ),
)
SPEAKING = MappingProxyType({engine.name: engine for engine in _SPEAKING})

# Left out unless they are asked for by name: the closed fold's made systems, and all that speak,
# because the shipped detector's recipe is a run without names, of copies only.
BY_NAME_ONLY = frozenset({"griffinlim", *SPEAKING})


def choose_engines(names: Sequence[str]) -> tuple[Engine, ...]:
    """Return the copying engines of these names; none = all that need not be asked for by name.

    Raises:
        InputError: there is no engine of a name, neither one that copies nor one that speaks.
    """
    unknown = sorted(set(names) - set(ENGINES) - set(SPEAKING))
    if unknown:
        known = ", ".join((*ENGINES, *SPEAKING))
        raise InputError(f"no engine {', '.join(unknown)}; there are {known}")
    if names:
        return tuple(ENGINES[name] for name in dict.fromkeys(names) if name in ENGINES)
    return tuple(engine for name, engine in ENGINES.items() if name not in BY_NAME_ONLY)


def choose_speaking(names: Sequence[str]) -> tuple[SpeakingEngine, ...]:
    """Return the speaking engines of these names; none of them runs unasked."""
    return tuple(SPEAKING[name] for name in dict.fromkeys(names) if name in SPEAKING)
