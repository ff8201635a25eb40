#!/usr/bin/python3
# when: soak
# limit: 5400
"""python3's own test suites (libpython3.11-testsuite): how each case ends. One that fails is tried once more alone."""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SUITES = """test_os test_posix test_signal test_subprocess test_threading test_select test_epoll test_mmap
    test_socket test_pty test_time test_fcntl test_multiprocessing_fork""".split()
# Of test_socket: what needs other families than AF_UNIX.
ELSEWHERE = re.compile(r"(TCP|UDP|IPv6|INET|Inet|CAN|RDS|Bluetooth|Hyperv|Qipc|Vsock|VSOCK|SCTP|ALG|NetworkConnection|"
                       r"CreateServer|BasicSocketPair.*IPv|Sendfile|GetAddrInfo|TFO|Multicast|Gethost|gethost)")
LIMIT = 1500


def run(suite, *only):
    """{case: how it ended}"""
    report = f"{suite}.xml"
    command = [sys.executable, "-m", "test", "--timeout", "300", "--junit-xml", report]
    for case in only:
        command += ["-m", case]
    try:
        os.unlink(report)
    except FileNotFoundError:
        pass
    end = ""
    with open(f"{suite}.log", "w", encoding="utf-8") as log:
        try:
            done = subprocess.run(command + [suite], stdout=log, stderr=log, stdin=subprocess.DEVNULL, timeout=LIMIT,
                                  check=False)
            end = f"status {done.returncode}"
        except subprocess.TimeoutExpired:
            end = "did not end"
    if not os.path.exists(report):
        with open(f"{suite}.log", encoding="utf-8", errors="replace") as log:
            return {"the whole suite": end + "\n" + "".join(log.readlines()[-30:])}
    cases = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = case.get("name")
        how = "ok"
        for child in case:
            if child.tag in ("failure", "error"):
                how = "failed"
            elif child.tag == "skipped":
                how = "skipped"
        cases[name] = how
    return cases


for wanted in os.environ.get("suites", "").split(":") if os.environ.get("suites") else SUITES:
    print(f"## {wanted}", flush=True)
    results = run(wanted)
    failed = [case for case, how in results.items() if how == "failed"]
    if failed:
        results |= {case: how for case, how in run(wanted, *failed).items() if case in results}
    for case in sorted(results):
        if wanted == "test_socket" and ELSEWHERE.search(case):
            continue
        print(case, results[case])
    print(f"{wanted}: {len(results)} cases", file=sys.stderr)
    for case in failed:
        print(f"first failed: {wanted} {case}", file=sys.stderr)
