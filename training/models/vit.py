"""ViT over one segment's frames: strips of frames are the patches, trained from scratch.

Where a speaker encoder's statistics of the same segment are there, they are one token more.

Strips over all values of a few frames (14 tokens a second) train ten times as fast on a CPU as
16 x 16 patches, and with data as small as ours the windows seen decide (SCIENCE.md §8).
Architecture: pre-norm encoder of An Image is Worth 16x16 Words (arXiv 2010.11929) with a class
token; attention rollout of Abnar and Zuidema (arXiv 2005.00928, eq. 1).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class VitConfig:
    """Sizes of the net."""

    n_frames: int = 112
    n_values: int = 238
    patch_frames: int = 8
    width: int = 192
    depth: int = 4
    n_heads: int = 4
    mlp_width: int = 384
    embedding_size: int = 128
    dropout: float = 0.1
    drop_path: float = 0.1  # of the last block; earlier ones less, in proportion
    encoding_size: int = 0  # statistics of the speaker encoder, one token; 0 = none
    encoding_drop: float = 0.3  # of training rows without that token, so that strips learn too


class Vit(nn.Module):
    """Frames in; CM score, embedding and attention out. Holds its own input statistics."""

    def __init__(self, config: VitConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        self.config = config
        self.n_patches = config.n_frames // config.patch_frames
        # Each value has its own unit; without this the net does not train (SCIENCE.md §8, 3).
        self.input_norm = nn.BatchNorm1d(config.n_values, affine=False)
        self.patch = nn.Linear(config.patch_frames * config.n_values, config.width)
        self.class_token = nn.Parameter(torch.randn(1, 1, config.width) * 0.02)
        self.position = nn.Parameter(torch.randn(1, self.n_patches + 1, config.width) * 0.02)
        if config.encoding_size:
            self.encoding_norm = nn.BatchNorm1d(config.encoding_size, affine=False)
            self.from_encoding = nn.Linear(config.encoding_size, config.width)
        self.blocks = nn.ModuleList(
            Block(config, config.drop_path * (i + 1) / config.depth) for i in range(config.depth)
        )
        n_pooled = (3 + bool(config.encoding_size)) * config.width
        self.norm = nn.LayerNorm(n_pooled)
        self.to_embedding = nn.Linear(n_pooled, config.embedding_size)
        self.to_score = nn.Linear(config.embedding_size, 1)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, frames: Tensor, encoding: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return CM score (n,) and embedding (n, d), not of unit norm.

        Args:
            frames: (n, n_frames, n_values).
            encoding: (n, encoding_size) of the same segments, where the config has a size for it.
        """
        tokens = self._tokens(frames, encoding)
        for block in self.blocks:
            tokens, _ = block(tokens)
        return self._head(tokens)

    def explain(
        self, frames: Tensor, encoding: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return CM score, unit embedding and attention rollout (n, n_patches), summing to 1."""
        tokens = self._tokens(frames, encoding)
        identity = torch.eye(tokens.shape[1], device=frames.device).unsqueeze(0)
        rollout = identity
        for block in self.blocks:
            tokens, weights = block(tokens)
            rollout = torch.matmul(0.5 * weights.mean(dim=1) + 0.5 * identity, rollout)
        score, embedding = self._head(tokens)
        attention = rollout[:, 0, 1 : 1 + self.n_patches]
        attention = attention / attention.sum(dim=1, keepdim=True)
        return score, functional.normalize(embedding, dim=1), attention

    def _tokens(self, frames: Tensor, encoding: Tensor | None) -> Tensor:
        """Return tokens (n, 1 + n_patches, width), and the encoding's behind them."""
        used = frames[:, : self.n_patches * self.config.patch_frames]
        values = self.input_norm(used.transpose(1, 2)).transpose(1, 2).clamp(-6.0, 6.0)
        strip = self.config.patch_frames * self.config.n_values
        patches = self.patch(values.reshape(-1, self.n_patches, strip))
        class_token = self.class_token.expand(patches.shape[0], -1, -1)
        tokens: Tensor = torch.cat([class_token, patches], dim=1) + self.position
        if encoding is not None:
            place = self.encoding_norm(encoding).clamp(-6.0, 6.0)
            token = self.from_encoding(self.dropout(place)).unsqueeze(1)
            if self.training:
                kept = torch.rand(len(token), 1, 1, device=token.device)
                token = token * (kept >= self.config.encoding_drop)
            tokens = torch.cat([tokens, token], dim=1)
        dropped: Tensor = self.dropout(tokens)
        return dropped

    def _head(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return score and embedding from class token, patches' mean and deviation, and encoding."""
        patches = tokens[:, 1 : 1 + self.n_patches]
        centred = patches - patches.mean(dim=1, keepdim=True)
        deviation = torch.sqrt((centred * centred).mean(dim=1) + 1e-5)
        rest = tokens[:, 1 + self.n_patches :].flatten(1)  # the encoding's token, or nothing
        pooled = torch.cat([tokens[:, 0], patches.mean(dim=1), deviation, rest], dim=1)
        embedding = functional.gelu(self.to_embedding(self.dropout(self.norm(pooled))))
        return self.to_score(self.dropout(embedding)).squeeze(1), embedding


class Block(nn.Module):
    """One pre-norm encoder block."""

    def __init__(self, config: VitConfig, drop_path: float) -> None:
        """Make a block whose residual branches are dropped with this chance in training."""
        super().__init__()
        self.n_heads = config.n_heads
        self.head_width = config.width // config.n_heads
        self.drop_path = drop_path
        self.norm_attention = nn.LayerNorm(config.width)
        self.to_qkv = nn.Linear(config.width, 3 * config.width)
        self.to_out = nn.Linear(config.width, config.width)
        self.norm_mlp = nn.LayerNorm(config.width)
        self.mlp = nn.Sequential(
            nn.Linear(config.width, config.mlp_width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.mlp_width, config.width),
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens (n, t, width) and attention weights (n, n_heads, t, t)."""
        n_tokens = tokens.shape[1]
        qkv = self.to_qkv(self.norm_attention(tokens))
        qkv = qkv.reshape(-1, n_tokens, 3, self.n_heads, self.head_width).permute(2, 0, 3, 1, 4)
        query, key, value = qkv[0], qkv[1], qkv[2]  # (n, n_heads, t, head_width)
        weights = torch.softmax(
            torch.matmul(query, key.transpose(2, 3)) * self.head_width**-0.5, dim=3
        )
        mixed = torch.matmul(weights, value).transpose(1, 2)
        mixed = mixed.reshape(-1, n_tokens, self.n_heads * self.head_width)
        tokens = tokens + self._drop(self.dropout(self.to_out(mixed)))
        return tokens + self._drop(self.dropout(self.mlp(self.norm_mlp(tokens)))), weights

    def _drop(self, branch: Tensor) -> Tensor:
        """Drop the branch for some rows of the batch in training (stochastic depth)."""
        if not self.training or self.drop_path == 0.0:
            return branch
        keep = torch.rand(branch.shape[0], 1, 1, device=branch.device) >= self.drop_path
        return branch * keep / (1.0 - self.drop_path)
