"""Where a redirect leads to."""

import pytest

from blog.models import User
from tests.support import PASSWORD, Browser


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("/user//susan?page=2&x=%C3%A9", "https://blog.test/user/susan?page=2&x=%C3%A9"),
        ("/user//%C3%A9?x=a+b", "https://blog.test/user/%C3%A9?x=a+b"),
        ("/user/SUSAN?page=2&_external=1&_scheme=x", "/user/susan?page=2&_external=1&_scheme=x"),
        ("/user/SUSAN", "/user/susan"),
        ("/api/v1/posts?page=2&per_page=1", "https://blog.test/api/v1/posts/?page=2&per_page=1"),
        ("/static//css/base.css?x=1", "https://blog.test/static/css/base.css?x=1"),
        ("/auth/sessions?x=1", "/auth/login?next=/auth/sessions?x%3D1"),
    ],
)
async def test_the_query_goes_along(
    browser: Browser, susan: User, address: str, location: str
) -> None:
    answer = await browser.get(address)
    assert answer.status_code in {302, 308}
    assert answer.headers["location"] == location


async def test_an_address_is_sent_in_ascii(browser: Browser, susan: User) -> None:
    data = {"email": susan.email, "password": PASSWORD}
    answer = await browser.submit("/auth/login?next=/user/%C3%A9t%C3%A9%3Fq=%E2%82%AC", data)
    (location,) = (value for name, value in answer.headers.raw if name == b"location")
    assert location == b"/user/%C3%A9t%C3%A9?q=%E2%82%AC"
