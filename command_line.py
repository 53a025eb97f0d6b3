"""The entry point of the command `blog`.

It sets up signals and standard streams before importing the rest, which takes a second or two.
"""

import gc
import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line."""
    open_standard_streams()
    is_interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_interruptible:
        # There is nothing to clean up yet, and a traceback of imports would not help.
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    gc.disable()  # It would scan all modules again and again while they are imported.
    from blog.cli import main as run  # noqa: PLC0415 (see above)

    gc.freeze()
    gc.enable()
    if is_interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        # Under `nohup` the signal is ignored, and must stay so.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)
    run()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Exit as on Ctrl-C, which releases an embedded server."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def open_standard_streams() -> None:
    """Replace closed standard streams with `/dev/null`.

    Otherwise the next file or socket would get the stream's descriptor, and receive printed text.
    Python sets closed streams to `None`, which much code cannot handle.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # This is the lowest free descriptor.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 (it stays open)
