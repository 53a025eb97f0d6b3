"""Numbers with nouns, in what operators read."""


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as "1 post" or "2,000 posts".

    Args:
        number: how many there are.
        noun: what they are, in the singular; the plural ends in "s".
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
