"""Attacks on the kernel from inside (tests/kernel/attacks.c), and what it must not tell.

An attack that works prints "nothing stopped"; one that does not ends in the panic that belongs to it. "max" has
SMEP and SMAP; without them isolation alone keeps the kernel from running a program's code.
"""
import re

import pytest

import machine
from test_kernel import DEBUG, all_pass, run  # noqa: F401 (a fixture)

PROTECTED = "kernel page fault at [0-9a-f]+: {} of a protected page"
USERS = "kernel page fault at [0-9a-f]+: {} of a user's page"
OVERWRITTEN = "code pointer 0x[0-9a-f]+ was overwritten"
ATTACKS = {
    "plant_write_text": PROTECTED.format("write"),
    "plant_write_table": PROTECTED.format("write"),
    "plant_write_alias": PROTECTED.format("write"),
    "plant_run_data": PROTECTED.format("execution"),
    "plant_run_heap": PROTECTED.format("execution"),
    "plant_run_stack": PROTECTED.format("execution"),
    "plant_run_alias": PROTECTED.format("execution"),
    "plant_user_read": USERS.format("read"),
    "plant_user_write": USERS.format("write"),
    "plant_user_jump": USERS.format("execution"),
    "plant_smashed_frame": "stack frame of smash was overwritten",
    "plant_code_pointer": OVERWRITTEN,
    "plant_rcu_callback": OVERWRITTEN,
    "plant_wait_callback": OVERWRITTEN,
    "plant_work": OVERWRITTEN,
}


def panics(running, report):
    with pytest.raises(machine.MachineError):
        running.output()
    with open(running.log_path, encoding="utf-8", errors="replace") as log:
        said = log.read()
    assert re.search("Kernel panic: " + report, said)
    assert "attack:" not in said


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack(run, attack):  # noqa: F811
    panics(run(DEBUG, f"ktest={attack}", memory=128, cpu_model="max", limit=60), ATTACKS[attack])


def test_jump_to_user_code_without_smep(run):  # noqa: F811
    panics(run(DEBUG, "pti=on ktest=plant_user_jump", memory=128, cpu_model="qemu64", limit=60),
           USERS.format("execution"))


@pytest.mark.parametrize("words", ("pti=on", "pti=off", "nokaslr"))
def test_mappings(run, words):  # noqa: F811
    all_pass(run(DEBUG, f"{words} ktest=mappings", memory=512, cpus=2, cpu_model="max", limit=60))


def addresses(running):
    found = re.search(r"address: (.*)", running.output())[1].split()
    return dict(zip(found[::2], (int(value, 16) for value in found[1::2])))


def test_addresses_differ(run):  # noqa: F811
    boots = [addresses(run(DEBUG, "ktest=addresses", memory=128, limit=60)) for _ in range(3)]
    for name in boots[0]:
        # Two of three images may lie in the same of the 500 places.
        assert len({boot[name] for boot in boots}) >= (2 if name == "text" else 3), name
    fixed = addresses(run(DEBUG, "nokaslr ktest=addresses", memory=128, limit=60))
    assert fixed["direct_map"] == 0xffff800000000000
    assert fixed["text"] >> 24 == 0xffffffff80
    assert fixed["canary"] not in {boot["canary"] for boot in boots}


def maps_of(text):
    """Where a program's regions begin: {name: address}."""
    rows = re.findall(r"^([0-9a-f]+)-[0-9a-f]+ \S+ \S+ \S+ \d+ +(\S+)", text, re.M)
    return {name: start for start, name in reversed(rows)}


def test_no_address_is_told(start, kernel):
    if kernel != "cloudos":
        pytest.skip("Linux tells root more")
    texts = [start(cmdline=f"console=ttyS0 run=/tests/leak_scan {words}", cpus=2, memory=256, limit=150).output()
             for words in ("pti=on", "pti=off")]
    for text in texts:
        leaks = re.findall(r"^leak: (\S+): (.*)$", text, re.M)
        assert [name for name, _ in leaks if name.startswith("planted")] == ["planted-hex", "planted-decimal"]
        assert not [leak for leak in leaks if not leak[0].startswith("planted")]
        assert int(re.search(r"leak: scanned (\d+) files", text)[1]) > 100
    first, second = (maps_of(text) for text in texts)
    for region in ("[stack]", "[heap]"):
        assert first[region] != second[region]
