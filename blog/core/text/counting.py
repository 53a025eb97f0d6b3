"""Numbers with nouns, in messages for operators."""


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as "1 post" or "2,000 posts".

    Args:
        number: the number.
        noun: the noun in the singular; its plural ends in "s".
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
