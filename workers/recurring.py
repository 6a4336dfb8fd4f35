"""A thread of a driver or server that does something now and then, until it is left."""

import threading
from abc import ABC, abstractmethod
from typing import Self

END_S = 5.0


class Recurring(ABC):
    """Begins when it is entered; leaving waits a little for what is being done, and no longer."""

    def __init__(self, name: str) -> None:
        """Name the thread; nothing runs yet."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End after what is being done; a service that is away is not waited for."""
        self._stop.set()
        self._thread.join(END_S)

    @abstractmethod
    def _run(self) -> None:
        """Work until `_stop` is set."""
