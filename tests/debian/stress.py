#!/usr/bin/python3
# when: soak
# limit: 7200
# compare: at-least
"""stress-ng: every stressor of the classes below, two of each at once, with its own checks, one after the other.

The environment's `seconds` (10) is how long each runs, `stressors` (all) which. A section is a stressor: why it did
not pass, if so, then how it ended.
"""
import os
import re
import signal
import subprocess
import sys
import time

CLASSES = ["cpu", "cpu-cache", "interrupt", "memory", "os", "pipe", "scheduler", "vm", "filesystem"]
# What needs network families beyond AF_UNIX, raw disks, tun, seccomp, namespaces, BPF, userfaultfd, io_uring or
# kernel modules, and what switches the machine off.
APART = set("""af-alg bind-mount binderfs dccp icmp-flood io-uring module netdev netlink-proc netlink-task rawpkt
    rawsock rawudp ping-sock reboot sctp seccomp sock sockabuse sockdiag sockmany tun udp udp-flood userfaultfd smart
    ramfs loop rdrand apparmor dev-shm uprobe""".split())
# What waits, and for what.
WAITING = {
    "fanotify": "FANOTIFY, which is not configured",
    "landlock": "security modules",
    "memhotplug": "memory that comes and goes",
    "pci": "PCI devices in /sys",
    "swap": "disks to swap to",
}
# Fills much memory with code. The software CPU keeps what it translated there, and is slow (milliseconds for a page)
# to let go of it when the memory is used for something else: on both kernels whoever comes next suffers.
LAST = ("far-branch",)
# Instructions at random: one of them, as the software CPU does it, takes Debian's Linux down, and with it all that comes
# after.
DEADLY = {"opcode": "cloud-amd64"}
SECONDS = int(os.environ.get("seconds") or 10)
FACTOR = float(os.environ.get("factor") or 1)  # how much slower than usual the machine is
PAGE = 4096
LEAK_PAGES = 256
REASONS = 6  # lines of why
USES = ("Cached", "AnonPages", "Slab", "PageTables", "KernelStack")
ENDS = {0: "passed", 1: "not understood", 2: "failed", 3: "lacks resources", 4: "not implemented",
        5: "killed", 6: "left", 7: "left early"}


def stressors():
    found = []
    for name in CLASSES:
        done = subprocess.run(["stress-ng", "--class", f"{name}?"], capture_output=True, text=True, check=False)
        text = done.stdout + done.stderr
        match = re.search(r"stressors: (.*)", text)
        for stressor in match[1].split() if match else []:
            if stressor not in found and stressor not in APART:
                found.append(stressor)
    return sorted(found, key=lambda name: (name in LAST, name))


def tell(text):
    """To the machine's log at once: who runs when a kernel dies is what we want to know."""
    with open("/dev/console", "w", encoding="utf-8") as console:
        console.write(f"\nstress: {text}\n")


def run(name):
    command = ["stress-ng", f"--{name}", "2", "--timeout", f"{SECONDS}s", "--verify", "--temp-path", ".",
               "--no-rand-seed", "--oomable", "--metrics-brief", "--iomix-bytes", "64M"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            text = process.communicate(timeout=(SECONDS * 4 + 60) * FACTOR)[0]
            if process.returncode == 0 and not operations(name, text):
                return "skipped", text
            return ENDS.get(process.returncode, f"status {process.returncode}"), text
        except subprocess.TimeoutExpired:
            with open("/proc/loadavg", encoding="utf-8") as load:
                tell(f"{name} hangs, load {load.read()}")
            os.killpg(process.pid, signal.SIGKILL)
            subprocess.run(["pkill", "-9", "stress-ng"], check=False)  # who has a group of its own
            try:
                text = process.communicate(timeout=30)[0]
            except subprocess.TimeoutExpired:
                text = ""
            return "did not end", text


def reasons(name, text):
    """What stress-ng complained about, each once, without the numbers of processes."""
    found = re.findall(r"stress-ng: (?:(?:fail|error|warn): +\[\d+\] |info: +\[\d+\] "
                       rf"(?={name}: |.*skip))(.*)", text)
    lines = [re.sub(r"\bpid \d+|\[\d+\]", "N", line) for line in found]
    return list(dict.fromkeys(lines))[:REASONS]


def operations(name, text):
    """What it got done, as stress-ng counts it, for a second."""
    found = re.search(rf"metrc: +\[\d+\] {name} +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +([\d.]+)", text)
    return found[1] if found else None


def pages():
    """What memory is used for, in pages, once what can be is given back."""
    with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as drop:
        drop.write("3\n")
    with open("/proc/meminfo", encoding="utf-8") as info, open("/proc/self/status", encoding="utf-8") as own:
        lines = [line for line in info] + [line for line in own if line.startswith("RssAnon")]
    return {name: int(figure.split()[0]) * 1024 // PAGE for name, figure in (line.split(":") for line in lines)}


def lost(before, after):
    """Pages that were free and that this program does not have; the text tells what has a known use."""
    gone = sum(before[kind] - after[kind] for kind in ("MemFree", "Cached", "Buffers", "SReclaimable"))
    gone -= after["RssAnon"] - before["RssAnon"]
    uses = [f"{kind} {after[kind] - before[kind]:+}" for kind in USES if after[kind] != before[kind]]
    return gone, f"{gone} pages less ({', '.join(uses)})"


def main():
    names = os.environ["stressors"].split(":") if os.environ.get("stressors") else stressors()
    warm = "get" if "get" in names else names[0]
    run(warm)
    before = pages()
    for name in names:
        if name in WAITING and not os.environ.get("stressors"):
            print(f"## {name}\nwaits for {WAITING[name]}", flush=True)
            continue
        if name in DEADLY and DEADLY[name] in os.uname().release:
            print(f"## {name}\nnot survived by this kernel", flush=True)
            continue
        tell(name)
        start = pages()
        begun = time.monotonic()
        how, text = run(name)
        took = time.monotonic() - begun
        tell(f"{name} {how} in {took:.1f} s, {operations(name, text) or 0} a second, {lost(start, pages())[1]}")
        print(f"## {name}")
        if how != "passed":
            print("\n".join(reasons(name, text)))
            if how not in ("not implemented", "skipped"):
                tell(text[-3000:])
        print(how, flush=True)
    gone, text = lost(before, pages())
    tell(f"at the end {text}")
    print("## leaks")
    print("passed" if gone <= LEAK_PAGES else text)
    return 0


sys.exit(main())
