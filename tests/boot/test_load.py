"""Under load: thousands of processes, a fork bomb, endless fork and exec, no memory left."""
import os
import re

import pytest

import machine


@pytest.fixture(scope="session")
def load_initramfs():
    """The small one and the load programs; tests/run_boot builds it."""
    return os.path.join(machine.BUILD, "tests", "load.cpio.gz")


def run_load(start, load_initramfs, words, **wanted):
    running = start(initramfs=load_initramfs, limit=wanted.pop("limit", 200),
                    cmdline=f"console=ttyS0 quiet run=/tests/load words={words.replace(' ', ',')}", **wanted)
    text = running.output()
    assert "load: failed" not in text, re.findall(r"load: .*", text)
    assert re.search(r"^load: ok$", text, re.M), text[-1500:]
    return text


def test_live_processes(start, load_initramfs):
    text = run_load(start, load_initramfs, "load_processes 4000", cpus=2, memory=1024)
    assert "load: 4000 processes" in text


def test_fork_bomb(start, load_initramfs):
    run_load(start, load_initramfs, "load_bomb 200 5", cpus=4, memory=256)


def test_fork_exec_exit(start, load_initramfs):
    run_load(start, load_initramfs, "load_churn 20000 /tests/user/exec_helper status 0", cpus=2, memory=256,
             limit=400)


def test_out_of_memory(start, load_initramfs):
    run_load(start, load_initramfs, "load_memory 3", cpus=2, memory=256)


def test_threads(start, load_initramfs):
    text = run_load(start, load_initramfs, "load_threads 1000 5", cpus=2, memory=512)
    assert "load: 1000 threads" in text


def test_ipc_leaves_nothing(start, load_initramfs):
    """Cycles of sockets in flight, queues, semaphores and segments: free pages and open files are as before."""
    run_load(start, load_initramfs, "load_ipc 200", cpus=2, memory=256)


@pytest.mark.soak
@pytest.mark.parametrize("cpus", (1, 2, 8))
def test_threads_for_a_minute(start, load_initramfs, cpus):
    run_load(start, load_initramfs, "load_threads 1000 60", cpus=cpus, memory=512, limit=900)


@pytest.mark.soak
@pytest.mark.parametrize("cpus", (1, 4, 8))
def test_long_load(start, load_initramfs, cpus):
    run_load(start, load_initramfs, "load_memory 16", cpus=cpus, memory=128, limit=600)
    run_load(start, load_initramfs, "load_bomb 500 60", cpus=cpus, memory=512, limit=600)
    run_load(start, load_initramfs, "load_churn 100000 /bin/true", cpus=cpus, memory=256, limit=1800)
