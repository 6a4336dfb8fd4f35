"""The speaker encoder: its shape, what it loads, and how its encodings are kept."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.errors import ModelMismatchError
from training.models.camplusplus import N_STATISTICS, SpeakerEncoder, load_encoder
from training.models.encoding_net import EncodingNetConfig, fit_encoding_net
from training.speaker_encodings import (
    Encodings,
    fetch_checkpoint,
    open_encodings,
    segment_starts,
    write_encodings,
)

SMALL = EncodingNetConfig(
    n_nets=2,
    width=16,
    narrow_width=8,
    n_steps=150,
    batch_size=64,
    warmup_steps=5,
    learning_rate=1e-2,
)


def test_the_published_part_has_its_size() -> None:
    # FCM 103 k, TDNN 205 k, and twelve dense layers, as in 3D-Speaker's CAM++ of 7.18 M
    n_weights = sum(weight.numel() for weight in SpeakerEncoder().parameters())
    assert n_weights == sum(
        weight.numel()
        for name, weight in SpeakerEncoder().named_parameters()
        if name.startswith(("head.", "xvector.tdnn.", "xvector.block1."))
    )
    assert 1.0e6 < n_weights < 1.2e6


def test_a_segment_gives_mean_and_deviation_of_each_channel() -> None:
    torch.manual_seed(0)
    encoder = SpeakerEncoder().eval()
    bands = torch.randn(3, 98, 80)
    with torch.inference_mode():
        together = encoder(bands)
        alone = torch.cat([encoder(bands[i : i + 1]) for i in range(3)])
    assert together.shape == (3, N_STATISTICS)
    assert (together[:, N_STATISTICS // 2 :] >= 0).all()
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_a_checkpoint_loads_whole_and_one_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoder = SpeakerEncoder()
    weights = encoder.state_dict()
    torch.save(weights | {"xvector.dense.linear.weight": torch.zeros(2)}, tmp_path / "whole.pt")
    loaded = load_encoder(tmp_path / "whole.pt")
    assert not any(weight.requires_grad for weight in loaded.parameters())
    torch.testing.assert_close(loaded.state_dict(), weights)

    del weights["head.conv1.weight"]
    torch.save(weights, tmp_path / "less.pt")
    with pytest.raises(ModelMismatchError, match=r"no head\.conv1\.weight"):
        load_encoder(tmp_path / "less.pt")


def test_another_checkpoint_under_the_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "campplus_cn_en_common.pt").write_bytes(b"something else")
    with pytest.raises(ModelMismatchError, match="delete it"):
        fetch_checkpoint(tmp_path)


def test_segments_tile_an_utterance_and_end_with_it() -> None:
    assert segment_starts(16_000).tolist() == [0]
    assert segment_starts(32_000).tolist() == [0, 16_000]
    assert segment_starts(40_000).tolist() == [0, 16_000, 24_000]


def test_kept_encodings_are_found_by_utterance_and_place(tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoder = SpeakerEncoder().eval()
    random = np.random.default_rng(0)
    waveforms = [
        0.1 * random.standard_normal(n).astype(np.float32) for n in (40_000, 16_256, 32_000)
    ]
    write_encodings(waveforms, [2, 5, 6], encoder, tmp_path / "clean.encodings.npz")
    opened = open_encodings(tmp_path, "clean")
    assert opened.owner.tolist() == [2, 2, 2, 5, 5, 6, 6]
    assert opened.nearest(2, 0) == 0
    assert opened.nearest(2, 21_000) == 2
    assert opened.nearest(6, 15_000) == 6
    assert np.isfinite(opened.values).all()


def test_small_nets_learn_what_a_statistic_says_and_repeat_with_their_seed() -> None:
    random = np.random.default_rng(0)
    genuine = np.arange(400) % 2 == 0
    statistics = random.standard_normal((400, 12)).astype(np.float32)
    statistics[:, 3] += np.where(genuine, 2.0, -2.0)
    fitted = fit_encoding_net(statistics, genuine, np.ones(400), SMALL)
    again = fit_encoding_net(statistics, genuine, np.ones(400), SMALL)
    with torch.inference_mode():
        score = fitted(torch.from_numpy(statistics)).numpy()
        np.testing.assert_array_equal(score, again(torch.from_numpy(statistics)).numpy())
    assert ((score > 0) == genuine).mean() > 0.9


def test_an_encoding_belongs_to_its_copy() -> None:
    kept = Encodings(np.zeros((2, 4), np.float16), np.array([0, 1]), np.array([0, 0]))
    assert kept.nearest(1, 99_999) == 1
