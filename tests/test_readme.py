"""What the README says is true."""

import re
from pathlib import Path

from settings import Settings

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_table_has_every_setting_and_no_other() -> None:
    table = README.split("| Setting |")[1].split("\n\n")[0]
    names = [
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])
    ]
    assert sorted(names) == sorted(field.upper() for field in Settings.model_fields)
