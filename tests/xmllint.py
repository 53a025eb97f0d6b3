"""Validation of XML by xmllint, a program of libxml2."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def xmllint(document: bytes, kind: str, schema: Path) -> None:
    """Assert that a document is as its schema says. Without xmllint the test is skipped, but not
    under `CI=true`.

    Args:
        kind: `--relaxng` or `--schema`.
    """
    if shutil.which("xmllint") is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("this test needs xmllint: apt install libxml2-utils")
    command = ["xmllint", "--noout", "--nonet", kind, str(schema), "-"]
    checked = subprocess.run(command, input=document, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr.decode()
