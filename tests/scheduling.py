"""Which process runs which file of tests, also after one of them has died.

xdist 3.8 gives the process that replaces a dead one the files that are done, and waits for them for
ever; and it begins the test again that the other died of.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class FileScheduling(LoadFileScheduling):
    """`--dist loadfile` in which a run goes on to its end without the process that died."""

    def remove_node(self, node: WorkerController) -> str | None:
        """Take back what a process has not done; the test that it died of, if it died."""
        files = self.assigned_work.pop(node)
        crashed: str | None = None
        for file, tests in files.items():
            left = {test: False for test, is_done in tests.items() if not is_done}
            if crashed is None and left:
                crashed = next(iter(left))
                del left[crashed]
            if left:
                self.workqueue[file] = left
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed

    def schedule(self) -> None:
        """Give each process its files, at least two: it begins a test when it knows the next."""
        super().schedule()
        for node in self.nodes:
            self._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling:
    """Replace the scheduler of `--dist loadfile`."""
    return FileScheduling(config, log)
