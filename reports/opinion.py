"""What an examiner may say of a machine's finding."""

from enum import StrEnum


class Opinion(StrEnum):
    """An examiner's answer; the reasons stand beside it in the examiner's own words."""

    AGREE = "agree"
    DISAGREE = "disagree"
    INCONCLUSIVE = "inconclusive"
