"""Who owns which package name, and what an import drags in (STYLE.md §1, §7)."""

import pickle
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import pipeline.errors
from pipeline.errors import VerityError

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("jobs", "workers", "pipeline", "storage", "reports", "console", "training")
HEAVY = ("torch", "ray", "librosa", "onnxruntime", "scipy")
EMPTY_NAMES = {"utils", "helpers", "common", "misc", "base", "core", "manager", "handler", "processor",
               "data", "info", "lib"}  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_our_package_names(package: str) -> None:
    owners = set(packages_distributions().get(package, []))
    assert owners <= {"verity"}


@pytest.mark.parametrize("module", ["pipeline.vocabulary", "pipeline.errors", "storage.settings"])
def test_the_vocabulary_is_light_to_import(module: str) -> None:
    program = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_inference_never_imports_torch() -> None:
    program = (
        "import sys, pipeline.analyse, workers.fleet, console.cli; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "False", done.stderr


def error_classes() -> list[type[VerityError]]:
    classes = [value for value in vars(pipeline.errors).values() if isinstance(value, type)]
    return [value for value in classes if issubclass(value, VerityError)]


@pytest.mark.parametrize("kind", error_classes())
def test_every_error_survives_the_trip_between_processes(kind: type[VerityError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what happened", "some_code", 3.5)))  # noqa: S301 - our own bytes
    assert type(error) is kind
    assert (error.message, error.code, error.retry_after_s) == ("what happened", "some_code", 3.5)
    assert kind().message == (kind.__doc__ or "").splitlines()[0]


def test_test_folders_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_names_say_something() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert not [path for path in modules if path.stem in EMPTY_NAMES]


def test_every_package_is_typed_and_says_what_it_is() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").exists()
        assert (ROOT / package / "__init__.py").read_text(encoding="utf-8").startswith('"""')


def test_deploy_holds_no_python() -> None:
    assert not list((ROOT / "deploy").rglob("*.py"))
