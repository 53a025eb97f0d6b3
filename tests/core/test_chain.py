"""The chain of the moderation log, of random entries: deletions keep it whole, and nothing else."""

import copy
import random
from typing import Any

import pytest

from blog.core.crypto.chain import (
    GENESIS,
    BrokenChainError,
    ChainCheck,
    commitment,
    hash_of,
    new_salt,
)

LETTERS = 'abcXYZ 019"\\/\n\u2028éß漢\U0001f600'
FACTS = ("moderator", "person", "about", "reason")


def some_text(chance: random.Random) -> str:
    return "".join(chance.choices(LETTERS, k=chance.randrange(12)))


def some_log(chance: random.Random) -> list[dict[str, Any]]:
    """The records of a log, with all openings."""
    records: list[dict[str, Any]] = []
    for number in range(1, chance.randint(3, 9)):
        known = {fact: (new_salt(), some_text(chance)) for fact in FACTS if chance.random() < 0.8}
        entry = {
            "number": number,
            "previous": records[-1]["hash"] if records else GENESIS,
            "act": some_text(chance),
            "rule": chance.choice([None, {"number": 1, "text": some_text(chance)}]),
            "commitments": {fact: commitment(*each) for fact, each in known.items()},
        }
        openings = {
            fact: {"salt": salt.hex(), "value": value} for fact, (salt, value) in known.items()
        }
        records.append({"entry": entry, "hash": hash_of(entry), "openings": openings})
    return records


def checked(records: list[dict[str, Any]]) -> tuple[int, str]:
    check = ChainCheck()
    for record in records:
        check.add(record)
    return check.number, check.head


def forge(chance: random.Random, records: list[dict[str, Any]], at: int) -> None:
    """Change something of an entry that isn't the last, even with a hash that matches it."""
    record, other = records[at], records[at + 1]
    entry = record["entry"]
    match chance.randrange(6):
        case 0:
            entry[chance.choice(["act", "rule", "commitments"])] = "another"
        case 1:
            entry["act"] += "."
            record["hash"] = hash_of(entry)
        case 2:
            del records[at]
        case 3:
            records[at], records[at + 1] = other, record
        case 4:
            records.insert(at, copy.deepcopy(record))
        case _:
            record["openings"]["reason"] = {"salt": "00" * 32, "value": "another"}


@pytest.mark.parametrize("seed", range(60))
def test_any_deletion_keeps_a_chain_and_any_forgery_breaks_it_where_it_is(seed: int) -> None:
    chance = random.Random(seed)
    records = some_log(chance)
    whole = checked(records)
    assert whole == (len(records), records[-1]["hash"])
    for record in records:
        for fact in [*record["openings"]]:
            if chance.random() < 0.5:
                del record["openings"][fact]
                assert checked(records) == whole
    at = chance.randrange(len(records) - 1)
    forge(chance, records, at)
    with pytest.raises(BrokenChainError) as found:
        checked(records)
    assert found.value.number in {at + 1, at + 2}
