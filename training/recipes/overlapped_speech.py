"""The published run of `overlapped_speech_v1`, which hears where several people speak at once.

Again, by one command (some 30 minutes of two cores that have nothing else to do):

    python -m training.fit_overlap --corpus ../shared/corpus --music-of var/vocal_mask --work var/overlap

`--music-of` names the work folder of `training.fit_mask` (recipes/vocal_mask.py): its pools of music
without voices are used again. Mixtures lie in the work folder in banks, each of which depends on the
seed and its number alone; a bank that is there is not made again.
"""

from dataclasses import dataclass

from training.models.overlap_net import OverlapNetConfig


@dataclass(frozen=True, slots=True)
class OverlapRecipe:
    """Everything that a run depends on besides its data."""

    name: str
    seed: int
    net: OverlapNetConfig
    train_folds: frozenset[int]
    check_fold: int  # speakers whom only the figures hear
    held_out_sources: frozenset[str]  # so are these: other microphones, rooms and languages
    n_banks: int
    bank_size: int  # mixtures
    n_coded: int  # of a bank, through each of `n_codecs` codecs
    n_codecs: int
    n_steps: int
    batch_size: int  # mixtures
    banks_at_once: int  # that a batch is drawn from
    peak_learning_rate: float
    weight_decay: float
    any_voice_weight: float  # of the second output's loss, which teaches what a voice is
    flagged_from: float  # a second's mean frame likelihood; even odds: not tuned on the check fold


RECIPE = OverlapRecipe(
    name="overlapped_speech_v1",
    seed=1,
    net=OverlapNetConfig(),
    train_folds=frozenset({0, 1, 2}),
    check_fold=3,
    held_out_sources=frozenset({"emodb", "korean", "fillets", "fsdd"}),
    n_banks=48,
    bank_size=320,
    n_coded=32,
    n_codecs=4,
    n_steps=900,
    batch_size=32,
    banks_at_once=4,
    peak_learning_rate=2e-3,
    weight_decay=1e-3,
    any_voice_weight=0.2,
    flagged_from=0.5,
)
