"""Magic SysRq, over the serial line and by /proc/sysrq-trigger."""
import os
import re
import socket
import time

import pytest


class Monitor:
    """QEMU's monitor on a socket."""

    def __init__(self, path):
        self.path = path
        self.arguments = ["-chardev", f"socket,id=monitor,path={path},server=on,wait=off",
                          "-mon", "chardev=monitor,mode=readline"]

    def send(self, text):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self.path)
            line.sendall((text + "\n").encode())
            # It answers with an echo and a prompt once it is done.
            line.settimeout(20)
            said = b""
            while said.count(b"(qemu)") < 2:
                said += line.recv(4096)


@pytest.fixture
def at_prompt(start, kernel, tmp_path):
    if kernel != "cloudos":
        pytest.skip("the keys are the same, the reports are not")

    def begin(**wanted):
        monitor = Monitor(os.path.join(tmp_path, "monitor"))
        running = start(cmdline="console=ttyS0 quiet", qemu_args=monitor.arguments, **wanted)
        running.prompt(90)
        running.command("stty rows 24 cols 80")

        def key(character):
            monitor.send("chardev-send-break line")
            time.sleep(0.3)
            running.send(character)

        running.key = key
        return running

    return begin


def test_reports(at_prompt):
    running = at_prompt(cpus=2, memory=256)
    running.key("h")
    running.expect(r"sysrq: h this help")
    running.expect(r"w threads that cannot be interrupted")
    running.key("t")
    running.expect(r"\bsh +S tid")  # at its prompt, in a system call, in the scheduler
    running.expect(r"schedule\+0x[0-9a-f]+")
    running.expect(r"sys_\w+\+0x[0-9a-f]+")
    running.key("m")
    running.expect(r"Memory: \d+ KiB, \d+ free")
    running.key("l")
    running.expect(r"CPU \d ran ")
    running.expect(r"CPU \d ran ")
    running.key("s")
    running.expect("sysrq: all is written back")
    running.line("")
    running.prompt()
    assert running.command("echo works") == "works"


def test_trigger(at_prompt):
    running = at_prompt(cpus=1, memory=128)
    assert "threads" in running.command("echo t > /proc/sysrq-trigger")
    assert running.command("echo 2 > /proc/sys/kernel/sysrq; cat /proc/sys/kernel/sysrq") == "2"
    # The serial line is limited by it, the file is not.
    running.key("m")
    running.expect("sysrq: not allowed")
    running.line("")
    running.prompt()
    assert "Memory:" in running.command("echo m > /proc/sysrq-trigger")
    assert "nonexistent" in running.command("echo 1000 > /proc/sys/kernel/sysrq || echo nonexistent")
    # A key after the time, and one without a break, are the program's.
    running.line("echo t")
    running.prompt()
    assert "sysrq" not in running.before()


def test_crash(at_prompt):
    running = at_prompt(cpus=2, memory=128)
    running.key("c")
    running.qemu.expect(re.compile(b"Kernel panic: sysrq: a crash was asked for"), timeout=30)
    running.qemu.expect(re.compile(b"Call trace:"), timeout=30)


@pytest.mark.parametrize("key", ("b", "o"))
def test_end(at_prompt, key):
    running = at_prompt(cpus=1, memory=128)
    running.key(key)
    running.ended(30)
