"""Stop what this checkout started and remove its data: `make clean` calls it before it removes .venv."""

import os

from storage.embedded import remove_embedded
from storage.settings import StorageSettings


def main() -> None:
    """Stop the embedded database and remove its folder."""
    remove_embedded(StorageSettings.from_env(os.environ))  # noqa: TID251 - an entry point


if __name__ == "__main__":
    main()
