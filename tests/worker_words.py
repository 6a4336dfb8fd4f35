"""A worker of the fleet as it tells of itself, with an actor that waits for room."""

from storage.worker_rows import WorkerWords

WORKER = WorkerWords(
    "node-7:12:1",
    "node-7",
    "0.1.0",
    "phase_fusion_v2",
    "",
    [
        {"lane": "preparer 1", "node": "abc", "why": ""},
        {"lane": "scorer 2", "node": "abc", "why": ""},
        {"lane": "writer 3", "node": "", "why": "The Ray cluster has no room yet."},
    ],
)
