"""`blog routes`."""

import re

from tests.cli.conftest import Command


async def test_each_address_is_a_line_that_says_what_is_there(blog: Command) -> None:
    code, output = await blog("routes")
    assert code == 0
    rows = [re.split("  +", line, maxsplit=3) for line in output.splitlines()]
    assert all(len(row) == 4 for row in rows), "each view has a docstring"
    assert [rule for _, rule, _, _ in rows] == sorted(rule for _, rule, _, _ in rows)
    purpose = "Publish a post, or show a preview."
    assert ["POST", "/", "site.publish", purpose] in rows
