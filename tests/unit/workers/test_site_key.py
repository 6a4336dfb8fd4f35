"""A fleet signs with one key, whoever of it asks first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storage.settings import StorageSettings
from workers.site_key import site_key


def test_threads_that_ask_at_once_get_the_same_key(tmp_path: Path) -> None:
    settings = StorageSettings.from_env({"VERITY_VAR": str(tmp_path)})
    with ThreadPoolExecutor(4) as threads:
        keys = list(threads.map(lambda _: site_key(settings), range(4)))
    assert keys[0] is not None
    assert {key.certificate_pem for key in keys if key is not None} == {keys[0].certificate_pem}
