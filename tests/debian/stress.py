#!/usr/bin/python3
# when: soak
# limit: 7200
# compare: at-least
"""stress-ng: every stressor of the classes below, two of each at once, with its own checks, one after the other.

The environment's `seconds` (10) is how long each runs, `stressors` (all) which.
"""
import os
import re
import signal
import subprocess
import sys

CLASSES = ["cpu", "cpu-cache", "interrupt", "memory", "os", "pipe", "scheduler", "vm", "filesystem"]
# What needs network families beyond AF_UNIX, raw disks, tun, seccomp, namespaces, BPF, userfaultfd, io_uring or
# kernel modules, and what switches the machine off.
APART = set("""af-alg bind-mount binderfs dccp icmp-flood io-uring module netdev netlink-proc netlink-task rawpkt
    rawsock rawudp ping-sock reboot sctp seccomp sock sockabuse sockdiag sockmany tun udp udp-flood userfaultfd smart
    ramfs loop rdrand apparmor dev-shm uprobe""".split())
SECONDS = int(os.environ.get("seconds") or 10)
FACTOR = float(os.environ.get("factor") or 1)  # how much slower than usual the machine is
PAGE = 4096
LEAK_PAGES = 256
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
    return sorted(found)


def tell(text):
    """To the machine's log at once: who runs when a kernel dies is what we want to know."""
    with open("/dev/console", "w", encoding="utf-8") as console:
        console.write(f"\nstress: {text}\n")


def run(name):
    command = ["stress-ng", f"--{name}", "2", "--timeout", f"{SECONDS}s", "--verify", "--temp-path", ".",
               "--no-rand-seed", "--oomable", "--iomix-bytes", "64M"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            text = process.communicate(timeout=(SECONDS * 4 + 60) * FACTOR)[0]
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


def free_pages():
    """What is free once what can be is given back."""
    with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as drop:
        drop.write("3\n")
    with open("/proc/meminfo", encoding="utf-8") as info:
        figures = dict(line.split(":") for line in info)
    kinds = ("MemFree", "Cached", "Buffers", "SReclaimable")
    return sum(int(figures[kind].split()[0]) * 1024 // PAGE for kind in kinds)


def main():
    names = os.environ["stressors"].split(":") if os.environ.get("stressors") else stressors()
    warm = "get" if "get" in names else names[0]
    run(warm)
    before = free_pages()
    for name in names:
        tell(name)
        start = free_pages()
        how, text = run(name)
        tell(f"{name} {how}, {start - free_pages()} pages less")
        if how not in ("passed", "not implemented"):
            tell(text[-3000:])
        print(f"## {name}\n{how}", flush=True)
    gone = before - free_pages()
    tell(f"{gone} pages less at the end")
    print("## leaks")
    print("passed" if gone <= LEAK_PAGES else f"{gone} pages are gone")
    return 0


sys.exit(main())
