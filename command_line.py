"""The entry of the command `blog`.

It sees to signals and standard streams before it loads the rest, which takes a second or two.
"""

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line."""
    open_standard_streams()
    is_interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_interruptible:
        # There is nothing to put in order yet, and a traceback of imports tells nobody anything.
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    from blog.cli import main as run  # noqa: PLC0415 (see above)

    if is_interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        # With `nohup` it is ignored, and stays so.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _as_ctrl_c)
    run()


def _as_ctrl_c(_number: int, _frame: FrameType | None) -> None:
    """End as by Ctrl-C: whoever holds an embedded server lets go of it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def open_standard_streams() -> None:
    """Put `/dev/null` in the place of standard streams that are closed.

    Otherwise the next file or socket gets the stream's number, and what somebody prints. Python has
    `None` for them, at which much fails.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 (it stays open)
