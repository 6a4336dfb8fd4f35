"""AASIST and AASIST-L: graph attention over the spectral and the temporal side of learned features.

Jung et al. 2022, AASIST: Audio anti-spoofing using integrated spectro-temporal graph attention
networks (ICASSP, arXiv 2110.01200); sizes, the order of operations and the temperatures as in the
authors' public code (github.com/clovaai/aasist, MIT), whose checkpoints load after
`official_to_ours`. Written anew for segments of any length, with names that say what a part does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

SAMPLE_RATE = 16_000
N_SINC = 70  # fixed band-pass filters
SINC_TAPS = 129
N_BANDS = N_SINC // 3  # spectral nodes: the filters after pooling by three
DROPOUT_NODES = 0.2
DROPOUT_POOL = 0.3
DROPOUT_BRANCHES = 0.2
DROPOUT_OUTPUT = 0.5


@dataclass(frozen=True, slots=True)
class AasistConfig:
    """Sizes of the net; the defaults are AASIST, `AASIST_L` is the light one."""

    # inputs and outputs of the six residual blocks
    channels: tuple[tuple[int, int], ...] = (
        (1, 32),
        (32, 32),
        (32, 64),
        (64, 64),
        (64, 64),
        (64, 64),
    )
    node_width: int = 64  # of both graphs
    joint_width: int = 32  # of the graph that joins them
    kept_spectral: float = 0.5  # share of nodes that a pool keeps
    kept_temporal: float = 0.7
    kept_joint: float = 0.5
    temperature: float = 2.0  # of attention within a graph
    joint_temperature: float = 100.0  # of attention in the joined graph


AASIST = AasistConfig()
AASIST_L = AasistConfig(
    channels=((1, 32), (32, 32), (32, 24), (24, 24), (24, 24), (24, 24)),
    node_width=24,
    kept_spectral=0.4,
    kept_temporal=0.5,
    kept_joint=0.7,
)


class Aasist(nn.Module):
    """Samples in, CM scores out."""

    def __init__(self, config: AasistConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        n_features, width, joint = config.channels[-1][1], config.node_width, config.joint_width
        self.register_buffer("filters", sinc_filters(), persistent=False)
        self.filters: Tensor
        self.input_norm = nn.BatchNorm2d(1)
        self.encoder = nn.Sequential(
            *(ResidualBlock(*sizes, is_first=i == 0) for i, sizes in enumerate(config.channels))
        )
        self.band_position = nn.Parameter(torch.randn(1, N_BANDS, n_features))
        self.spectral_graph = GraphAttention(n_features, width, config.temperature)
        self.temporal_graph = GraphAttention(n_features, width, config.temperature)
        self.spectral_pool = GraphPool(width, config.kept_spectral)
        self.temporal_pool = GraphPool(width, config.kept_temporal)
        self.branches = nn.ModuleList(JointBranch(width, joint, config) for _ in range(2))
        self.branch_dropout = nn.Dropout(DROPOUT_BRANCHES)
        self.output_dropout = nn.Dropout(DROPOUT_OUTPUT)
        self.to_classes = nn.Linear(5 * joint, 2)

    def forward(self, samples: Tensor) -> Tensor:
        """Return CM scores (n,), log-odds of bona fide, of samples (n, n_samples, 1)."""
        classes = self.classify(samples)
        return classes[:, 1] - classes[:, 0]

    def classify(self, samples: Tensor) -> Tensor:
        """Return the two outputs of the published net, (n, 2): spoof, bona fide."""
        filtered = functional.conv1d(samples.transpose(1, 2), self.filters)  # (n, 70, time)
        pooled = functional.max_pool2d(filtered.abs().unsqueeze(1), 3)  # (n, 1, 23, time)
        maps = self.encoder(functional.selu(self.input_norm(pooled)))  # (n, features, 23, time)
        bands = maps.abs().amax(dim=3).transpose(1, 2) + self.band_position
        moments = maps.abs().amax(dim=2).transpose(1, 2)  # (n, time, features)
        spectral = self.spectral_pool(self.spectral_graph(bands))
        temporal = self.temporal_pool(self.temporal_graph(moments))

        found = [branch(temporal, spectral) for branch in self.branches]
        temporal, spectral, stack = (
            torch.maximum(self.branch_dropout(one), self.branch_dropout(other))
            for one, other in zip(*found, strict=True)
        )
        summary = [
            temporal.abs().amax(dim=1),
            temporal.mean(dim=1),
            spectral.abs().amax(dim=1),
            spectral.mean(dim=1),
            stack.squeeze(1),
        ]
        classes: Tensor = self.to_classes(self.output_dropout(torch.cat(summary, dim=1)))
        return classes


class ResidualBlock(nn.Module):
    """Two 2 x 3 convolutions beside a shortcut, then the largest of every three moments."""

    def __init__(self, n_inputs: int, n_outputs: int, *, is_first: bool) -> None:
        """Make a block."""
        super().__init__()
        # The published code makes this norm and never uses its result; checkpoints hold it.
        self.unused_norm = nn.Identity() if is_first else nn.BatchNorm2d(n_inputs)
        self.conv_in = nn.Conv2d(n_inputs, n_outputs, (2, 3), padding=(1, 1))
        self.norm = nn.BatchNorm2d(n_outputs)
        self.conv_out = nn.Conv2d(n_outputs, n_outputs, (2, 3), padding=(0, 1))
        self.shortcut = (
            nn.Identity()
            if n_inputs == n_outputs
            else nn.Conv2d(n_inputs, n_outputs, (1, 3), padding=(0, 1))
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (n, n_outputs, bands, time / 3)."""
        branch = self.conv_out(functional.selu(self.norm(self.conv_in(maps))))
        return functional.max_pool2d(branch + self.shortcut(maps), (1, 3))


