"""Work for the processes of `test_process_pool.py`."""

import os
import re
import signal
import time
from contextlib import suppress


class UnsuitableError(ValueError):
    """The work that was given is not suitable."""


def length_of(text: str) -> int:
    """Returns at once."""
    return len(text)


def process_id() -> int:
    """Which process does this."""
    return os.getpid()


def doubled(text: str) -> str:
    """Prints, too, which must not get between the answers."""
    print(ascii(text))  # noqa: T201 (it is what is tested)
    return text * 2


def backtrack(letters: int) -> bool:
    """A regular expression that never ends: Python gives no signal to its handlers meanwhile."""
    return bool(re.fullmatch(r"(a+)+", "a" * letters + "!"))


def refuse(text: str) -> None:
    """Raises an error with a text."""
    raise UnsuitableError(text)


def end(number: int) -> None:
    """Ends the process, as the kernel does where there is no memory left."""
    os.kill(os.getpid(), number)


def stop() -> None:
    """Stops the process without using processor time."""
    os.kill(os.getpid(), signal.SIGSTOP)


def talk_nonsense() -> None:
    """Sends an answer of four bytes that is not JSON, by whichever pipe answers go."""
    for number in range(3, 16):
        with suppress(OSError):
            os.write(number, b"\0\0\0\4oops")


def wait(seconds: float) -> None:
    """Takes time, but not the processor's."""
    time.sleep(seconds)
