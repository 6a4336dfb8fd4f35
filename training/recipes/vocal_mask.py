"""The published run of the voice separator `vocal_mask_v1`.

Again, by one command (about an hour on one core; starts where it stopped when run again):

    python -m training.fit_mask --corpus ../shared/corpus --work var/vocal_mask \
        --sound-font FluidR3_GM.sf2 --music FOLDER --check-music FOLDER

`--sound-font` asks for FluidSynth (Debian: fluidsynth, fluid-soundfont-gm; MIT licence). `--music`
is a folder of music and sound effects without voices; the published run had the music of
wesnoth-1.16-music, and music and effects of supertux-data and sonic-pi-samples, as unpacked from
Debian 12. `--check-music` is music that only the figures use: frozen-bubble-data, asc-music,
extremetuxracer-data, drascula-music, hyperrogue-music, nexuiz-music. Each of the three may be left
out; then the net hears less music, and the figures say less.
"""

from dataclasses import dataclass

from training.mixtures import MixtureConfig
from training.models.vocal_mask import VocalMaskConfig

HOP_LENGTH = 256  # half a frame
WINDOW_FRAMES = 256  # 4.1 s: twice what the middle hears to one side


@dataclass(frozen=True, slots=True)
class VocalMaskRecipe:
    """Everything that a run depends on besides its data."""

    name: str
    seed: int
    net: VocalMaskConfig
    mixtures: MixtureConfig
    train_folds: frozenset[int]
    check_folds: frozenset[int]  # speakers and generators that only the figures hear
    n_composed: int  # pieces of our own synthesiser, 15 s each
    n_sound_font: int  # pieces played by a sound font
    n_steps: int
    batch_size: int
    bfloat16: bool  # convolutions at half precision: twice as fast where the processor has it
    peak_learning_rate: float
    weight_decay: float
    average_decay: float  # of the running average of the weights, which is what ships
    save_every: int  # steps: what a kill may cost
    voice_threshold: float  # set on training mixtures, before the check folds were looked at


RECIPE = VocalMaskRecipe(
    name="vocal_mask_v1",
    seed=20,
    net=VocalMaskConfig(),
    # the frames of a window: (WINDOW_FRAMES - 1) * HOP_LENGTH + n_fft samples
    mixtures=MixtureConfig(n_samples=(WINDOW_FRAMES - 1) * HOP_LENGTH + VocalMaskConfig().n_fft),
    train_folds=frozenset({0, 1, 2}),
    check_folds=frozenset({3}),
    n_composed=400,
    n_sound_font=240,
    n_steps=2400,
    batch_size=8,
    bfloat16=True,
    peak_learning_rate=2e-3,
    weight_decay=1e-4,
    average_decay=0.99,
    save_every=100,
    voice_threshold=0.5,
)
