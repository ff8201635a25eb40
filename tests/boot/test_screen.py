"""The text console: what is typed on QEMU's keyboard, and what its screen shows.

PVH boots leave the screen in VGA text mode; GRUB hands over a frame buffer, under BIOS and UEFI.
"""
import pytest

import screen

PROMPT = r"cloudos:/#"  # blanks at a row's end are not seen
# Colours as the console's palette has them.
GREY, RED, BLUE = b"\xaa\xaa\xaa", b"\xaa\0\0", b"\0\0\xaa"
LED_TRACE = "ps2_set_ledstate"
CAPS_LED = 4  # IBM PS/2 Technical Reference, "Set/Reset Status Indicators"
REPEATED = 8  # characters that a person would call repetition


@pytest.fixture
def console(start):
    """A machine with a shell on its screen and one on its serial line; the screen's comes first."""

    def begin(**wanted):
        wanted.setdefault("cpus", 2)
        running = start(memory=256, limit=600, cmdline="console=ttyS0 console=tty0 quiet", **wanted)
        running.prompt(120)
        shown = screen.Screen(running)
        shown.wait(PROMPT + r"\Z")
        return running, shown

    return begin


def size_of(shown):
    """Rows and columns as the shell knows them."""
    return shown.command("stty size").split()


@pytest.mark.parametrize("boot,media", (("bios", "cd"), ("uefi", "cd"), ("bios", "usb"), ("uefi", "usb")))
def test_framebuffer(console, boot, media):
    running, shown = console(boot=boot, media=media)
    assert shown.command("tty") == "/dev/tty1"
    picture = shown.picture()
    assert size_of(shown) == [str(picture.height // 16), str(picture.width // 8)]
    assert picture.width >= 640 and picture.height >= 480
    assert shown.command("echo $((40+2)) 'Az09 !@#%^&*(){}[];:,.<>/?|~`_=+-'") == \
        "42 Az09 !@#%^&*(){}[];:,.<>/?|~`_=+-"
    # A red and a blue bar, seventy cells each.
    shown.command(r"for c in 1 4; do printf '\033[4%sm%70s\033[m\n' $c; done")
    colors = shown.picture().colors()
    assert colors[RED] == colors[BLUE] == 70 * 8 * 16
    # UTF-8, and lines that are drawn.
    assert shown.command(r"printf '\303\244\303\237\342\202\254 \342\224\214\342\224\200\342\224\220\n'") == \
        "\xe4\xdf\u20ac \u250c\u2500\u2510"
    running.line("poweroff")
    running.ended(90)


def test_vga_text(console):
    running, shown = console()
    assert size_of(shown) == ["25", "80"]
    assert "VGA text" in running.command("dmesg | grep screen:")
    assert shown.command("tty") == "/dev/tty1"
    # Editing a line, history, and keys that stop a program.
    shown.type("echo one twX")
    shown.press("backspace")
    shown.press("home")
    shown.press("right")
    shown.press("end")
    shown.press("o")
    shown.press("ret")
    shown.wait(r"\none two\n" + PROMPT)
    shown.press("up")
    shown.wait(PROMPT + r" echo one two\Z")
    shown.press("ctrl-u")
    shown.wait(r"\n" + PROMPT + r"\Z")
    shown.line("cat")
    shown.line("typed")
    shown.wait(r"typed\ntyped\Z")
    shown.press("ctrl-c")
    shown.wait(r"\^C\n" + PROMPT + r"\Z")


def test_ctrl_alt_del(console):
    running, shown = console()
    # Once it does not restart the machine it interrupts whom cad_pid names, which is init at first.
    running.command("echo 0 >/proc/sys/kernel/ctrl-alt-del")
    running.line("sh -c 'w=go; trap \"echo ${w}ne; exit\" INT; echo $$ >/proc/sys/kernel/cad_pid; echo ${w}od; "
                 "while :; do sleep 1; done'")
    running.expect("good")
    shown.press("ctrl-alt-delete")
    running.expect("gone")
    running.prompt()


def test_consoles(console):
    running, shown = console()
    shown.command("echo first")
    shown.press("alt-f2")
    shown.wait("press Enter to activate this console")
    shown.press("ret")
    shown.wait(PROMPT + r"\Z")
    assert shown.command("tty") == "/dev/tty2"
    assert "first" not in shown.text()
    shown.press("alt-f1")
    shown.wait(r"echo first\nfirst\n" + PROMPT)
    shown.press("alt-right")
    shown.wait("/dev/tty2")
    shown.press("alt-left")
    shown.wait("first")
    running.command("chvt 2")
    shown.wait("/dev/tty2")
    # Output goes on where no one looks.
    running.command("echo unseen >/dev/tty1; chvt 1")
    shown.wait("unseen")
    running.line("openvt -c 9 -s -w sh -c 'tty; read x'")
    shown.wait(r"\A/dev/tty9\Z")
    shown.press("ret")
    shown.wait("unseen")
    running.prompt()


def test_scrollback(console):
    running, shown = console(boot="bios")
    lines = int(size_of(shown)[0])
    last = 1000 + 4 * lines
    shown.line(f"seq 1001 {last}")
    shown.wait(rf"{last}\n{PROMPT}\Z")
    bottom = shown.text()
    assert "1001" not in bottom and bottom.endswith(f"{last}\n{PROMPT}")
    shown.press("shift-pgup")
    shown.wait(r"\A\d+\n(.*\n)*%d\Z" % (last + 1 - lines // 2))
    for _ in range(8):
        shown.press("shift-pgup")
    shown.wait("1001\n1002\n")
    shown.press("shift-pgdn")
    shown.wait(r"\A1\d+\n")
    for _ in range(20):
        shown.press("shift-pgdn")
    shown.wait(rf"{last}\n{PROMPT}\Z")
    assert shown.text() == bottom
    # What is written is to be seen.
    shown.press("shift-pgup")
    shown.wait(rf"(?<!{PROMPT})\Z")
    running.command("echo new >/dev/tty1")
    shown.wait(rf"{last}\n{PROMPT} new\Z")


def test_locks_and_repetition(console):
    running, shown = console(qemu_args=("-trace", LED_TRACE))
    shown.press("caps_lock")
    running.expect(LED_TRACE + rf" .*ledstate {CAPS_LED}\b")
    shown.press("a")
    shown.press("1")
    shown.press("shift-b")
    shown.wait(PROMPT + r" A1b\Z")
    shown.press("caps_lock")
    running.expect(LED_TRACE + r" .*ledstate 0\b")
    shown.press("a")
    shown.wait(PROMPT + r" A1ba\Z")
    shown.press("ctrl-u")
    # Each console has its own locks: the light goes with the console in front.
    shown.press("num_lock")
    running.expect(LED_TRACE + r" .*ledstate 2\b")
    shown.press("alt-f2")
    running.expect(LED_TRACE + r" .*ledstate 0\b")
    shown.press("alt-f1")
    running.expect(LED_TRACE + r" .*ledstate 2\b")
    shown.press("num_lock")
    shown.keys(True, "x")
    shown.wait(PROMPT + " x{%d,}" % REPEATED)
    shown.keys(False, "x")
    shown.press("ctrl-u")
    shown.wait(r"\n" + PROMPT + r"\Z")
    # A modifier alone repeats nothing, and none is left behind.
    shown.keys(True, "shift")
    shown.press("y")
    shown.keys(False, "shift")
    shown.press("y")
    shown.wait(PROMPT + r" Yy\Z")


@pytest.mark.parametrize("boot", ("pvh", "bios"))
def test_panic(start, boot):
    """A panic is to be read on the screen; without `quiet` the serial line says the same."""
    running = start(boot=boot, memory=128, cmdline="console=ttyS0 console=tty0 quiet rdinit=/bin/false")
    shown = screen.Screen(running)
    found = shown.wait(r"Kernel panic: (.*)", timeout=120)
    assert "init" in found[1]
    shown.wait(r"end of panic: halted")
