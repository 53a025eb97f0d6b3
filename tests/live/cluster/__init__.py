"""The cluster of `deploy/cluster/`, as real processes on this machine.

`make cluster` runs it (`benchmarks/cluster.py`), `tests/live/test_cluster.py` drills it for a
minute. Each program has a folder of its own, which is its working folder, so that all processes of
a program are found by theirs.
"""
