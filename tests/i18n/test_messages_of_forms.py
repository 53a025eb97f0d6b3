"""What is wrong with a form is said in the language of its page, and to programs in English."""

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.api.support import Client, add_token
from tests.support import Browser

OF_PYDANTIC = "Input should be"


@pytest.mark.parametrize(
    ("path", "field", "value", "message"),
    [
        ("/write", "cover", "nine", "This isn&#39;t a valid value."),
        ("/moderate/people/{susan}", "until", "soon", "Please enter a date."),
        ("/admin/settings", "registration", "ajar", "This isn&#39;t a valid value."),
    ],
)
async def test_no_form_shows_a_message_of_pydantic(
    site_in_three: Broadside, roots_browser: Browser, susan: User, path: str, field: str,
    value: str, message: str,
) -> None:  # fmt: skip
    roots_browser.headers["Accept-Language"] = "de"
    answer = await roots_browser.submit(path.format(susan=susan.id), {field: value})
    assert answer.status_code == 422, answer.text
    assert OF_PYDANTIC not in answer.text
    assert f"[de] {message}" in answer.text


async def test_programs_are_told_by_pydantic_in_english(
    site_in_three: Broadside, susan: User
) -> None:
    async with Client(site_in_three, token=await add_token(site_in_three, susan)) as client:
        answer = await client.post(
            "/posts/", json={"body": "Hello", "status": "soon"}, headers={"Accept-Language": "de"}
        )
    assert answer.status_code == 422
    assert OF_PYDANTIC in answer.text
