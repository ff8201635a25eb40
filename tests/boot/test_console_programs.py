"""Programs that draw whole screens, on our console and on Linux's: the same keys must leave the same cells.

Each step types keys on QEMU's keyboard and takes the screen of tty1 through /dev/vcsu1 (code points) and
/dev/vcsa1 (attributes, cursor). On Linux a step ends when its pattern is on the screen and nothing changes
any more; on CloudOS when the screen is the one that Linux had.

What Linux showed is kept in O/tests and asked again when kernel, initramfs or this file change.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import time
import zlib

import pytest

import machine
import screen

ROWS, COLS = 25, 80
TYPED_AT_ONCE = 3
ZLIB_GZIP = 32 + 15  # zlib's window bits: either header
SETTLED = 3  # equal looks, one after the other
DIFFERENCES = 12  # rows that are shown
SHELL = r"cloudos:/#\Z"
TEXT = ("awk 'BEGIN { for (i = 1; i <= 70; i++) { t = t i \",\"; "
        "printf \"%d\\tline %d of the text %s\\n\", i, i, t } }' >/tmp/text")

# Program: command, then (keys, what is to be seen at the end of it).
PROGRAMS = {
    "shell": ("echo $TERM", (
        ("", r"^linux\n" + SHELL),
        ("echo " + "0123456789" * 9, r"^4567890123456789012345\d+\Z"),
        ("<home><right><right>X<end>Y", r"ecXho \d+\n\d+Y\Z"),
        ("<ctrl-u>", SHELL),
        ("<up>", r"echo \$TERM$"),
        ("<ctrl-u>ls -C --color /<ret>", r"usr.*\n" + SHELL),
        ("ls /usr/bin | more<ret>", r"--More--"),
        ("<spc>q", SHELL),
        ("<ctrl-l>", r"\A" + SHELL),
    )),
    "vi": ("vi /tmp/text", (
        ("", r"- /tmp/text 1/70 "),
        ("G", r"/tmp/text 70/70 "),
        ("1G10j", r"/tmp/text 11/70 "),
        ("dd", r"^Delete 1 lines"),
        ("3p", r"(11\t? +line 11 .*\n){3}"),
        ("ggiinserted <esc>", r"\Ainserted 1"),
        ("obetween<ret>and <tab>more<esc>", r"\nbetween *\nand +more"),
        ("/line 40<ret>", r"\n40 +line 40 "),
        ("<ctrl-f>", r"\n60 +line 60 "),
        ("<ctrl-b><ctrl-d>", r"\n40 +line 40 "),
        (":%s/of the/OF THE/g<ret>", r"OF THE(.*\n)+.*OF THE"),
        ("$", r",70,$"),
        # Not with Escape in one step: how far vi shifts the lines would depend on its speed.
        ("a the end of a long line that goes on", r"goes on$"),
        ("<esc>", r"goes on$"),
        ("0d5lu", r"line"),
        ("J", r"line"),
        (":set list<ret>", r"^bad option: list"),
        (":q<ret>", r"^No write since last change"),
        (":q!<ret>", SHELL),
    )),
    "less": ("less /tmp/text", (
        ("", r"/tmp/text"),
        ("<spc>", r"\n(24|30) +line"),
        ("jjj", r"\n27 +line"),
        ("b", r"\A(4|3) +line|\A1 +line"),
        ("G", r"\(END\)"),
        ("k", r"\n69 +line"),
        ("g", r"\A1 +line"),
        ("/line 33<ret>", r"\A33 +line"),
        ("<down><pgdn>", r"\A1,22,23(.*\n)+:\Z"),
        ("q", SHELL),
    )),
    "top": ("/tests/still_proc; top -d 1", (
        ("", r"Load average: 0.25(.*\n)+.*many"),
        ("M", r"\n +42 (.*\n)+"),
        ("T", r"\n +17 (.*\n)+"),
        ("q", SHELL),
        ("/tests/still_proc off<ret>", r"off\n" + SHELL),
    )),
}


class Session:
    """A machine whose serial shell looks at what happens on tty1."""

    def __init__(self, running):
        self.machine = running
        self.screen = screen.Screen(running)
        running.prompt(300)
        running.command("stty rows 24 cols 200")
        running.command(TEXT)
        self.look()  # Linux keeps code points from the first time that they are asked for
        self.type("<ret>printf '\\033c'<ret>")
        self.settle(r"\A" + SHELL)

    def type(self, keys):
        """Types characters, and keys by their name in angle brackets; few at a time (see screen.py)."""
        keys = re.findall(r"<[^<>]+>|.", keys)
        for start in range(0, len(keys), TYPED_AT_ONCE):
            for key in keys[start:start + TYPED_AT_ONCE]:
                if len(key) > 1:
                    self.screen.press(key[1:-1])
                else:
                    self.screen.character(key)
            # One CPU: when its shell answers, it has taken what the keyboard had.
            self.machine.command(":")

    def look(self):
        """[cursor, rows of text, rows of attributes] of tty1."""
        said = self.machine.command("cat /dev/vcsu1 /dev/vcsa1 | gzip | base64", 60)
        said = re.sub(r"\x1b\[[?;0-9]*[a-zA-Z]", "", said)  # what line editing says to the terminal
        image = zlib.decompress(base64.b64decode(said), ZLIB_GZIP)
        codes, glyphs = image[:ROWS * COLS * 4], image[ROWS * COLS * 4:]
        assert len(glyphs) == 4 + ROWS * COLS * 2 and tuple(glyphs[:2]) == (ROWS, COLS)
        text = codes.decode("utf-32-le")
        attributes = glyphs[5::2].hex()
        return [[glyphs[2], glyphs[3]],
                [text[at:at + COLS] for at in range(0, ROWS * COLS, COLS)],
                [attributes[at:at + 2 * COLS] for at in range(0, 2 * ROWS * COLS, 2 * COLS)]]

    def settle(self, pattern):
        """The screen once it shows a pattern and stays as it is."""
        deadline = time.monotonic() + self.machine.left(120)
        equal, last = 0, None
        while True:
            now = self.look()
            equal = equal + 1 if now == last else 0
            text = "\n".join(row.rstrip() for row in now[1]).rstrip("\n")
            if equal >= SETTLED and re.search(pattern, text, re.M):
                return now
            if time.monotonic() > deadline:
                raise machine.MachineError(f"waited for {pattern!r}; on the screen:\n{text}")
            last = now
            time.sleep(0.2)

    def becomes(self, wanted):
        """Waits for exactly this screen; what differs, if it does not come."""
        deadline = time.monotonic() + self.machine.left(60)
        while True:
            now = self.look()
            if now == wanted:
                return ""
            if time.monotonic() > deadline:
                return differences(wanted, now)
            time.sleep(0.2)


def differences(wanted, got):
    lines = []
    if wanted[0] != got[0]:
        lines.append(f"cursor: Linux {wanted[0]}, CloudOS {got[0]}")
    for part, kind in ((1, "text"), (2, "attributes")):
        for y, (left, right) in enumerate(zip(wanted[part], got[part])):
            if left != right and len(lines) < DIFFERENCES:
                lines += [f"row {y}, {kind}:", f"  Linux   |{left}|", f"  CloudOS |{right}|"]
    lines += ["what CloudOS shows:", *(row.rstrip() for row in got[1])]
    return "\n".join(lines)


def steps():
    """(name, keys, pattern) of all programs, one after the other."""
    for program, (command, parts) in PROGRAMS.items():
        yield f"{program}: start", command + "<ret>" + parts[0][0], parts[0][1]
        for keys, pattern in parts[1:]:
            yield f"{program}: {keys}", keys, pattern


def begin(start, kernel):
    # Linux's look at the timer interrupt fails on a busy host.
    words = "loglevel=1 no_timer_check" if kernel == "linux" else ""
    return Session(start(kernel=kernel, cpus=1, memory=256, limit=1500,
                         cmdline=f"console=tty0 console=ttyS0 quiet {words}"))


def on_linux(start, initramfs, again):
    """What Linux showed after each step; asked anew if `again`."""
    subprocess.run([os.path.join(machine.TOP, "tools", "get_linux"), os.path.join(machine.BUILD, "linux")],
                   check=True)
    key = hashlib.sha256()
    for path in (machine.kernel_path("linux"), initramfs, __file__):
        with open(path, "rb") as source:
            key.update(source.read())
    kept = os.path.join(machine.BUILD, "tests", "screens-linux.json")
    if os.path.exists(kept) and not again:
        with open(kept, encoding="utf-8") as source:
            known = json.load(source)
        if known["key"] == key.hexdigest():
            return known["screens"]
    session = begin(start, "linux")
    screens = []
    for _, keys, pattern in steps():
        session.type(keys)
        screens.append(session.settle(pattern))
    session.machine.close()
    with open(kept, "w", encoding="utf-8") as out:
        json.dump({"key": key.hexdigest(), "screens": screens}, out)
    return screens


def compare(start, expected):
    """What differs at the first step that does; "" when all screens are the same."""
    session = begin(start, "cloudos")
    try:
        for (name, keys, _), wanted in zip(steps(), expected):
            session.type(keys)
            different = session.becomes(wanted)
            if different:
                return f"{name}\n{different}"
    finally:
        session.machine.close()
    return ""


def test_same_screens(start, kernel, initramfs):
    if kernel != "cloudos":
        pytest.skip("it is compared with Linux")
    different = compare(start, on_linux(start, initramfs, False))
    if different:  # was Linux, on a busy host, looked at too early?
        different = compare(start, on_linux(start, initramfs, True))
    assert not different, different
