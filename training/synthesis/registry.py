"""Registry: the engines by name, in the order in which they run."""

from collections.abc import Sequence
from types import MappingProxyType

from pipeline.errors import InputError
from training.synthesis import codec2, griffin_lim, hifigan, own_vocoders, world
from training.synthesis.engines import Engine
from training.synthesis.nets.own import OWN_NETS

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

# The closed fold's made systems: left out unless they are asked for by name.
BY_NAME_ONLY = frozenset({"griffinlim"})


def choose_engines(names: Sequence[str]) -> tuple[Engine, ...]:
    """Return the engines of these names; none = all that need not be asked for by name.

    Raises:
        InputError: there is no engine of a name.
    """
    unknown = sorted(set(names) - set(ENGINES))
    if unknown:
        raise InputError(f"no engine {', '.join(unknown)}; there are {', '.join(ENGINES)}")
    if names:
        return tuple(ENGINES[name] for name in dict.fromkeys(names))
    return tuple(engine for name, engine in ENGINES.items() if name not in BY_NAME_ONLY)
