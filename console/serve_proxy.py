"""Ray Serve's proxy waits for senders no longer than our own server does, and takes no longer heads.

Serve calls `be_patient` in the proxy's process before it opens the port, by the name that its
setting RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH gives; the proxy is uvicorn, which finds its protocols
in one table. On a cluster that others started their processes read the setting, not ours.
"""

from starlette.middleware import Middleware
from uvicorn.config import HTTP_PROTOCOLS

from console.api.slow_senders import PatientProtocol

PATIENT_HOOK = "console.serve_proxy.be_patient"


def be_patient() -> list[Middleware]:
    """Let uvicorn serve every connection of this process patiently; return no middleware."""
    HTTP_PROTOCOLS["auto"] = f"{PatientProtocol.__module__}:{PatientProtocol.__qualname__}"
    return []
