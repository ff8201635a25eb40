"""Tests inside the booted kernel (tests/kernel), in the debug build and the sanitizer build, on few and many CPUs.

Each detector first shows that it bites: the planted bug must end in the report that belongs to it.
"""
import os
import re

import pytest

import machine

DEBUG = os.path.join(machine.BUILD, "cloudos-debug.elf")
SANITIZE = os.path.join(machine.BUILD, "cloudos-sanitize.elf")
# What a planted bug must make the kernel say.
PLANTED = {
    "plant_order": "planted_second and planted_first are taken in both orders",
    "plant_recursion": "is taken while another of its class is held",
    "plant_sleep": "sleep while atomic",
    "plant_sleep_rcu": "sleep while atomic",
    "plant_interrupt": "planted_first is not safe against interrupts",
    "plant_inversion": "planted_second is not safe against interrupts",
    "plant_release": "planted_first is released but not held",
    "plant_code_pointer": "code pointer .* was overwritten",
    "plant_null": "kernel page fault at 10: write",
    "plant_stack": "kernel stack overflow",
    "plant_smashed_frame": "stack frame of smash was overwritten",
}


@pytest.fixture
def run(start, kernel, monkeypatch):
    if kernel != "cloudos":
        pytest.skip("they are inside our kernel")

    def begin(image, words, **wanted):
        if not os.path.exists(image):
            pytest.skip(f"no {image}")
        monkeypatch.setenv("CLOUDOS_KERNEL", image)
        return start(cmdline=f"console=ttyS0 quiet panic=-1 {words}", **wanted)

    return begin


def all_pass(running):
    said = running.output()
    assert not re.findall(r"ktest: (?:not ok|failed).*", said)
    assert re.search(r"ktest: ([1-9]\d*) passed, 0 failed", said)
    assert "WARNING" not in said and "lock-up" not in said


@pytest.mark.parametrize("cpus", (1, 2, 8))
def test_debug(run, cpus):
    all_pass(run(DEBUG, "ktest=all", cpus=cpus, memory=256))


@pytest.mark.parametrize("seed", (1, 2, 3))
def test_preemption_fuzz(run, seed):
    all_pass(run(DEBUG, f"ktest=all preempt_fuzz={seed}", cpus=2 * seed - 1, memory=256))


@pytest.mark.parametrize("cpus", (1, 4))
def test_sanitize(run, cpus):
    all_pass(run(SANITIZE, "ktest=all", cpus=cpus, memory=512))


@pytest.mark.parametrize("bug", PLANTED)
def test_planted(run, bug):
    running = run(DEBUG, f"ktest={bug}", cpus=2, memory=128, limit=60)
    with pytest.raises(machine.MachineError):
        running.output()
    with open(running.log_path, encoding="utf-8", errors="replace") as log:
        said = log.read()
    assert re.search("Kernel panic: .*" + PLANTED[bug], said)
    assert "Call trace:" in said and "CPU 1 ran" in said and "Last lines of the log" in said


def test_planted_shift(run):
    running = run(SANITIZE, "ktest=plant_shift", cpus=1, memory=512, limit=60)
    with pytest.raises(machine.MachineError):
        running.output()
    with open(running.log_path, encoding="utf-8", errors="replace") as log:
        assert re.search(r"UBSAN: shift out of bounds at tests/kernel/planted\.c", log.read())


@pytest.mark.soak
@pytest.mark.parametrize("bug, report", (("plant_spin", "lock-up: CPU"), ("plant_hung", "hung: thread")))
def test_planted_stall(run, bug, report):
    assert report in run(DEBUG, f"ktest={bug}", cpus=2, memory=128, limit=400).output()
