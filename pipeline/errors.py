"""The whole error tree: every error that this project raises on purpose.

VerityError                    code, retryable; the docstring is the default message
├─ InputError                  the sender must change something          not retried
│  ├─ SourceNotFoundError      ├─ MediaUnsupportedError   ├─ MediaCorruptError
│  └─ LimitExceededError       (no speech, music, too short are verdicts, not errors)
├─ AccessError                 key missing, wrong, or out of quota        not retried
├─ OutageError                 someone else's service                     retried with backoff
│  ├─ FetchFailedError  ├─ ObjectStoreError  ├─ DatabaseError  └─ WorkerLostError
├─ ModelError                  our artefact is wrong                      not retried, alarms
│  ├─ ModelNotFoundError  ├─ ModelMismatchError  └─ NonFiniteScoreError
├─ StaleClaimError             a newer attempt owns the item              dropped
└─ ConfigError                 settings                                   the process does not start

Constructors take positional arguments and pass all of them on, so that an error survives the trip
between processes (pickle rebuilds it from `args`).
"""

from typing import ClassVar


class VerityError(Exception):
    """Something went wrong."""

    default_code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str = "", code: str = "", retry_after_s: float | None = None
    ) -> None:
        """Keep what a person and a program need.

        Args:
            message: what happened, to which item, what to do; no secret and no local path.
            code: a finer code than the class has, such as `video_private`.
            retry_after_s: the service said when to come back.
        """
        super().__init__(message, code, retry_after_s)
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.code = code or type(self).default_code
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        """Return the message alone."""
        return self.message


class InputError(VerityError):
    """The input cannot be used as it is."""

    default_code = "input_invalid"


class SourceNotFoundError(InputError):
    """The source does not exist or is empty."""

    default_code = "source_not_found"


class MediaUnsupportedError(InputError):
    """The file is of a kind that is not analysed."""

    default_code = "media_unsupported"


class MediaCorruptError(InputError):
    """The file is damaged: no sound could be decoded from it."""

    default_code = "media_corrupt"


class LimitExceededError(InputError):
    """The item is over a limit of size, length or number."""

    default_code = "limit_exceeded"


class AccessError(VerityError):
    """The service refused: a key is missing, wrong, or out of quota."""

    default_code = "access_denied"


class OutageError(VerityError):
    """A service that is needed did not answer."""

    default_code = "outage"
    retryable = True


class FetchFailedError(OutageError):
    """The item could not be fetched this time."""

    default_code = "fetch_failed"


class ObjectStoreError(OutageError):
    """The object store did not answer."""

    default_code = "object_store_failed"


class DatabaseError(OutageError):
    """The database did not answer."""

    default_code = "database_failed"


class SigningError(OutageError):
    """The hardware with the key that signs does not answer."""

    default_code = "signing_hardware_away"


class WorkerLostError(OutageError):
    """The worker that held the item died."""

    default_code = "worker_lost"


class ModelError(VerityError):
    """A model file of ours is wrong."""

    default_code = "model_error"


class ModelNotFoundError(ModelError):
    """There is no model of this name."""

    default_code = "model_not_found"


class ModelMismatchError(ModelError):
    """The model file and its card or checksum disagree."""

    default_code = "model_mismatch"


class NonFiniteScoreError(ModelError):
    """The model gave a score that is not a number."""

    default_code = "score_not_finite"


class StaleClaimError(VerityError):
    """A newer attempt owns the item; this one changes nothing."""

    default_code = "stale_claim"


class ConfigError(VerityError):
    """A setting is missing or wrong."""

    default_code = "config_invalid"
