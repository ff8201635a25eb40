#!/usr/bin/python3
# when: soak
# limit: 14400
"""python3's own test suites (libpython3.11-testsuite): how each case ends. One that fails is tried once more alone.

Cases that need something which is not built yet stand in APART, each with the error that tells so: such a case is good
when it passes, and when it fails by that very error. Anything else that differs from Linux is a failure.

Settings: suites=NAME:NAME... runs these only, verbose=1 shows on the console how they get on.
"""
import errno
import os
import re
import socket
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

SUITES = """test_os test_posix test_signal test_subprocess test_threading test_select test_epoll test_mmap
    test_socket test_pty test_time test_fcntl test_multiprocessing_fork""".split()
# Of test_socket: the part that is about AF_UNIX.
ONLY = {"test_socket": ["*Unix*", "*SocketPair*", "*FDPass*", "*SendRecvFds*"]}
# Reasons for a failure here that Linux does not have, and what is then reported or printed.
REASONS = {
    "AF_INET": (r"\[Errno 97\] Address family not supported by protocol", "the network is not built yet"),
    "AF_INET of a child": (r"^EOFError", "the network is not built yet"),
}
# Cases (regular expressions for whole names) that may fail for a reason.
APART = {
    r"test\.test_os\.TestSendfile\..*": "AF_INET",
    r"test\.test_epoll\.TestEPoll\..*": "AF_INET",
    r"test\.test_signal\.WakeupFDTests\.(test_invalid_socket|test_set_wakeup_fd_socket_result)": "AF_INET",
    r"test\.test_multiprocessing_fork\.(TestCloseFds\.test_closefd|TestTimeouts\.test_timeout)": "AF_INET",
    r"test\.test_multiprocessing_fork\.TestWait\.test_wait_socket(_slow)?": "AF_INET",
    r"test\.test_multiprocessing_fork\.With\w+TestManagerRestart\.test_rapid_restart": "AF_INET",
    r"test\.test_multiprocessing_fork\.WithManagerTestRemoteManager\.test_remote": "AF_INET of a child",
    r"test\.test_multiprocessing_fork\.WithProcessesTestListener\.test_multiple_bind": "AF_INET",
    r"test\.test_multiprocessing_fork\.WithProcessesTestListenerClient\..*": "AF_INET",
}
# Without AF_INET this one leaves a process behind for which the end of the suite waits, on any kernel.
NO_INET_NO_END = "test.test_multiprocessing_fork.WithProcessesTestPicklingConnections.test_pickling"
FACTOR = float(os.environ.get("factor") or 1)
LIMIT = int(1200 * FACTOR)  # of a run, seconds
STUCK = 3  # as many cases of a suite may hang


def attempt(suite, only, without):
    """One run of the suite: ({case: (how it ended, what was reported)}, whether it came to its end)"""
    report = f"{suite}.xml"
    command = [sys.executable, "-u", "-m", "test", "-v", "--timeout", str(LIMIT), "--junit-xml", report]
    for option, cases in (("-m", only), ("-i", without)):
        for case in cases:
            command += [option, case]
    try:
        os.unlink(report)
    except FileNotFoundError:
        pass
    with open(f"{suite}.log", "w", encoding="utf-8") as log:
        show = subprocess.Popen(["tail", "-n", "+1", "-f", log.name], stdout=open("/dev/console", "w")) \
            if os.environ.get("verbose") else None
        try:
            subprocess.run(command + [suite], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                           timeout=LIMIT + 60 * FACTOR, check=False)
        except subprocess.TimeoutExpired:
            pass
        if show:
            show.terminate()
            show.wait()
    # The log names each case as it begins; what stands between two names is about the first.
    with open(f"{suite}.log", encoding="utf-8", errors="replace") as log:
        text = log.read().split("\n" + "=" * 70)[0]
    begun = list(re.finditer(r"^\w+ \((test\.[\w.]+)\)", text, re.M))
    ends = [case.start() for case in begun[1:]] + [len(text)]
    said = {case[1]: text[case.end():end] for case, end in zip(begun, ends)}
    if os.path.exists(report):
        cases = {}
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            how, text = "ok", said.get(case.get("name"), "")
            for child in case:
                if child.tag in ("failure", "error"):
                    how, text = "failed", text + (child.text or "")
                elif child.tag == "skipped":
                    how = "skipped"
            cases[case.get("name")] = how, text
        if cases and said.keys() <= cases.keys():
            return cases, True
    # It was killed, or ended by an error of its own: the last case did not end.
    cases = {}
    for case, body in said.items():
        how = re.search(r"\.\.\. .*?\b(ok|skipped|FAIL|ERROR)\b", body, re.S)
        cases[case] = {"ok": "ok", "skipped": "skipped"}.get(how[1] if how else "ok", "failed"), body
    cases[begun[-1][1] if begun else "the whole suite"] = "did not end", text[ends[-2] if begun[1:] else 0:][:8000]
    return cases, False


def run(suite, only):
    """{case: (how it ended, what was reported)}; goes on behind a case that hangs."""
    cases = {}
    for _ in range(STUCK):
        more, ended = attempt(suite, only, [*cases, *left_out])
        cases |= more
        if ended or "the whole suite" in more:
            break
    return cases


def apart(case, how, text):
    """Why this case is not compared, or None."""
    reason = next((reason for name, reason in APART.items() if re.fullmatch(name, case)), None)
    if reason and (how == "ok" or how == "failed" and re.search(REASONS[reason][0], text, re.M)):
        return f"{reason}: {REASONS[reason][1]}"
    return None


def has_inet():
    try:
        socket.socket(socket.AF_INET).close()
        return True
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return False
        raise


left_out = [] if has_inet() else [NO_INET_NO_END]
# Linux has the network, with its loopback interface down.
subprocess.run(["busybox", "ifconfig", "lo", "127.0.0.1", "up"], stderr=subprocess.DEVNULL, check=False)
for wanted in os.environ.get("suites", "").split(":") if os.environ.get("suites") else SUITES:
    print(f"## {wanted}", flush=True)
    begun = os.times().elapsed
    results = run(wanted, ONLY.get(wanted, []))
    took = os.times().elapsed - begun
    failed = [case for case, (how, text) in results.items()
              if how in ("failed", "did not end") and not apart(case, how, text)]
    if failed:
        results |= {case: result for case, result in run(wanted, failed).items() if case in results}
    if NO_INET_NO_END.startswith(f"test.{wanted}.") and results.get(NO_INET_NO_END, ("ok",))[0] == "ok":
        results[NO_INET_NO_END] = "apart: it hangs without AF_INET", ""
    for case in sorted(results):
        why = apart(case, *results[case])
        print(case, f"apart ({why})" if why else results[case][0])
    with open("/dev/console", "w", encoding="utf-8") as console:
        # What a slow machine may change is no result.
        again = [case for case in failed if results[case][0] not in ("ok", "skipped")]
        remarks = [f"{wanted}: {len(results)} cases, {took:.0f} seconds; failed first {failed}, and again {again}"]
        for case in again:
            remarks += [case, *results[case][1].split("\n")]
        console.write("\n" + "".join(f"remark: {line}\n" for line in remarks))
