"""A virtual machine for tests: QEMU with one serial line on which we read and type.

Concepts.  A Machine is a QEMU process whose first serial port is its own terminal, driven by pexpect. It
boots a kernel in one of three ways: "pvh" (QEMU's -kernel, which for Linux means the bzImage protocol),
"bios" and "uefi" (an ISO under SeaBIOS or OVMF). There is no KVM: all time limits are for the software CPU
and are multiplied by TEST_TIME_FACTOR where the host is slow or busy.

Everything that the serial line says goes to a log file, which outlives the test. A machine is a context
manager: leaving it ends QEMU, whatever happened. Its screen and keyboard are in screen.py.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pexpect
import pexpect.fdpexpect

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("O", os.path.join(TOP, "build")))
TIME_FACTOR = float(os.environ.get("TEST_TIME_FACTOR", "1"))
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
MICROVM_BIOS = "/usr/share/seabios/bios-microvm.bin"

PROMPT = r"cloudos:[^\r\n]*# "
# What a dying kernel prints, ours and Linux's, or GRUB: no test waits for its time limit after that.
DEAD = r"[Kk]ernel panic|(?i:panic: )|BUG:|KASAN|UBSAN|Failed to boot"


class MachineError(AssertionError):
    """The machine did not do what was expected in time; the text ends with what it said last."""


def kernel_path(kernel):
    """The file that holds the kernel named "cloudos" or "linux"."""
    if kernel == "linux":
        return os.environ.get("LINUX_KERNEL", os.path.join(BUILD, "linux", "vmlinuz"))
    return os.environ.get("CLOUDOS_KERNEL", os.path.join(BUILD, "cloudos.elf"))


def is_bzimage(path):
    with open(path, "rb") as image:
        return image.read(0x206)[0x202:] == b"HdrS"


def make_iso(kernel, initramfs, cmdline):
    """Builds an ISO with its own command line, once for each different one, and returns its path."""
    source = kernel_path(kernel)
    newest = max(os.path.getmtime(source), os.path.getmtime(initramfs))
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{kernel}-{os.path.basename(initramfs)}-{cmdline}")
    out = os.path.join(BUILD, "tests", name[:150] + ".iso")
    if not os.path.exists(out) or os.path.getmtime(out) < newest:
        os.makedirs(os.path.dirname(out), exist_ok=True)
        subprocess.run([os.path.join(TOP, "tools", "mk_iso"), "--cmdline", cmdline, source, initramfs,
                        out], check=True)
    return out


def _numa_arguments(memory, cpus, nodes):
    """Splits memory and CPUs evenly; the distance between two nodes is 20 + 5 a step."""
    args = []
    share = memory // nodes
    for node in range(nodes):
        args += ["-object", f"memory-backend-ram,id=mem{node},size={share}M"]
        spec = f"node,nodeid={node},memdev=mem{node}"
        first, last = node * cpus // nodes, (node + 1) * cpus // nodes - 1
        if first <= last:
            spec += f",cpus={first}-{last}"
        args += ["-numa", spec]
    for src in range(nodes):
        for dst in range(src + 1, nodes):
            args += ["-numa", f"dist,src={src},dst={dst},val={15 + 5 * (dst - src)}"]
    return args


class Machine:
    """One QEMU. boot: pvh | bios | uefi; machine: pc | q35 | microvm, perhaps with options, or none for what
    is usual with the firmware; media (of an ISO): cd | usb, on a microvm its virtio disk; memory in MiB."""

    def __init__(self, *, kernel="cloudos", boot="pvh", machine=None, media="cd", cpus=1, memory=256, nodes=1,
                 cpu_model="qemu64", cmdline="console=ttyS0", initramfs=None, iso=None, log=None,
                 limit=300, qemu_args=()):
        self._work = tempfile.mkdtemp(prefix="machine.")
        machine = machine or ("q35" if boot == "uefi" else "pc")
        args = ["-accel", "tcg", "-machine", machine, "-cpu", cpu_model, "-m", f"{memory}M", "-smp", str(cpus),
                "-display", "none", "-no-reboot", "-nodefaults",
                "-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line"]
        if not machine.startswith("microvm"):
            args += ["-vga", "std"]
        if nodes > 1:
            args += _numa_arguments(memory, cpus, nodes)
        if boot == "pvh":
            args += ["-kernel", kernel_path(kernel), "-append", cmdline]
            if initramfs:
                args += ["-initrd", initramfs]
        else:
            iso = iso or make_iso(kernel, initramfs, cmdline)
            args += self._firmware_arguments(boot, machine, media, iso)
        self.qmp_path = os.path.join(self._work, "qmp")
        args += ["-qmp", f"unix:{self.qmp_path},server=on,wait=off"]
        args += qemu_args
        self._begin(log, limit, "qemu-system-x86_64 " + " ".join(args))
        self._attach(pexpect.spawn("qemu-system-x86_64", args, echo=False, timeout=60 * TIME_FACTOR,
                                   maxread=65536, dimensions=(24, 80)))

    def _begin(self, log, limit, command):
        self.limit = limit * TIME_FACTOR
        self.log_path = log or os.path.join(self._work, "serial.log")
        self._log = open(self.log_path, "wb")
        self._log.write((command + "\n").encode())
        self.deadline = time.monotonic() + self.limit

    def _attach(self, line):
        self.qemu = line
        self.qemu.logfile_read = self._log
        self.qemu.delaybeforesend = None

    def _firmware_arguments(self, boot, machine, media, iso):
        args = []
        if machine.startswith("microvm"):
            return ["-bios", MICROVM_BIOS, "-drive", f"if=none,id=disk,file={iso},format=raw,readonly=on",
                    "-device", "virtio-blk-device,drive=disk"]
        if boot == "uefi":
            # A copy each time: the firmware remembers what it has booted, and would not look elsewhere.
            variables = os.path.join(self._work, "vars.fd")
            shutil.copy(OVMF_VARS, variables)
            args += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE}",
                     "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
        if media == "usb":
            args += ["-drive", f"if=none,id=stick,file={iso},format=raw,readonly=on",
                     "-device", "qemu-xhci", "-device", "usb-storage,drive=stick"]
        else:
            args += ["-cdrom", iso]
        return args

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _kill(self):
        if self.qemu.isalive():
            self.qemu.kill(signal.SIGKILL)
            self.qemu.wait()  # close() would give up on a large one on a busy host

    def _ended_well(self):
        self.qemu.wait()
        return self.qemu.exitstatus == 0

    def close(self):
        self._kill()
        self.qemu.close()
        self._log.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def left(self, timeout):
        """Seconds that a wait may take."""
        left = self.deadline - time.monotonic()
        return max(0.1, left if timeout is None else min(left, timeout * TIME_FACTOR))

    def _fail(self, wanted):
        self._log.flush()
        with open(self.log_path, "rb") as log:
            tail = log.read()[-1500:].decode(errors="replace")
        raise MachineError(f"{wanted}; log: {self.log_path}; last words:\n{tail}")

    def expect(self, pattern, timeout=60):
        """Waits for a regular expression (or the first of a list) and returns its match."""
        patterns = [pattern] if isinstance(pattern, str) else list(pattern)
        watched = [re.compile(p.encode()) for p in patterns + [DEAD]]
        found = self.qemu.expect(watched + [pexpect.EOF, pexpect.TIMEOUT], timeout=self.left(timeout))
        if found >= len(patterns):
            why = ["kernel died", "QEMU ended", "nothing in time"][found - len(patterns)]
            self._fail(f"waited for {patterns!r}: {why}")
        return self.qemu.match

    def before(self):
        """What was said between the last two matches, as text with plain newlines."""
        return self.qemu.before.decode(errors="replace").replace("\r", "")

    def send(self, text):
        self.qemu.send(text)

    def line(self, text):
        self.qemu.send(text + "\r")

    def prompt(self, timeout=60):
        self.expect(PROMPT, timeout)

    def command(self, text, timeout=30):
        """Types a command at the prompt and returns what it printed, without the echo of the command."""
        self.line(text)
        self.prompt(timeout)
        # Line editing echoes the command, perhaps wrapped and with cursor movements: its line is dropped.
        return self.before().split("\n", 1)[-1].rstrip("\n")

    def output(self, timeout=None):
        """Everything said until QEMU ends by itself; fails if it does not, or if it ends badly."""
        found = self.qemu.expect([pexpect.EOF, re.compile(DEAD.encode()), pexpect.TIMEOUT],
                                 timeout=self.left(timeout))
        if found != 0:
            text = self.before()
            if found == 1:
                try:  # let the panic be printed in full for the log
                    self.qemu.expect(pexpect.EOF, timeout=3)
                except pexpect.TIMEOUT:
                    pass
            self._fail("kernel died" if found == 1 else "the machine did not power off in time")
        text = self.before()
        if not self._ended_well():
            self._fail("the emulator ended with an error")
        return text

    def ended(self, timeout=60):
        """Waits until QEMU ends by itself."""
        self.output(timeout)


class Bochs(Machine):
    """Debian's Bochs, booting an ISO from its optical drive; cpu_model as "bochs --help cpu" lists them.

    Time in it runs with its instructions, "ips" of the configuration a second, and runs faster, or leaps, while
    the CPUs are idle. CPUID tells the TSC's rate of the CPU that is imitated, which is not that of its TSC."""

    def __init__(self, *, kernel="cloudos", cpus=1, memory=256, cpu_model="corei7_skylake_x",
                 cmdline="console=ttyS0", initramfs=None, log=None, limit=600):
        self._work = tempfile.mkdtemp(prefix="machine.")
        config = os.path.join(self._work, "bochsrc")
        commands = os.path.join(self._work, "commands")
        iso = make_iso(kernel, initramfs, cmdline)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with open(config, "w", encoding="utf-8") as out:
                subprocess.run([os.path.join(TOP, "tools", "mk_bochsrc"), "--cpu", cpu_model, "--cpus", str(cpus),
                                "--memory", str(memory), "--log", os.path.join(self._work, "log"), iso,
                                "127.0.0.1:%u" % listener.getsockname()[1]], stdout=out, check=True)
            with open(commands, "w", encoding="utf-8") as out:
                out.write("c\n")
            args = ["bochs", "-q", "-f", config, "-rc", commands]
            self._begin(log, limit, " ".join(args))
            with open(os.path.join(self._work, "out"), "wb") as out:
                self._process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            listener.settimeout(60 * TIME_FACTOR)
            self._line = listener.accept()[0]
        self._attach(pexpect.fdpexpect.fdspawn(self._line, timeout=60 * TIME_FACTOR, maxread=65536))

    def _kill(self):
        self._process.kill()
        self._process.wait()

    def _ended_well(self):
        self._process.wait()
        with open(os.path.join(self._work, "log"), "rb") as log:
            return b"ACPI control: soft power off" in log.read()
