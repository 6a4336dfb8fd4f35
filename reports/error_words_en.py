"""What each error code means and what to do about it, in English.

One table for the reports, the console and docs/error-codes.md; a test walks the code base for codes.
Codes of listing and fetching are in `error_words_en_sources.py`; the meanings in other languages in
`error_words_de.py` and its like.
"""

import sys
from collections.abc import Mapping
from typing import Final

from reports.error_words import ErrorWords
from reports.error_words_en_sources import SOURCE_ERRORS
from reports.error_words_en_sweeps import SWEEP_ERRORS

_PAGE_HEAD: Final = """# Error codes

Every item that could not be analysed has a report with one of these codes and a message that says more.
This page is generated: `python -m reports.error_words_en > docs/error-codes.md`.

| code | meaning | what to do |
|---|---|---|
"""

_OTHER_ERRORS: Final[Mapping[str, ErrorWords]] = {
    "account_not_found": ErrorWords(
        "There is no account of this name.",
        "Name an account that exists, or make it first.",
    ),
    "actor_not_started": ErrorWords(
        "A part of the fleet did not start.",
        "Read the worker's log; check memory and settings, then start it again.",
    ),
    "cancelled": ErrorWords(
        "The job was cancelled before the item was analysed.",
        "Submit it again if it is wanted after all.",
    ),
    "channels_out_of_bounds": ErrorWords(
        "The file declares a number of channels that is not analysed.",
        "Export the file anew with at most 32 channels: its header is probably damaged.",
    ),
    "config_invalid": ErrorWords(
        "A setting is missing or wrong.",
        "Set what the message names (docs/settings.md) and start again.",
    ),
    "database_failed": ErrorWords(
        "The database did not answer.",
        "Nothing at first: it is tried again by itself. Check VERITY_DATABASE_URL if it stays.",
    ),
    "decode_stalled": ErrorWords(
        "Decoding came to a halt and was ended.",
        "Export the file anew, for example as WAV or FLAC, and submit it again.",
    ),
    "disk_full": ErrorWords(
        "There was no room left on the disk.",
        "Make room on the disk that the message names; it is tried again by itself.",
    ),
    "embedded_database": ErrorWords(
        "The database that comes with the program cannot be used.",
        "Follow the message, or set VERITY_DATABASE_URL.",
    ),
    "error": ErrorWords(
        "Something went wrong that has no name yet.",
        "Report it with the worker's log.",
    ),
    "font_missing": ErrorWords(
        "The font that a report's language needs is not installed.",
        "Install the package that the message names, or choose another language.",
    ),
    "heartbeat_not_started": ErrorWords(
        "The worker's heartbeat process did not start.",
        "Read the worker's log and start it again.",
    ),
    "input_invalid": ErrorWords(
        "The input cannot be used as it is.",
        "Read the message beside the code, change the input and submit it again.",
    ),
    "internal_error": ErrorWords(
        "An unexpected error ended the analysis: the program's mistake, not the item's.",
        "Report it with the worker's log.",
    ),
    "item_not_found": ErrorWords(
        "There is no such item.",
        "Take the number from `verity show JOB`.",
    ),
    "item_running": ErrorWords(
        "The item is still being worked on.",
        "Wait for its end, or cancel its job; then delete it.",
    ),
    "job_cancelled": ErrorWords(
        "The job was cancelled.",
        "Submit a new job.",
    ),
    "job_not_found": ErrorWords(
        "There is no such job.",
        "Check the job's number.",
    ),
    "job_over": ErrorWords(
        "The job has ended.",
        "Submit a new job.",
    ),
    "key_not_found": ErrorWords(
        "There is no such key.", "Look at the account's keys: the page Keys, or GET /v1/keys."
    ),
    "language_unknown": ErrorWords(
        "Reports are not written in the language that was asked for.",
        "Choose one of the languages that the message names.",
    ),
    "limit_exceeded": ErrorWords(
        "The item is over a limit of size, length or number.",
        "Split the recording, or raise the limit that the message names.",
    ),
    "media_corrupt": ErrorWords(
        "The file is damaged: no sound could be decoded from it.",
        "Fetch or export the file again; a copy that plays can be analysed.",
    ),
    "media_empty": ErrorWords(
        "The file is empty.",
        "Fetch or export the file again.",
    ),
    "media_is_archive": ErrorWords(
        "The file is an archive, not a recording.",
        "Unpack it and submit the recordings that it holds.",
    ),
    "media_is_playlist": ErrorWords(
        "The file is a playlist, not a recording.",
        "Submit the playlist's address as a source.",
    ),
    "media_is_text": ErrorWords(
        "The file is a text, not a recording.",
        "Submit the recording itself, or the page's address as a source.",
    ),
    "media_not_kept": ErrorWords(
        "The medium of the item is not kept.",
        "Submit the source again with media kept (keep_media_days), or look at it where it came from.",
    ),
    "media_unsupported": ErrorWords(
        "The file is of a kind that is not analysed.",
        "Submit an audio or video recording.",
    ),
    "memory_short": ErrorWords(
        "The machine was short of memory.",
        "Nothing at first: it is tried again. Give the worker more memory if it stays.",
    ),
    "model_error": ErrorWords(
        "A model file is wrong.",
        "Install the models again and retry the item.",
    ),
    "model_mismatch": ErrorWords(
        "The model file does not agree with its card or checksum.",
        "Fetch the model file again: it was changed or cut off.",
    ),
    "model_not_found": ErrorWords(
        "The detection model was not found.",
        "Name a model that is installed, or install again.",
    ),
    "not_readable": ErrorWords(
        "The file may not be read.",
        "Give the worker's account the right to read it, or check the disk.",
    ),
    "not_reviewable": ErrorWords(
        "The report cannot be reviewed as it is.",
        "Review the newest version, whole and signed, and give a text.",
    ),
    "object_corrupt": ErrorWords(
        "A stored object is damaged: its bytes do not fit its checksum.",
        "Restore the object from a backup, or analyse the item again.",
    ),
    "object_missing": ErrorWords(
        "A stored object is gone.",
        "Restore the object from a backup, or analyse the item again.",
    ),
    "object_store_failed": ErrorWords(
        "The object store did not answer.",
        "Nothing at first: it is tried again by itself. Check VERITY_OBJECTS if it stays.",
    ),
    "object_store_refuses": ErrorWords(
        "The object store refuses the program's own key or bucket.",
        "Check VERITY_OBJECTS and its credentials; it is tried again by itself.",
    ),
    "object_swept": ErrorWords(
        "A file of the report was cleared away before it was recorded.",
        "Nothing: it is tried again by itself.",
    ),
    "outage": ErrorWords(
        "A service that is needed did not answer.",
        "Nothing: it is tried again by itself.",
    ),
    "quota_used_up": ErrorWords(
        "A quota of the account, or of its key, is used up.",
        "Wait until it begins anew, then retry the failed items; or ask for a larger one.",
    ),
    "ray_lost": ErrorWords(
        "The cluster on this machine has died.",
        "Start the worker again; its items are taken over.",
    ),
    "report_unreadable": ErrorWords(
        "The file is not a report that can be read.",
        "Name a report's JSON, or a PDF that carries it.",
    ),
    "revocation_unreadable": ErrorWords(
        "A revocation of keys cannot be read.",
        "Put the file back as verity keys revoke wrote it.",
    ),
    "sample_rate_out_of_bounds": ErrorWords(
        "The file declares a sample rate that is not analysed.",
        "Export the file anew with 4 to 384 kHz: its header is probably damaged.",
    ),
    "score_not_finite": ErrorWords(
        "The model gave a score that is not a number.",
        "Report it with the SHA-256 of the file and of the model.",
    ),
    "signing_hardware_away": ErrorWords(
        "The hardware with the key that signs reports does not sign at the moment.",
        "Plug it in, and check VERITY_SIGNING_PIN; the item waits.",
    ),
    "signing_hardware_unusable": ErrorWords(
        "The hardware with the key that signs reports cannot be used.",
        "Check its module, label and key as verity keys import named them, and VERITY_SIGNING_PIN.",
    ),
    "signing_key_missing": ErrorWords(
        "The key that signs reports is not where it was.",
        "Put it back, or make another one with verity keys create.",
    ),
    "signing_key_revoked": ErrorWords(
        "The key that signs reports is revoked.",
        "Make another one with verity keys rotate, or import one; start the fleet anew.",
    ),
    "signing_key_unusable": ErrorWords(
        "The key cannot sign reports.",
        "Give an ECDSA P-256 key and its certificate, as PEM or in a token.",
    ),
    "stale_claim": ErrorWords(
        "A newer attempt took the item over.",
        "Nothing: the newer attempt writes the report.",
    ),
    "stalled": ErrorWords(
        "The analysis made no progress and was ended.",
        "Nothing at first: it is tried again. Export the file anew if it stays.",
    ),
    "stamp_failed": ErrorWords(
        "A time stamp authority gave no time stamp.",
        "Stamp the report later (verity stamp); check VERITY_STAMP_AUTHORITIES if it stays.",
    ),
    "stopped": ErrorWords(
        "Nobody waits for this item any more.",
        "Submit it again if it is wanted after all.",
    ),
    "too_long": ErrorWords(
        "The recording is longer than is analysed.",
        "Split the recording, or raise max_duration_s.",
    ),
    "worker_crashed": ErrorWords(
        "The process that worked on the item died.",
        "Nothing at first: it is tried again. Export the file anew if it stays, and report it.",
    ),
    "worker_lost": ErrorWords(
        "The worker that analysed the item was lost.",
        "Nothing at first: another worker takes the item. Check the machine's memory if it stays.",
    ),
}

ERRORS: Final[Mapping[str, ErrorWords]] = dict(
    sorted({**SOURCE_ERRORS, **SWEEP_ERRORS, **_OTHER_ERRORS}.items())
)


def error_codes_page() -> str:
    """Return docs/error-codes.md."""
    rows = (f"| `{code}` | {words.meaning} | {words.advice} |\n" for code, words in ERRORS.items())
    return _PAGE_HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(error_codes_page())
