"""What the demo takes from the environment, and the environment that it gives to `verity`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# The demo shows the parts that come with the project: settings that name other ones are left out.
_NOT_PASSED_ON = ("VERITY_", "AWS_", "RAY_ADDRESS")
_HERE = "127.0.0.1,localhost"


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Where the demo keeps things and which `verity` it runs."""

    var_folder: Path
    verity: Path  # the command, of the same environment as this process
    environ: Mapping[str, str]  # for `verity`, without the addresses of the demo's servers

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "DemoSettings":
        """Read VERITY_VAR (default `var`)."""
        passed_on = {
            key: value for key, value in environ.items() if not key.startswith(_NOT_PASSED_ON)
        }
        if named := environ.get("VERITY_VAR", ""):
            passed_on["VERITY_VAR"] = named
        for key in ("NO_PROXY", "no_proxy"):  # a company's proxy cannot reach this machine
            passed_on[key] = ",".join(filter(None, [environ.get(key, ""), _HERE]))
        verity = Path(sys.executable).with_name("verity")
        return cls(Path(named or "var").expanduser().resolve(), verity, passed_on)

    @property
    def folder(self) -> Path:
        """Return where all of the demo's own files lie."""
        return self.var_folder / "demo"
