"""Manifests are read, or refused with words."""

from pathlib import Path

import pytest

from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import Label
from training.manifests import NO_FOLD, read_manifest


def test_two_columns_are_enough(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("path,label\na.wav,bonafide\nb/c.wav,spoof\n", encoding="utf-8")
    first, second = read_manifest(manifest)
    assert first.path == tmp_path / "a.wav"
    assert (first.label, second.label) == (Label.BONAFIDE, Label.SPOOF)
    assert (first.system, first.fold) == ("", NO_FOLD)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("path\na.wav\n", encoding="utf-8")
    with pytest.raises(InputError, match="label"):
        read_manifest(manifest)


def test_an_unknown_label_is_named(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("path,label\na.wav,real\n", encoding="utf-8")
    with pytest.raises(InputError, match="real"):
        read_manifest(manifest)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"none\.csv"):
        read_manifest(tmp_path / "none.csv")
