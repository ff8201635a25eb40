"""GDB on the machine (tools/debug, tools/gdb): with KASLR, and backwards in a recorded run."""
import os
import re
import subprocess

import machine
import pytest

DEBUG = os.path.join(machine.TOP, "tools", "debug")


@pytest.fixture
def gdb(kernel, initramfs, tmp_path):
    if kernel != "cloudos":
        pytest.skip("the commands know CloudOS")
    subprocess.run([os.path.join(machine.TOP, "tools", "install_deps"), "run", "debug"], check=True)

    def run(what, *words, cmdline):
        command = [DEBUG, "--batch", "--build", str(tmp_path), "--cmdline", "console=ttyS0 quiet " + cmdline]
        for word in words:
            command += ["--gdb", word]
        said = subprocess.run(command + [what, machine.kernel_path("cloudos"), initramfs], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=400 * machine.TIME_FACTOR).stdout
        with open(os.path.join(tmp_path, "debug", what + ".gdb.log"), "w", encoding="utf-8") as log:
            log.write(said)
        return said

    return run


def slide(said):
    found = re.search(r"\(KASLR: 0x([0-9a-f]+)\), at the start of kernel_main", said)
    assert found, said
    return int(found[1], 16)


def test_attach(gdb):
    said = gdb("run", "cloudos symbols", "cloudos boot", "hbreak sys_sync", "continue", "backtrace",
               "echo == ps\\n", "cloudos ps", "echo == threads\\n", "cloudos threads", "echo == bt\\n",
               "cloudos bt sleep", "echo == log\\n", "cloudos log", "echo == memory\\n", "cloudos memory",
               "echo == slabs\\n", "cloudos slabs", "echo == mounts\\n", "cloudos mounts", "echo == end\\n",
               "backtrace", cmdline="run=/tests/sleeper")
    assert "The kernel has not moved yet." in said
    assert slide(said) % 0x200000 == 0
    parts = dict(part.split("\n", 1) for part in said.split("== ")[1:])
    # Where it stopped, through the entry's assembly to the program; and it is still there after the others' stacks.
    for stop in (said.split("== ")[0], parts["end"]):
        assert re.search(r"^#0 .*sys_sync \(\) at kernel/syscall/\w+\.c:\d+", stop, re.M), said
        assert re.search(r"^#1 .* syscall_entry", stop, re.M), said
    assert re.search(r"^1 +0 .* busybox$", parts["ps"], re.M), said
    assert re.search(r"^\d+ +\d+ +S +1 +sleep +busybox$", parts["ps"], re.M), said
    assert re.search(r"^CPU 1: ", parts["threads"], re.M), said
    assert re.search(r"^\d+ +R +sync +runs$", parts["threads"], re.M), said
    assert re.search(r"^sleep \(S\), tid \d+, process \d+:$", parts["bt"], re.M), said
    assert re.search(r"^#\d+ .* schedule \(", parts["bt"], re.M), said
    assert re.search(r"^#\d+ .* at kernel/syscall/sys_time.c:\d+$", parts["bt"], re.M), said
    assert re.search(r"^#\d+ .* syscall_entry", parts["bt"], re.M), said
    assert "2 CPUs" in parts["log"], said
    assert re.search(r"^0 +LOWMEM +\d+ +\d+ ", parts["memory"], re.M), said
    assert re.search(r"^thread +\d+ +\d+ ", parts["slabs"], re.M), said
    assert re.search(r"^\d+ +proc +proc +/proc ", parts["mounts"], re.M), said


def test_replay(gdb):
    def at(said):
        return int(re.findall(r"instruction count = (\d+)", said)[-1])

    cmdline = "run=/bin/true"
    to_the_end = ["cloudos boot", "hbreak arch_poweroff", "continue", "monitor info replay"]
    recorded = gdb("record", *to_the_end, cmdline=cmdline)
    replayed = gdb("replay", *to_the_end, cmdline=cmdline)
    assert at(recorded) == at(replayed) > 0
    assert slide(recorded) == slide(replayed)
    back = gdb("replay", *to_the_end, "hbreak exit_group", "reverse-continue", "backtrace", "monitor info replay",
               cmdline=cmdline)
    assert re.search(r"^#0 +exit_group \(", back, re.M), back
    assert 0 < at(back) < at(recorded)
