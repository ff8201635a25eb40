"""Every way to boot, on every machine: proves from inside what the machine is, and powers off."""
import itertools
import re

import pytest

AXES = {
    "boot": ("pvh", "bios", "uefi"),
    "machine": ("pc", "q35", "microvm"),
    "media": ("direct", "cd", "usb"),
    "cpus": (1, 2, 4, 8),
    "memory": (32, 128, 8192),
    "nodes": (1, 2),
    "cpu_model": ("qemu64", "max"),
}
NAMES = tuple(AXES)


def possible(case):
    boot, machine, media, _, memory, nodes, _ = case
    if (boot == "pvh") != (media == "direct"):
        return False
    if boot == "uefi" and (machine == "microvm" or memory == 32):  # OVMF itself does not start there
        return False
    # No second node, and no optical drive; SeaBIOS finds its virtio disk, which stands in for the stick.
    return machine != "microvm" or (nodes == 1 and media != "cd")


ALL = [case for case in itertools.product(*AXES.values()) if possible(case)]


def pairs(case):
    return set(itertools.combinations(tuple(enumerate(case)), 2))


def pairwise(cases):
    """The fewest cases (greedily) in which every two values of two axes that can meet do meet."""
    missing = set().union(*(pairs(case) for case in cases))
    chosen = []
    while missing:
        best = max(cases, key=lambda case: len(pairs(case) & missing))
        chosen.append(best)
        missing -= pairs(best)
    return chosen


def name_of(case):
    return "{}-{}-{}-{}cpu-{}M-{}node-{}".format(*case)


