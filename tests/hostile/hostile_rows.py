"""The rows of MEDIA.md as generated cases: one function a row, each with its variants.

A case writes one file and says what must come of it: the error code, or the verdict's reason, or
that it is heard. Files are small; each is made when its test runs.
"""

from tests.hostile import rows_of_containers, rows_of_sound, rows_of_streams, rows_of_texts
from tests.hostile.hostile_case import Case


def cases() -> list[Case]:
    """Return the cases of all rows."""
    rows = (
        rows_of_texts.playlists,
        rows_of_texts.manifests,
        rows_of_texts.documents_and_archives,
        rows_of_texts.odd_names,
        rows_of_texts.nothing_in_it,
        rows_of_containers.cut_short,
        rows_of_containers.wrong_extensions,
        rows_of_containers.headers_that_lie,
        rows_of_sound.values_that_are_no_numbers,
        rows_of_sound.rates_and_depths,
        rows_of_sound.channels,
        rows_of_containers.changes_on_the_way,
        rows_of_streams.odd_streams,
        rows_of_sound.no_speech,
        rows_of_streams.heavy_metadata,
        rows_of_streams.bombs,
    )
    return [case for row in rows for case in row()]
