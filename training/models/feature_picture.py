"""Feature picture: features of a segment as the three-channel picture that image nets expect."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from pipeline.errors import ModelMismatchError, ModelNotFoundError

CLIP = 6.0  # deviations: one odd value must not outshine a picture
N_HASH_DIGITS = 8  # torchvision's weight files end in this many digits of their SHA-256


class FeaturePicture(nn.Module):
    """Features (n, n_frames, n_values) to pictures (n, 3, n_frames, n_values), each value in its unit.

    Without its own unit for each value nets on spectra do not train (SCIENCE.md §8, 3). Three equal
    channels let weights that were trained on photographs be loaded as they are.
    """

    def __init__(self, n_values: int) -> None:
        """Make the picture's input statistics, which training fills."""
        super().__init__()
        self.input_norm = nn.BatchNorm1d(n_values, affine=False)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the pictures."""
        values = self.input_norm(frames.transpose(1, 2)).clamp(-CLIP, CLIP)
        picture: Tensor = values.transpose(1, 2).unsqueeze(1)
        return picture.expand(-1, 3, -1, -1)


def find_photograph_weights(folder: Path, stem: str) -> Path | None:
    """Return torchvision's weight file of a net in a local folder, or None if it is not there.

    Args:
        folder: where weight files lie.
        stem: what stands before the checksum, such as "resnet101".
    """
    found = [path for path in folder.glob(f"{stem}-*.pth") if path.stem.rpartition("-")[0] == stem]
    return min(found, default=None)


def load_photograph_weights(backbone: nn.Module, path: Path, prefix: str) -> int:
    """Load a weight file of torchvision from a local folder into a backbone; return how many fitted.

    Nothing is ever downloaded. The file keeps torchvision's name, such as resnet101-63fe2227.pth,
    whose digits are the beginning of its SHA-256 and are checked before it is opened.

    Args:
        backbone: a net whose names are torchvision's.
        path: the file.
        prefix: which of its entries belong to the backbone, "" = all that have its names.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelMismatchError: it is not what its name says, or of another net.
    """
    if not path.is_file():
        raise ModelNotFoundError(
            f"there is no weight file {path.name}: put it there, or go without"
        )
    wanted = path.stem.rpartition("-")[2]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if len(wanted) != N_HASH_DIGITS or not found.startswith(wanted):
        raise ModelMismatchError(
            f"{path.name} does not have the checksum in its name (it has {found[:N_HASH_DIGITS]}): "
            "fetch it again from torchvision, and keep its name"
        )
    stored: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    state = {
        name.removeprefix(prefix): value
        for name, value in stored.items()
        if name.startswith(prefix) and name.removeprefix(prefix) in backbone.state_dict()
    }
    missing = set(backbone.state_dict()) - set(state)
    if {name for name in missing if not name.endswith("num_batches_tracked")}:
        raise ModelMismatchError(f"{path.name} belongs to another net: it has no {min(missing)}")
    try:
        backbone.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ModelMismatchError(f"{path.name} belongs to another net: {error}") from error
    return len(state)
