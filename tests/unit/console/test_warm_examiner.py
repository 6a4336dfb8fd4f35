"""A server that ends while its models are being loaded ends well."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import atexit, sys
from pathlib import Path
from console.api.examining import open_examining
from jobs.settings import JobsSettings

with open_examining(JobsSettings(), Path(sys.argv[1])) as examining:
    examining.warm()
atexit.register(lambda: print("loaded:", examining._idle.get_nowait() is not None))
"""


def test_a_process_that_ends_waits_for_the_models_that_it_loads(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "loaded: True\n"), done.stderr