class GraphAttention(nn.Module):
    """Attention among the nodes of one graph, by the product of every two nodes."""

    def __init__(self, n_inputs: int, n_outputs: int, temperature: float) -> None:
        """Make a layer."""
        super().__init__()
        self.temperature = temperature
        self.to_pair = nn.Linear(n_inputs, n_outputs)
        self.pair_weight = nn.Parameter(xavier(n_outputs))
        self.from_others = nn.Linear(n_inputs, n_outputs)
        self.from_self = nn.Linear(n_inputs, n_outputs)
        self.norm = nn.BatchNorm1d(n_outputs)
        self.dropout = nn.Dropout(DROPOUT_NODES)

    def forward(self, nodes: Tensor) -> Tensor:
        """Return nodes (n, n_nodes, n_outputs)."""
        nodes = self.dropout(nodes)
        pairs = torch.tanh(self.to_pair(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        weights = torch.softmax((pairs @ self.pair_weight).squeeze(3) / self.temperature, dim=2)
        return normed(self.norm, self.from_others(weights @ nodes) + self.from_self(nodes))


class JointAttention(nn.Module):
    """Attention over two graphs at once, with weights of its own for each kind of pair.

    A stack node gathers from all nodes and gives nothing back (the paper's equation 6).
    """

    def __init__(self, n_inputs: int, n_outputs: int, temperature: float) -> None:
        """Make a layer."""
        super().__init__()
        self.temperature = temperature
        self.to_temporal = nn.Linear(n_inputs, n_inputs)
        self.to_spectral = nn.Linear(n_inputs, n_inputs)
        self.to_pair = nn.Linear(n_inputs, n_outputs)
        self.temporal_weight = nn.Parameter(xavier(n_outputs))
        self.spectral_weight = nn.Parameter(xavier(n_outputs))
        self.crossed_weight = nn.Parameter(xavier(n_outputs))
        self.from_others = nn.Linear(n_inputs, n_outputs)
        self.from_self = nn.Linear(n_inputs, n_outputs)
        self.to_stack_pair = nn.Linear(n_inputs, n_outputs)
        self.stack_weight = nn.Parameter(xavier(n_outputs))
        self.stack_from_nodes = nn.Linear(n_inputs, n_outputs)
        self.stack_from_self = nn.Linear(n_inputs, n_outputs)
        self.norm = nn.BatchNorm1d(n_outputs)
        self.dropout = nn.Dropout(DROPOUT_NODES)

    def forward(
        self, temporal: Tensor, spectral: Tensor, stack: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return temporal and spectral nodes and the stack node, each n_outputs wide."""
        n_temporal = temporal.shape[1]
        nodes = torch.cat([self.to_temporal(temporal), self.to_spectral(spectral)], dim=1)
        nodes = self.dropout(nodes)
        pairs = torch.tanh(self.to_pair(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        is_temporal = torch.arange(nodes.shape[1], device=nodes.device) < n_temporal
        both = is_temporal.unsqueeze(1) & is_temporal
        neither = ~(is_temporal.unsqueeze(1) | is_temporal)
        logits = torch.where(
            both,
            (pairs @ self.temporal_weight).squeeze(3),
            torch.where(
                neither,
                (pairs @ self.spectral_weight).squeeze(3),
                (pairs @ self.crossed_weight).squeeze(3),
            ),
        )
        stack = self._gather(nodes, stack)
        weights = torch.softmax(logits / self.temperature, dim=2)
        nodes = normed(self.norm, self.from_others(weights @ nodes) + self.from_self(nodes))
        return nodes[:, :n_temporal], nodes[:, n_temporal:], stack

    def _gather(self, nodes: Tensor, stack: Tensor) -> Tensor:
        """Return the stack node (n, 1, n_outputs) after attention to all nodes."""
        pairs = torch.tanh(self.to_stack_pair(nodes * stack))
        weights = torch.softmax(pairs @ self.stack_weight / self.temperature, dim=1)
        gathered: Tensor = self.stack_from_nodes(weights.transpose(1, 2) @ nodes)
        own: Tensor = self.stack_from_self(stack)
        return gathered + own


class JointBranch(nn.Module):
    """One of the two branches: joint attention, pools, joint attention again with a shortcut."""

    def __init__(self, width: int, joint: int, config: AasistConfig) -> None:
        """Make a branch."""
        super().__init__()
        self.stack = nn.Parameter(torch.randn(1, 1, width))
        self.first = JointAttention(width, joint, config.joint_temperature)
        self.second = JointAttention(joint, joint, config.joint_temperature)
        self.spectral_pool = GraphPool(joint, config.kept_joint)
        self.temporal_pool = GraphPool(joint, config.kept_joint)

    def forward(self, temporal: Tensor, spectral: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return temporal nodes, spectral nodes and the stack node, each joint wide."""
        temporal, spectral, stack = self.first(temporal, spectral, self.stack)
        spectral, temporal = self.spectral_pool(spectral), self.temporal_pool(temporal)
        more_temporal, more_spectral, more_stack = self.second(temporal, spectral, stack)
        return temporal + more_temporal, spectral + more_spectral, stack + more_stack


class GraphPool(nn.Module):
    """Keeps the share of nodes that score highest, scaled by their scores, highest first."""

    def __init__(self, width: int, kept: float) -> None:
        """Make a pool."""
        super().__init__()
        self.kept = kept
        self.to_score = nn.Linear(width, 1)
        self.dropout = nn.Dropout(DROPOUT_POOL)

    def forward(self, nodes: Tensor) -> Tensor:
        """Return nodes (n, kept * n_nodes, width), one at least."""
        scores = torch.sigmoid(self.to_score(self.dropout(nodes)))  # (n, n_nodes, 1)
        chosen = torch.topk(scores, max(int(nodes.shape[1] * self.kept), 1), dim=1).indices
        return torch.gather(nodes * scores, 1, chosen.expand(-1, -1, nodes.shape[2]))


def normed(norm: nn.BatchNorm1d, nodes: Tensor) -> Tensor:
    """Return SELU of nodes (n, n_nodes, width) after a norm that counts each node as a row."""
    rows: Tensor = norm(nodes.flatten(0, 1))
    return functional.selu(rows.view_as(nodes))


def xavier(n_inputs: int) -> Tensor:
    """Return a column of random weights (n_inputs, 1) of Xavier's deviation."""
    return nn.init.xavier_normal_(torch.empty(n_inputs, 1))


def sinc_filters() -> Tensor:
    """Return band-pass filters side by side on the mel scale, (70, 1, 129); they are not trained."""
    top_mel = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top_mel, N_SINC + 1) / 2595) - 1)
    taps = np.arange(SINC_TAPS) - SINC_TAPS // 2
    turns = 2 * edges_hz[:, None] / SAMPLE_RATE  # (71, 1)
    low_pass = turns * np.sinc(turns * taps)  # (71, 129)
    bands = np.diff(low_pass, axis=0) * np.hamming(SINC_TAPS)
    return torch.from_numpy(bands.astype(np.float32)).unsqueeze(1)


