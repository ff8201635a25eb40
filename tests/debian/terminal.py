"""A program on a pseudo-terminal: what tests of full-screen programs type and see."""
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

PATIENCE = 30 * float(os.environ.get("factor") or 1)  # seconds until what is waited for is missing


class Terminal:
    """Runs argv on a terminal of rows x columns. What was seen is printed, so that two kernels compare."""

    def __init__(self, argv, rows=24, columns=80, env=None):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "linux"} | (env or {}))
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        self.text += data.decode(errors="replace")
        return bool(data)

    def wait(self, pattern):
        """Until the regular expression is seen; what comes after it is left for the next wait."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                print("saw", repr(pattern), flush=True)
                return found
            if time.monotonic() > deadline or not self._read(1) and self.ended():
                print("missing", repr(pattern), "after", repr(self.text[-300:]), flush=True)
                return None

    def ended(self):
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def send(self, text):
        os.write(self.fd, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def finish(self):
        """Waits for the end, by force after a while, and prints how it ended."""
        deadline = time.monotonic() + PATIENCE
        while not self.ended() and time.monotonic() < deadline:
            self._read(0.1)
        if not self.ended():
            print("did not end")
            os.kill(self.pid, signal.SIGKILL)
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        print("ended with", os.waitstatus_to_exitcode(status), flush=True)
