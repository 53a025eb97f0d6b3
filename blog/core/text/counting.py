"""Numbers with nouns, and names in a row."""

from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as "1 post" or "2,000 posts".

    Args:
        number: how many there are.
        noun: what they are, in the singular; the plural ends in "s".
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Names, of which there is at least one, such as "Ann, Ben and Cleo"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