# parts of an official name -> ours; what is not here has the same name
_OFFICIAL_PARTS: Mapping[str, str] = MappingProxyType(
    {
        "first_bn": "input_norm",
        "pos_S": "band_position",
        "GAT_layer_S": "spectral_graph",
        "GAT_layer_T": "temporal_graph",
        "pool_S": "spectral_pool",
        "pool_T": "temporal_pool",
        "master1": "branches.0.stack",
        "master2": "branches.1.stack",
        "HtrgGAT_layer_ST11": "branches.0.first",
        "HtrgGAT_layer_ST12": "branches.0.second",
        "HtrgGAT_layer_ST21": "branches.1.first",
        "HtrgGAT_layer_ST22": "branches.1.second",
        "pool_hS1": "branches.0.spectral_pool",
        "pool_hT1": "branches.0.temporal_pool",
        "pool_hS2": "branches.1.spectral_pool",
        "pool_hT2": "branches.1.temporal_pool",
        "out_layer": "to_classes",
        "bn1": "unused_norm",
        "conv1": "conv_in",
        "bn2": "norm",
        "conv2": "conv_out",
        "conv_downsample": "shortcut",
        "att_proj": "to_pair",
        "att_weight": "pair_weight",
        "proj_with_att": "from_others",
        "proj_without_att": "from_self",
        "bn": "norm",
        "proj_type1": "to_temporal",
        "proj_type2": "to_spectral",
        "att_projM": "to_stack_pair",
        "att_weight11": "temporal_weight",
        "att_weight22": "spectral_weight",
        "att_weight12": "crossed_weight",
        "att_weightM": "stack_weight",
        "proj_with_attM": "stack_from_nodes",
        "proj_without_attM": "stack_from_self",
        "proj": "to_score",
    }
)


def official_to_ours(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the entries of an official checkpoint under the names of this file."""
    renamed = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[0] == "encoder":
            del parts[2]  # each block stands in a container of its own there
        renamed[".".join(_OFFICIAL_PARTS.get(part, part) for part in parts)] = value
    return renamed
