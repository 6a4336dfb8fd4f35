"""The settings that tuning searches, by member: their ranges, and how a recipe takes them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from training.recipes.phase_fusion import Recipe

if TYPE_CHECKING:
    import optuna

Pseudo = tuple[tuple[str, float], ...]


class Member(StrEnum):
    """The member of the fusion that is tuned, by itself."""

    ENCODING = "encoding"  # small nets on the speaker encoder's statistics
    KERNEL = "kernel"  # Gaussian kernels on the phase front end's statistics
    VIT = "vit"  # on strips of the phase front end: minutes a fold


@dataclass(frozen=True, slots=True)
class Setting:
    """One number that is searched; the range is widened to hold the recipe's own."""

    name: str
    low: float
    high: float
    is_log: bool = False
    is_count: bool = False


PSEUDO_SHARE = Setting("pseudo_share", 0.0, 0.7)  # of the spoof side, all pseudo-spoofed copies
N_STEPS = Setting("n_steps", 300, 4000, is_log=True, is_count=True)
SETTINGS: Mapping[Member, tuple[Setting, ...]] = {
    Member.ENCODING: (
        Setting("dropout", 0.0, 0.7),
        Setting("input_dropout", 0.0, 0.5),
        Setting("width", 48, 512, is_log=True, is_count=True),
        Setting("mixup_share", 0.0, 1.0),
        Setting("weight_decay", 1e-3, 1.0, is_log=True),
        N_STEPS,
        PSEUDO_SHARE,
    ),
    Member.KERNEL: (
        Setting("width", 0.1, 5.0, is_log=True),
        Setting("ridge", 1e-6, 1e-2, is_log=True),
        Setting("n_centres", 300, 3000, is_log=True, is_count=True),
        PSEUDO_SHARE,
    ),
    Member.VIT: (
        Setting("learning_rate", 3e-4, 3e-3, is_log=True),
        Setting("weight_decay", 1e-3, 0.5, is_log=True),
        Setting("mixup_share", 0.0, 1.0),
        Setting("mask_share", 0.0, 0.8),
        N_STEPS,
        PSEUDO_SHARE,
    ),
}


def recipe_values(recipe: Recipe, member: Member, n_steps: int | None) -> dict[str, float]:
    """Return a recipe's own settings; without the steps where they are not searched."""
    return {
        setting.name: _own(recipe, member, setting.name)
        for setting in _searched(recipe, member, n_steps)
    }


def suggest(
    trial: "optuna.Trial", recipe: Recipe, member: Member, n_steps: int | None
) -> dict[str, float]:
    """Return a trial's settings, with the steps of the plan where they are not searched."""
    values: dict[str, float] = {}
    for setting in _searched(recipe, member, n_steps):
        own = _own(recipe, member, setting.name)
        low, high = min(setting.low, own), max(setting.high, own)
        if setting.is_count:
            values[setting.name] = trial.suggest_int(
                setting.name, int(low), int(high), log=setting.is_log
            )
        else:
            values[setting.name] = trial.suggest_float(setting.name, low, high, log=setting.is_log)
    if n_steps is not None and member is not Member.KERNEL:
        values["n_steps"] = n_steps
    return values


def with_values(
    recipe: Recipe, member: Member, values: Mapping[str, float], n_nets: int | None = None
) -> Recipe:
    """Return the recipe with a member's settings; those that are not given stay."""
    share = values.get(PSEUDO_SHARE.name)

    def of(name: str) -> float:
        return values.get(name, _own(recipe, member, name))

    if member is Member.KERNEL:
        kernel = replace(
            recipe.kernel, width=of("width"), ridge=of("ridge"), n_centres=int(of("n_centres"))
        )
        pseudo = _scaled(recipe.kernel_pseudo, share)
        return replace(recipe, kernel=kernel, kernel_pseudo=pseudo)
    fit = replace(recipe.fit, pseudo=_scaled(recipe.fit.pseudo, share))
    if member is Member.VIT:
        fit = replace(
            fit,
            learning_rate=of("learning_rate"),
            weight_decay=of("weight_decay"),
            mixup_share=of("mixup_share"),
            mask_share=of("mask_share"),
            n_steps=int(of("n_steps")),
        )
        return replace(recipe, fit=fit)
    encoding = replace(
        recipe.encoding,
        dropout=of("dropout"),
        input_dropout=of("input_dropout"),
        width=int(of("width")),
        mixup_share=of("mixup_share"),
        weight_decay=of("weight_decay"),
        n_steps=int(of("n_steps")),
        n_nets=n_nets or recipe.encoding.n_nets,
    )
    return replace(recipe, fit=fit, encoding=encoding)


def _searched(recipe: Recipe, member: Member, n_steps: int | None) -> list[Setting]:
    """Return the settings that are searched: no share of copies that there are not."""
    fixed = {N_STEPS.name} if n_steps is not None else set()
    if not _pseudo(recipe, member):
        fixed.add(PSEUDO_SHARE.name)
    return [setting for setting in SETTINGS[member] if setting.name not in fixed]


def _own(recipe: Recipe, member: Member, name: str) -> float:
    """Return a recipe's own value of a setting."""
    if name == PSEUDO_SHARE.name:
        return round(sum(share for _, share in _pseudo(recipe, member)), 9)
    configs = {
        Member.ENCODING: recipe.encoding,
        Member.KERNEL: recipe.kernel,
        Member.VIT: recipe.fit,
    }
    value: float = getattr(configs[member], name)
    return value


def _pseudo(recipe: Recipe, member: Member) -> Pseudo:
    """Return the pseudo-spoofed copies that a member is trained on."""
    return recipe.kernel_pseudo if member is Member.KERNEL else recipe.fit.pseudo


def _scaled(pseudo: Pseudo, share: float | None) -> Pseudo:
    """Return the copies with another sum of shares, their proportion kept."""
    total = sum(own for _, own in pseudo)
    if share is None or total <= 0 or share == round(total, 9):
        return pseudo
    return tuple((name, own * share / total) for name, own in pseudo)
