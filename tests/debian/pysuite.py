#!/usr/bin/python3
# when: soak
# limit: 9000
"""python3's own test suites (libpython3.11-testsuite): how each case ends. One that fails is tried once more alone."""
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SUITES = """test_os test_posix test_signal test_subprocess test_threading test_select test_epoll test_mmap
    test_socket test_pty test_time test_fcntl test_multiprocessing_fork""".split()
# Of test_socket: the part that is about AF_UNIX.
ONLY = {"test_socket": ["*Unix*", "*SocketPair*", "*FDPass*", "*SendRecvFds*"]}
# Cases that are not compared, and why.
APART = {
    "test_os.TestSendfile": "connects over AF_INET",
    "test_epoll.TestEPoll": "setUp makes a socket of AF_INET",
    "test_signal.WakeupFDTests.test_invalid_socket": "makes a socket of AF_INET",
    "test_signal.WakeupFDTests.test_set_wakeup_fd_socket_result": "makes a socket of AF_INET",
    "test_fcntl.TestFcntl.test_fcntl_64_bit": "F_NOTIFY: there is no dnotify",
}
LIMIT = int(900 * float(os.environ.get("factor") or 1))  # of a suite, seconds


def run(suite, *only):
    """{case: how it ended}"""
    report = f"{suite}.xml"
    command = [sys.executable, "-m", "test", "--timeout", str(LIMIT - 60), "--junit-xml", report]
    for case in only or ONLY.get(suite, []):
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
        why = next((reason for name, reason in APART.items() if name in case), None)
        print(case, f"apart: {why}" if why else results[case])
    with open("/dev/console", "w", encoding="utf-8") as console:
        again = [case for case in failed if results[case] == "failed"]
        console.write(f"\npysuite: {wanted}: {len(results)} cases, failed first {failed}, and again {again}\n")
