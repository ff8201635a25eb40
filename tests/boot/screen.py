"""The screen and the keyboard of a Machine, through QEMU's machine protocol (QMP).

Concepts.  Keys are pressed as QEMU's key codes ("a", "ret", "alt", ...); they reach the guest through its PS/2
keyboard. The screen is read as a person does, from pixels: a dump is cut into cells, and each cell's pattern
is looked up in the kernel's font. So what a test sees has gone all the way through the console and the
frame buffer (or the VGA card's text mode).

The keyboard holds few bytes that the guest has not taken yet: typing goes on when what was typed is seen.
"""
import importlib.util
import json
import os
import re
import socket
import time
from importlib.machinery import SourceFileLoader

import machine

FONT = os.environ.get("CONSOLE_FONT", "/usr/share/consolefonts/Lat15-Fixed16.psf.gz")
FONT_WIDTH = 8
CURSOR_ROWS = 2
TYPED_AT_ONCE = 3  # characters; a keyboard keeps 16 bytes, and a shifted character is 4
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
LOOK_AGAIN = 0.2  # seconds

KEYS = {" ": "spc", "\n": "ret", "\t": "tab", "\x1b": "esc", "\x7f": "backspace", "-": "minus",
        "=": "equal", "[": "bracket_left", "]": "bracket_right", "\\": "backslash", ";": "semicolon",
        "'": "apostrophe", "`": "grave_accent", ",": "comma", ".": "dot", "/": "slash"}
SHIFTED = dict(zip('!@#$%^&*()_+{}|:"<>?~', "1234567890-=[]\\;',./`"))


def _tool(name):
    path = os.path.join(machine.TOP, "tools", name)
    spec = importlib.util.spec_from_loader(name, SourceFileLoader(name, path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _typed(text):
    """A pattern for text on the screen, where it may go on in the next row and blanks are not seen."""
    return r"\n?".join(r"[ \n]?" if char == " " else re.escape(char) for char in text.rstrip())


class Font:
    """Patterns (a byte a row) to characters; where several look the same, the lowest code point."""

    def __init__(self, path):
        _, self.height, glyphs, pairs = _tool("gen_font").read_font(path)
        self._by_pattern, self._by_top, self._seen = {}, {}, {}
        for code, glyph in sorted(pairs, reverse=True):
            pattern = glyphs[glyph * self.height:(glyph + 1) * self.height]
            self._by_pattern[pattern] = chr(code)
            self._by_top[pattern[:-CURSOR_ROWS]] = chr(code)

    def character(self, cell):
        """What a cell shows: the bytes of its pixels, row by row."""
        if cell not in self._seen:
            self._seen[cell] = self._look_up([cell[at:at + 3] for at in range(0, len(cell), 3)])
        return self._seen[cell]

    def _look_up(self, pixels):
        colors = sorted(set(pixels))
        if len(colors) == 1:
            return " "
        for ink in colors if len(colors) == 2 else ():
            pattern = bytes(sum(0x80 >> x for x in range(FONT_WIDTH) if pixels[at + x] == ink)
                            for at in range(0, len(pixels), FONT_WIDTH))
            if pattern in self._by_pattern:
                return self._by_pattern[pattern]
            if pattern.endswith(b"\xff" * CURSOR_ROWS) and pattern[:-CURSOR_ROWS] in self._by_top:
                return self._by_top[pattern[:-CURSOR_ROWS]]
        return UNKNOWN


class Picture:
    """A dump of the screen (PPM): width, height and pixels of three bytes."""

    def __init__(self, path):
        with open(path, "rb") as source:
            magic, size, depth, self.pixels = source.read().split(b"\n", 3)
        assert magic == b"P6" and depth == b"255"
        self.width, self.height = (int(word) for word in size.split())

    def text(self, font):
        """The rows of characters that are shown, without blanks at their ends."""
        line, wide = self.width * 3, FONT_WIDTH * 3
        rows = []
        for top in range(0, self.height // font.height * font.height, font.height):
            lines = [self.pixels[y * line:(y + 1) * line] for y in range(top, top + font.height)]
            rows.append("".join(font.character(b"".join(pixels[x:x + wide] for pixels in lines))
                                for x in range(0, line - wide + 1, wide)).rstrip())
        return rows

    def colors(self):
        """How many pixels have which colour."""
        found = {}
        for at in range(0, len(self.pixels), 3):
            color = self.pixels[at:at + 3]
            found[color] = found.get(color, 0) + 1
        return found


class Screen:
    def __init__(self, running):
        self.machine = running
        self._font = Font(FONT)
        self._socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + running.left(60)
        while True:
            try:
                self._socket.connect(running.qmp_path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_AGAIN)
        self._stream = self._socket.makefile("rw", encoding="utf-8")
        self._stream.readline()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        """Runs a command of QEMU's and returns what it answers."""
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while True:
            line = self._stream.readline()
            if not line:
                raise machine.MachineError(f"{command}: QEMU has ended")
            answer = json.loads(line)
            if "error" in answer:
                raise machine.MachineError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    # ---- keyboard ----

    def _send(self, *changes):
        self.execute("input-send-event", events=[
            {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": code}}}
            for down, code in changes])

    def keys(self, down, *codes):
        """Presses keys, or lets them go."""
        self._send(*((down, code) for code in codes))

    def press(self, chord):
        """Presses keys like "alt-f2" together, and lets them go: at once, or a busy host would repeat them."""
        codes = chord.split("-")
        self._send(*((True, code) for code in codes), *((False, code) for code in reversed(codes)))

    def character(self, char):
        """Presses the keys of a character."""
        shifted = char.isupper() or char in SHIFTED
        plain = SHIFTED.get(char, char.lower())
        self.press(("shift-" if shifted else "") + KEYS.get(plain, plain))

    def type(self, text):
        """Types a text of one line; each piece is to be seen on the screen before the next is typed."""
        for start in range(0, len(text), TYPED_AT_ONCE):
            for char in text[start:start + TYPED_AT_ONCE]:
                self.character(char)
            self.wait(_typed(text[:start + TYPED_AT_ONCE]) + r"\Z")

    def line(self, text):
        self.type(text)
        self.press("ret")

    def command(self, text, prompt=machine.PROMPT.rstrip()):
        """A command at a prompt that is the last thing on the screen; returns what it printed."""
        self.line(text)
        found = self.wait(_typed(text) + r"\n(?:(.*)\n)?" + prompt + r"\Z", re.S)
        return found[1] or ""

    # ---- screen ----

    def picture(self):
        path = os.path.join(os.path.dirname(self.machine.qmp_path), "screen.ppm")
        self.execute("screendump", filename=path)
        return Picture(path)

    def rows(self):
        return self.picture().text(self._font)

    def text(self):
        """All rows, without what is blank at their ends and at the end."""
        return "\n".join(self.rows()).rstrip("\n")

    def wait(self, pattern, flags=0, timeout=90):
        """Waits until the screen's text matches a regular expression, and returns the last match."""
        deadline = time.monotonic() + self.machine.left(timeout)
        while True:
            text = self.text()
            found = None
            for found in re.finditer(pattern, text, flags):
                pass
            if found:
                return found
            if time.monotonic() > deadline:
                raise machine.MachineError(f"waited for {pattern!r}; on the screen:\n{text}")
            time.sleep(LOOK_AGAIN)
