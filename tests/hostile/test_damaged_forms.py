"""Real files of every container come to harm: each is heard as far as it goes, or has its error."""

from pathlib import Path

import pytest

from tests.hostile.conftest import Walk, Walker
from tests.hostile.damaged_forms import DAMAGES, FORM_S, FORMS, Form, make_form

NO_SOUND = {"media_corrupt", "sample_rate_out_of_bounds", "channels_out_of_bounds"}
LOST_S = 1.5  # from here on a loss has to be told where the file knows its own length
TELLS_OF_LOSS = {"incomplete", "decode_errors", "duration_estimated"}
HEADER_LOST = {"junk_before", "without_first_half"}
KEEPS_ALL = {"junk_after", "twice"}


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the bytes of a whole file of each form."""
    folder = tmp_path_factory.mktemp("forms")
    return {form.name: make_form(form, folder) for form in FORMS.values()}


@pytest.mark.parametrize("name", FORMS)
def test_a_whole_file_is_heard_whole_and_nothing_is_remarked(
    name: str, forms: dict[str, bytes], walk: Walker, tmp_path: Path
) -> None:
    walked = walk(_written(tmp_path / name, forms[name]))
    assert walked.heard_s == pytest.approx(FORM_S, abs=0.15)
    assert walked.voiced_s > 0.9 * FORM_S
    assert walked.notes <= {"duration_estimated", "low_bit_rate"}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FORMS)
def test_a_damaged_file_is_heard_as_far_as_it_goes_or_has_its_error(
    name: str, damage: str, forms: dict[str, bytes], walk: Walker, tmp_path: Path
) -> None:
    form = FORMS[name]
    walked = walk(_written(tmp_path / name, DAMAGES[damage](forms[name])))
    if damage == "stub":
        assert walked.outcome in NO_SOUND
    elif damage in KEEPS_ALL or (damage in HEADER_LOST and form.is_stream):
        least_s = FORM_S / 2 if damage == "without_first_half" else FORM_S
        assert walked.heard_s > least_s - 0.15
    elif damage in HEADER_LOST:
        assert walked.outcome in NO_SOUND
    elif damage == "half" and form.index_last:
        assert walked.outcome in NO_SOUND
        assert walked.report.failure is not None
        assert "index" in walked.report.failure.message
    else:
        _assert_heard_or_named(walked, form, damage)


def _assert_heard_or_named(walked: Walk, form: Form, damage: str) -> None:
    """Assert that what is missing is told; a file that only lost its end is heard."""
    if walked.report.failure is not None:
        assert walked.outcome in NO_SOUND
        assert damage != "half"
        return
    assert walked.heard_s > 0
    assert damage != "half" or 0.9 < walked.heard_s < FORM_S / 2 + 0.2
    if form.declares_s and walked.heard_s < FORM_S - LOST_S:
        assert walked.notes & TELLS_OF_LOSS
        assert damage != "half" or walked.notes & {"incomplete", "decode_errors"}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
