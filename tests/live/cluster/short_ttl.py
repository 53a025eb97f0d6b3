"""Patroni with a shorter `ttl` than the 20 s that version 4 raises it to, for the drills.

python short_ttl.py patroni.yml
"""

from typing import Any

from patroni.__main__ import main
from patroni.config import Config

LOWEST = 10
_adjusted = Config._Config__get_and_maybe_adjust_int_value  # type: ignore[attr-defined]


def adjusted(self: Config, config: dict[str, Any], name: str, lowest: int) -> int:
    """Patroni's own check, with another limit for `ttl`."""
    return int(_adjusted(self, config, name, LOWEST if name == "ttl" else lowest))


Config._Config__get_and_maybe_adjust_int_value = adjusted  # type: ignore[attr-defined]

# Patroni starts PostgreSQL from a process that imports this file.
if __name__ == "__main__":
    main()