def prove(start, kernel, case, **more):
    wanted = dict(zip(NAMES, case))
    if kernel == "linux" and wanted["memory"] < (256 if wanted["boot"] == "uefi" else 128):
        pytest.skip("Debian's Linux needs more")
    more.setdefault("limit", 150)
    running = start(cmdline="console=ttyS0 quiet run=/tests/boot_proof", **wanted, **more)
    text = running.output()
    said = dict(re.findall(r"^proof: (\S+) (.*)$", text, re.M))
    assert "run: exit status 0" in text
    assert said["nproc"] == str(wanted["cpus"])
    assert said["cpuinfo"] == str(wanted["cpus"])
    assert said["ran-on"].split() == [str(cpu) for cpu in range(wanted["cpus"])]
    total, physical = int(said["memtotal"]), wanted["memory"] * 1024
    assert total <= physical
    # What firmware, kernel and page array keep: a share, and 40 MiB at most of a small machine.
    assert total >= max(physical * 0.90 - 40 * 1024, physical * 0.6)
    # More was touched than there is below 4 GiB (3 GiB on these machines).
    assert said["touched"] == ("3328" if wanted["memory"] == 8192 else str(total // 4096))
    nodes = wanted["nodes"]
    for node in range(nodes):
        distances = ["10" if other == node else str(15 + 5 * abs(other - node)) for other in range(nodes)]
        assert said[f"distance{node}"].split() == distances
    assert f"distance{nodes}" not in said
    assert said["sum"] == "5000050000"


@pytest.mark.parametrize("case", pairwise(ALL), ids=name_of)
def test_boot(start, kernel, case):
    prove(start, kernel, case)


@pytest.mark.soak
@pytest.mark.parametrize("case", ALL, ids=name_of)
def test_boot_all(start, kernel, case):
    prove(start, kernel, case)


@pytest.mark.soak
@pytest.mark.parametrize("machine", ("pc", "q35", "microvm"))
def test_64_cpus(start, kernel, machine):
    prove(start, kernel, ("pvh", machine, "direct", 64, 4096, 1 if machine == "microvm" else 4, "max"), limit=1200)


# A pc keeps a window for devices below what QEMU's CPU can address, 2^40; a microvm has RAM beyond, which cannot
# be used. The host gives memory as it is touched.
@pytest.mark.parametrize("machine, gib, usable", (("pc", 1000, 1000), ("microvm", 1024, 1023)))
def test_terabyte(start, kernel, machine, gib, usable):
    if kernel != "cloudos":
        pytest.skip("Debian's Linux fills in its page array at boot")
    backend = ("-object", f"memory-backend-ram,id=sparse,size={gib}G,reserve=off")
    text = start(machine=f"{machine},memory-backend=sparse", cpus=2, memory=gib * 1024, qemu_args=backend,
                 cmdline="console=ttyS0 quiet run=/tests/memory_proof", limit=150).output()
    said = {key: int(kib) for key, kib in re.findall(r"^proof: (\S+): (\d+)$", text, re.M)}
    # The page array takes 1/128.
    assert usable * 0.985 < said["MemTotal"] / 2**20 < usable
    assert usable * 0.98 < said["MemFree"] / 2**20 and usable * 0.98 < said["MemAvailable"] / 2**20
    assert "run: exit status 0" in text


# What virtual machine monitors leave out: the old timers and interrupt controllers, ACPI, the clock of the day.
MICROVMS = {
    "no-timers": ("microvm,pit=off,pic=off", ""),
    "told-rate": ("microvm,pit=off,pic=off,rtc=off", "tsc_early_khz={khz}"),
    "no-acpi": ("microvm,acpi=off", ""),
}


def tsc_khz(said):
    return int(re.search(r"clock: tsc at (\d+) kHz", said)[1])


@pytest.mark.parametrize("which", MICROVMS)
def test_microvm_without(start, kernel, which):
    if kernel != "cloudos":
        pytest.skip("Linux needs a timer's interrupt")
    machine, words = MICROVMS[which]
    if "{khz}" in words:
        first = start(machine="microvm", cmdline="console=ttyS0 run=/bin/true", limit=150)
        words = words.format(khz=tsc_khz(first.output()))
    running = start(machine=machine, cpus=2, limit=150, cmdline=f"console=ttyS0 {words} run=/tests/boot_proof")
    if which == "no-acpi":
        running.expect("proof: nproc 2", 120)
        running.expect("run: exit status 0", 120)
        running.expect("cannot switch itself off", 120)
    else:
        text = running.output()
        assert "proof: nproc 2" in text and "run: exit status 0" in text


# Devices that only the command line names: one in the middle of RAM, which is then no memory.
def test_virtio_mmio(start, kernel):
    if kernel != "cloudos":
        pytest.skip("Linux has no driver for it built in")
    words = "virtio_mmio.device=4K@0x8000000:5 virtio_mmio.device=512@0xfeb00e00:12:7 virtio_mmio.device=none"
    text = start(machine="microvm", cpus=1, memory=256, limit=150,
                 cmdline=f"console=ttyS0 {words} run=/tests/iomem").output()
    assert re.search(r"^  08000000-08000fff : virtio-mmio\.0$", text, re.M)
    assert re.search(r"^  feb00e00-feb00fff : virtio-mmio\.7$", text, re.M)
    assert re.search(r"^[0-9a-f]+-07ffffff : System RAM$", text, re.M)
    assert re.search(r"^08001000-[0-9a-f]+ : System RAM$", text, re.M)
    assert "Registering device virtio-mmio.7 at 0xfeb00e00-0xfeb00fff, IRQ 12." in text
    assert "virtio_mmio.device=none: not SIZE@ADDRESS:IRQ" in text


# One that has a driver; QEMU adds its word to the command line. It interrupts when it has given its first bytes.
@pytest.mark.parametrize("legacy", ("true", "false"))
def test_virtio_entropy(start, kernel, legacy):
    if kernel != "cloudos":
        pytest.skip("Linux has no driver for it built in")
    device = ("-global", f"virtio-mmio.force-legacy={legacy}", "-device", "virtio-rng-device")
    running = start(machine="microvm,acpi=off", limit=150, qemu_args=device, cmdline="console=ttyS0 run=/tests/iomem")
    running.expect(r"Registering device virtio-mmio\.0 at 0xfeb[0-9a-f]{5}-0xfeb[0-9a-f]{5}, IRQ \d+\.", 120)
    running.expect(r" \d+: +[1-9]\d* +IO-APIC +\d+-edge +virtio-mmio\.0", 120)


def test_no_clock_at_all(start, kernel):
    if kernel != "cloudos":
        pytest.skip("Linux finds other words")
    running = start(machine="microvm,pit=off,pic=off,rtc=off", cmdline="console=ttyS0 panic=-1", limit=60)
    running.qemu.expect(re.compile(b"No clock: .*tsc_early_khz= is missing"), timeout=running.left(60))
