"""Registry: the engines by name, in the order in which they run."""

from collections.abc import Sequence
from types import MappingProxyType

from pipeline.errors import InputError
from training.synthesis import codec2, griffin_lim, hifigan, world
from training.synthesis.engines import Engine

_ENGINES = (
    Engine("hifigan", "hifigan", "vocoder", hifigan.load_universal),
    Engine("hifigan-ljspeech", "hifigan", "vocoder", hifigan.load_ljspeech),
    Engine("hifigan-int8", "hifigan", "vocoder", hifigan.load_int8),
    Engine("world", "world", "vocoder", world.load_plain),
    Engine("world-statistical", "world", "vocoder", world.load_statistical),
    Engine("world-conversion", "world", "vc", world.load_conversion),
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
