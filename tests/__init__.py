"""The tests mirror `blog/`: a folder per feature, plus tests in real browsers and with real
processes."""

import os
import sys

# A run starts hundreds of processes. Without bytecode each compiles all that it imports, which
# takes as long again; so it is written, whatever the environment says.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
