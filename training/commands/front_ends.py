"""`python -m training front-ends`, `front-end-speed`: the front ends compared, and their cost."""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from pipeline.frontends import FRONT_ENDS, compute
from pipeline.vocabulary import FloatArray
from training.front_end_picture import PANELS, draw_front_ends, read_loudest_second

BATCH = 32  # segments, about what the fleet embeds at once

console = Console()

Genuine = Annotated[Path, typer.Option(help="Sound file of a person.")]
Synthetic = Annotated[Path, typer.Option(help="Sound file of a machine.")]
Out = Annotated[Path, typer.Option(help="PNG file to write.")]
Rounds = Annotated[int, typer.Option(help="Rounds; the fastest counts.", min=1)]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(front_ends)
    app.command()(front_end_speed)


def front_ends(
    genuine: Genuine, synthetic: Synthetic, out: Out = Path("docs/front-ends.png")
) -> None:
    """Draw what every front end makes of the loudest second of a genuine and a synthetic clip.

    Example: python -m training front-ends --genuine person.wav --synthetic machine.wav
    """
    console.print(f"drawing {len(PANELS)} panels of {len(FRONT_ENDS)} front ends ...")
    draw_front_ends(read_loudest_second(genuine), read_loudest_second(synthetic), out)
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


def front_end_speed(rounds: Rounds = 3) -> None:
    """Print each front end's processor time for a 1-s segment, alone and in a batch, as a table.

    Example: python -m training front-end-speed
    """
    segments = np.random.default_rng(0).standard_normal((BATCH, 16_000)).astype(np.float32) * 0.1
    console.print(f"| front end | frames x values | alone, ms | each in {BATCH}, ms |")
    console.print("|---|---|---|---|")
    for name in FRONT_ENDS:
        shape = compute(name, {}, segments[:1]).shape  # loads what the front end needs
        alone = min(_milliseconds(name, segments[:1]) for _ in range(rounds))
        each = min(_milliseconds(name, segments) for _ in range(rounds)) / BATCH
        console.print(f"| {name} | {shape[1]} x {shape[2]} | {alone:.1f} | {each:.1f} |")


def _milliseconds(name: str, segments: FloatArray) -> float:
    """Return the processor time of one call."""
    started = time.process_time()
    compute(name, {}, segments)
    return 1000 * (time.process_time() - started)
