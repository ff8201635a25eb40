"""/proc/metrics: OpenMetrics text, counters that grow with what is done, latencies only once switched on."""
import re

import pytest

SAMPLE = re.compile(r'^([a-z_]+?)(?:\{((?:[a-z]+="[^"\\]*",?)*)\})? (\d+(?:\.\d+)?)$')
SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}


def metrics(shell):
    """{name{labels}: value} of a text that follows the format (OpenMetrics 1.0, "ABNF" and "Overall Structure")."""
    lines = shell.command("cat /proc/metrics").replace("\r", "").split("\n")
    assert lines[-1] == "# EOF"
    family, kind, seen, values = "", "", set(), {}
    for line in lines[:-1]:
        if match := re.fullmatch(r"# TYPE (\S+) (\S+)", line):
            family, kind = match.groups()
            assert family not in seen
            seen.add(family)
        elif not re.fullmatch(rf"# HELP {family} \S.*", line):
            match = SAMPLE.match(line)
            assert match, line
            assert match[1] in [family + suffix for suffix in SUFFIXES[kind]], line
            key = f"{match[1]}{{{match[2] or ''}}}"
            assert key not in values
            values[key] = float(match[3])
    return values


def test_metrics(shell, kernel):
    if kernel != "cloudos":
        pytest.skip("Linux has no such file")
    before = metrics(shell)
    shell.command("i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i+1)); done")
    after = metrics(shell)

    def grown(name):
        return after[name] - before[name]

    assert grown('cloudos_syscalls_total{call="execve"}') >= 20
    assert grown('cloudos_syscalls_total{call="wait4"}') >= 20
    assert grown("cloudos_processes_total{}") >= 20
    assert grown("cloudos_page_faults_total{}") >= 200
    assert grown("cloudos_context_switches_total{}") >= 20
    assert grown("cloudos_page_allocations_total{}") >= 100
    assert grown("cloudos_uptime_seconds{}") > 0
    assert any(name.startswith("cloudos_interrupts_total") and grown(name) > 0 for name in after)
    assert not any(name.startswith("cloudos_syscall_seconds") for name in after)
    assert after["cloudos_context_switch_seconds_count{}"] == 0
    assert after['cloudos_memory_bytes{kind="total"}'] > after['cloudos_memory_bytes{kind="free"}'] > 1 << 20


def test_latencies(shell, kernel):
    if kernel != "cloudos":
        pytest.skip("Linux has no such file")
    switch = "/proc/sys/kernel/measure_latency"
    assert shell.command(f"cat {switch}; echo 2 > {switch} && echo bad; cat {switch}").split()[-1] == "0"
    shell.command(f"echo 1 > {switch}")
    shell.command("sleep 0.2; sh -c 'sleep 0.1'")
    on = metrics(shell)
    call = 'call="clock_nanosleep"' if any("clock_nanosleep" in name for name in on) else 'call="nanosleep"'
    assert on[f"cloudos_syscall_seconds_sum{{{call}}}"] >= 0.3
    short, all_of_them = (on[f'cloudos_syscall_seconds_bucket{{{call},le="{end}"}}'] for end in ("0.067108864", "+Inf"))
    assert all_of_them == on[f"cloudos_syscall_seconds_count{{{call}}}"] >= short + 2
    assert on["cloudos_context_switch_seconds_count{}"] > 0
    shell.command(f"echo 0 > {switch}")
    shell.command("cat /dev/null")
    off = metrics(shell)
    shell.command("sleep 0.1; echo > /dev/null")
    again = metrics(shell)
    counts = [name for name in off if name.startswith("cloudos_syscall_seconds")]
    assert counts and all(off[name] == again[name] for name in counts)
