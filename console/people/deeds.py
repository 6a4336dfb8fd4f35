"""What is written down of people and keys; the words are in the pages' files, by `deed.<value>`."""

from enum import StrEnum


class Deed(StrEnum):
    """Something that somebody did or saw."""

    SESSION_START = "session.start"
    SESSION_REFUSED = "session.refused"
    SESSION_END = "session.end"
    SESSION_END_ALL = "session.end_all"
    PERSON_SIGN_UP = "person.sign_up"
    PASSWORD_CHANGE = "password.change"  # noqa: S105 (a deed)
    PASSWORD_RESET = "password.reset"  # noqa: S105 (a deed)
    SECOND_FACTOR_SET = "second_factor.set"
    SECOND_FACTOR_REMOVE = "second_factor.remove"
    MEMBER_INVITE = "member.invite"
    MEMBER_JOIN = "member.join"
    MEMBER_ROLE = "member.role"
    MEMBER_REMOVE = "member.remove"
    KEY_MAKE = "key.make"
    KEY_REVOKE = "key.revoke"
    PREDICT_FILE = "predict.file"
    PREDICT_LINK = "predict.link"
    JOB_SUBMIT = "job.submit"
    JOB_CANCEL = "job.cancel"
    JOB_PAUSE = "job.pause"
    JOB_RESUME = "job.resume"
    JOB_RETRY = "job.retry"
    UPLOAD_ADD = "upload.add"
    UPLOAD_REMOVE = "upload.remove"
    REPORT_READ = "report.read"
    SWEEP_ADD = "sweep.add"
    SWEEP_PAUSE = "sweep.pause"
    SWEEP_RESUME = "sweep.resume"
    SWEEP_RUN = "sweep.run"
    SWEEP_REMOVE = "sweep.remove"
    SUBSCRIPTION_ADD = "subscription.add"
    SUBSCRIPTION_REMOVE = "subscription.remove"
    NOTICE_REPLAY = "notice.replay"
    QUOTA_SET = "quota.set"
