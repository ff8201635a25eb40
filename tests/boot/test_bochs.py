"""Debian's Bochs, whose CPU models have what QEMU's software CPU lacks: x2APIC, the TSC deadline timer, PCID
with INVPCID, XSAVES; Skylake leaks by Meltdown, Ice Lake says that it does not.
"""
import re

import pytest

import machine

SKYLAKE = "corei7_skylake_x"
ICE_LAKE = "corei7_icelake_u"
KHZ = 50000  # a count of the TSC is an instruction: "ips" in tools/mk_bochsrc
NEEDED = ("pcid", "invpcid", "x2apic", "tsc_deadline_timer", "xsaves", "smep", "smap")


@pytest.fixture
def bochs(start, kernel):
    if kernel != "cloudos":
        pytest.skip("our kernel's use of the CPU is tested")

    def begin(**wanted):
        return start(kind=machine.Bochs, **wanted)

    return begin


def said_at_boot(text, model):
    assert "APIC: x2APIC mode" in text
    assert re.search(r"FPU: states 0xe7 by XSAVEOPT, \d+ bytes", text)
    assert re.search(r"timer: local APIC at \d+ kHz, by TSC deadline", text)
    # CPUID tells the rate of the CPU that Bochs imitates.
    assert "kHz by CPUID, about" in text
    assert abs(int(re.search(r"clock: tsc at (\d+) kHz", text)[1]) - KHZ) < KHZ // 100
    assert ("Page table isolation is on, with INVPCID" in text) == (model == SKYLAKE)
    assert "Kernel panic" not in text


def test_skylake(bochs):
    text = bochs(cmdline="console=ttyS0 quiet run=/tests/cpu_proof").output()
    said_at_boot(text, SKYLAKE)
    assert set(NEEDED) <= set(re.search(r"^proof: flags\s*: (.*)", text, re.M)[1].split())
    assert re.search(r"^proof: bugs\s*:.* cpu_meltdown", text, re.M)
    assert "proof: sum 500500" in text and "run: exit status 0" in text


@pytest.mark.soak
@pytest.mark.parametrize("cpus", (1, 2))
@pytest.mark.parametrize("model", (SKYLAKE, ICE_LAKE))
def test_shell(bochs, model, cpus):
    running = bochs(cpus=cpus, cpu_model=model, limit=1800)
    running.prompt(1200)
    said_at_boot(running.before(), model)
    running.command("stty rows 24 cols 80", 300)
    flags = running.command("grep -m1 flags /proc/cpuinfo", 300).split()
    assert set(NEEDED) <= set(flags)
    bugs = running.command("grep -m1 bugs /proc/cpuinfo", 300)
    assert ("cpu_meltdown" in bugs) == (model == SKYLAKE)
    assert running.command("dmesg | grep -c 'screen: VGA text, 80 columns, 25 rows'", 300) == "1"
    assert running.command("nproc", 300) == str(cpus)
    assert running.command("seq 1 1000 | awk '{ s += $1 } END { print s }'", 300) == "500500"
    running.line("poweroff")
    running.ended(600)
