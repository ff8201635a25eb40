"""What the boot tests share: which kernel, which initramfs, where the logs go.

Environment: O (build folder), BOOT_KERNEL (cloudos, or linux to show that the tests themselves hold),
TEST_TIME_FACTOR, SHARD (i/n: only every n-th test, so that two can run side by side).
"""
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: long runs, only with SOAK=1")


def pytest_collection_modifyitems(config, items):
    shard, _, count = os.environ.get("SHARD", "0/1").partition("/")
    keep = []
    for item in items:
        if item.get_closest_marker("soak") and not os.environ.get("SOAK"):
            continue
        keep.append(item)
    keep = [item for number, item in enumerate(keep) if number % int(count) == int(shard)]
    config.hook.pytest_deselected(items=[item for item in items if item not in keep])
    items[:] = keep


@pytest.fixture(scope="session")
def kernel():
    name = os.environ.get("BOOT_KERNEL", "cloudos")
    if not os.path.exists(machine.kernel_path(name)):
        pytest.fail(f"no kernel at {machine.kernel_path(name)}", pytrace=False)
    return name


@pytest.fixture(scope="session")
def initramfs():
    """The small one: busybox, the overlay, tests/boot/root and the program "proof"."""
    path = os.environ.get("BOOT_INITRAMFS", os.path.join(machine.BUILD, "tests", "boot.cpio.gz"))
    if not os.path.exists(path):
        pytest.fail(f"no initramfs at {path}: tests/run_boot builds it", pytrace=False)
    return path


@pytest.fixture
def start(request, kernel, initramfs):
    """Starts machines that end with the test; the log of each stays in O/tests/logs."""
    machines = []

    def begin(kind=machine.Machine, **wanted):
        folder = os.path.join(machine.BUILD, "tests", "logs")
        os.makedirs(folder, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name).strip("-")
        log = os.path.join(folder, f"{kernel}-{name}-{len(machines)}.log")
        wanted.setdefault("kernel", kernel)
        wanted.setdefault("initramfs", initramfs)
        machines.append(kind(log=log, **wanted))
        return machines[-1]

    yield begin
    for running in machines:
        running.close()


@pytest.fixture
def shell(start):
    """A machine at its first prompt."""
    running = start(cpus=2, memory=256, cmdline="console=ttyS0 quiet")
    running.prompt(90)
    # The line has no size of its own: the shell would ask the terminal, us, at each prompt.
    running.command("stty rows 24 cols 80")
    return running
