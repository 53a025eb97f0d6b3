"""One-time codes, by the test vectors of their standard."""

import pytest

from blog.core.crypto.one_time_codes import STEP_SECONDS, app_url, code_of, find_step

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(moment: int, code: str) -> None:
    step = moment // STEP_SECONDS
    assert code_of(SECRET, step) == code
    assert find_step(SECRET, code, moment) == step


@pytest.mark.parametrize(
    ("later", "is_valid"), [(-60, False), (-30, True), (30, True), (60, False)]
)
def test_a_code_is_valid_for_its_step_and_its_neighbours(later: int, is_valid: bool) -> None:
    moment = 1_111_111_111
    code = code_of(SECRET, moment // STEP_SECONDS)
    assert (find_step(SECRET, code, moment + later) is not None) is is_valid


@pytest.mark.parametrize("code", ["", "28708", "2870820", "２８７０８２", "28708x"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert find_step(SECRET, code, 59) is None


def test_the_address_for_apps_names_the_site_and_the_account() -> None:
    assert app_url(SECRET, site_name="Ours: & theirs", username="susan") == (
        "otpauth://totp/Ours%20%20%26%20theirs:susan"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ours%3A%20%26%20theirs"
    )
