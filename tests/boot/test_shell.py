"""The interactive shell on the serial line: what a person types, and what comes back."""
import os
import re
import sys
import time

import machine

sys.path.append(os.path.join(machine.TOP, "tools"))
from cpio_archive import Archive  # noqa: E402

CTRL = {key: chr(ord(key) - 64) for key in "ABCDEFGHIJKLMNOPQRSTUVWXYZ\\"}
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[1~", "\x1b[4~", "\x1b[3~"


def typed(shell, keys):
    """Types at the prompt, then Enter; returns the line printed before the next prompt."""
    shell.send(keys + "\r")
    # Editing draws the prompt again and again: only one at the start of a line ends the command.
    found = shell.expect(r"\n([^\r\n]+)\r+\n" + machine.PROMPT, 20)
    return found[1].decode()


def run_job(shell, command):
    """Starts a foreground job and returns when keys reach it: before, line editing would take them."""
    shell.line(f"/tests/job {command}")
    shell.expect(r"job runs\r+\n")


def test_commands(shell):
    assert shell.command("echo one two | tr a-z A-Z") == "ONE TWO"
    assert shell.command("false; echo $?") == "1"
    assert shell.command("tty") == "/dev/ttyS0"
    assert shell.command("cat /proc/$$/comm") == "sh"
    assert shell.command("for i in 1 2 3; do echo -n $i; done; echo") == "123"
    assert shell.command("cd /etc; pwd; cd /") == "/etc"
    assert "nosuchcommand" in shell.command("nosuchcommand")


def test_interrupt(shell):
    run_job(shell, "sleep 1000")
    shell.send(CTRL["C"])
    shell.expect(r"\^C")
    shell.prompt()
    assert shell.command("echo $?") == "130"
    run_job(shell, "cat")
    shell.line("come back")
    shell.expect(r"come back\r+\ncome back\r+\n")
    shell.send(CTRL["C"])
    shell.prompt()
    # A loop in the shell itself, and a pipeline.
    shell.line("echo go; while :; do :; done")
    shell.expect(r"\ngo\r+\n")
    shell.send(CTRL["C"])
    shell.prompt()
    shell.line("echo go; yes | cat >/dev/null")
    shell.expect(r"\ngo\r+\n")
    time.sleep(1)
    shell.send(CTRL["C"])
    shell.prompt()
    assert shell.command("jobs") == ""


def test_end_of_file(shell):
    run_job(shell, "tee /tmp/typed")
    shell.line("first")
    shell.line("second")
    shell.send(CTRL["D"])
    shell.prompt()
    assert shell.command("cat /tmp/typed").split() == ["first", "second"]


def test_job_control(shell):
    run_job(shell, "sleep 1000")
    shell.send(CTRL["Z"])
    shell.expect(r"\[1\]\+ +Stopped")
    shell.prompt()
    assert re.search(r"\[1\]\+ +Stopped +/tests/job sleep 1000", shell.command("jobs"))
    assert re.search(r"sleep 1000", shell.command("bg"))
    assert re.search(r"\[1\]\+ +Running +/tests/job sleep 1000", shell.command("jobs"))
    shell.line("fg")
    shell.expect(r"job sleep 1000\r+\n")
    shell.send(CTRL["C"])
    shell.prompt()
    assert shell.command("jobs") == ""
    shell.command("sleep 1000 &")
    shell.command("sleep 2000 &")
    assert len(shell.command("jobs").split("\n")) == 2
    shell.command("kill %1; sleep 1")
    assert "Terminated" in shell.before() + shell.command("jobs")
    assert "Running" in shell.command("jobs")
    shell.command("kill -STOP %2; sleep 1")
    assert "Stopped" in shell.command("jobs")
    assert shell.command("cut -d' ' -f3 /proc/$!/stat") == "T"
    assert shell.command("kill -CONT %2; sleep 1; cut -d' ' -f3 /proc/$!/stat") == "S"
    shell.command("kill -9 %2; sleep 1")
    shell.command("")
    assert shell.command("jobs") == ""
    # A background job that wants to read the terminal is stopped.
    shell.command("cat &")
    shell.command("sleep 1")
    assert re.search(r"Stopped \(tty input\) +cat", shell.command("jobs"))
    shell.command("kill %1; sleep 1")
    shell.command("wait")


def test_quit_key(shell):
    run_job(shell, "sleep 1000")
    shell.send(CTRL["\\"])
    shell.expect("Quit")
    shell.prompt()


def test_stty(shell):
    assert re.search(r"speed \d+ baud", shell.command("stty"))
    settings = shell.command("stty -a")
    assert "intr = ^C" in settings and "susp = ^Z" in settings
    assert re.search(r"(?<!-)\becho\b", settings) and re.search(r"(?<!-)\bicanon\b", settings)
    shell.command("stty intr ^X")
    run_job(shell, "sleep 1000")
    shell.send(CTRL["X"])
    shell.prompt()
    shell.command("stty intr ^C")
    shell.line("stty -echo; echo go; read word; stty echo; echo \"<$word>\"")
    shell.expect(r"\ngo\r+\n")
    shell.line("secret")
    shell.prompt()
    assert shell.before().strip() == "<secret>"
    shell.command("stty rows 33 cols 99")
    assert shell.command("stty size") == "33 99"
    shell.command("stty sane")
    assert re.search(r"(?<!-)\becho\b", shell.command("stty -a"))


def test_window_size(shell):
    shell.command("stty rows 43 cols 132")
    assert shell.command("stty size") == "43 132"
    # Whoever is in the foreground hears of a change.
    shell.line("sh -c 'trap \"stty size\" WINCH; stty rows 50 cols 70; sleep 1'")
    shell.expect(r"\n50 70\r+\n")
    shell.prompt()


def test_line_editing(shell):
    assert typed(shell, "echo abXc" + LEFT + "\x7f" + END) == "abc"
    assert typed(shell, "cho start" + CTRL["A"] + "e") == "start"
    assert typed(shell, "echo end" + CTRL["A"] + CTRL["E"] + "ing") == "ending"
    assert typed(shell, "nonsense" + CTRL["U"] + "echo fresh") == "fresh"
    assert typed(shell, "echo keep drop" + CTRL["W"] + "this") == "keep this"
    assert typed(shell, "echo right" + LEFT * 5 + RIGHT * 2 + "X" + END) == "riXght"
    assert typed(shell, "echo cut here" + LEFT * 5 + CTRL["K"]) == "cut"
    assert typed(shell, "echo Zx" + LEFT * 2 + DELETE) == "x"
    assert typed(shell, "cho home" + HOME + "e" + END) == "home"
    typed(shell, "echo history one")
    typed(shell, "echo history two")
    assert typed(shell, UP) == "history two"
    assert typed(shell, UP + UP) == "history one"
    assert typed(shell, UP + UP + DOWN + "!") == "history one!"
    # Completion of a command's argument.
    assert typed(shell, "echo /etc/hostn\t") == "/etc/hostname"
    assert typed(shell, "cat /etc/hostn\t") == "cloudos"
    # A line longer than the screen is wide, edited at its beginning.
    word = "w" * 150
    assert typed(shell, "cho " + word + CTRL["A"] + "e").replace("\n", "").endswith(word[-20:])


def test_shell_respawns(shell):
    pid = shell.command("echo $$")
    shell.line("exit")
    shell.prompt()
    assert shell.command("echo $$") != pid
    assert shell.command("ps | grep -c 'root  *-/bin/sh'") == "1"


def test_orphans_reaped(shell):
    shell.command("for i in 1 2 3 4 5 6 7 8; do (sleep 0.2 &); done; sleep 1")
    # BusyBox init takes one a second.
    waiting = "ps -o stat,comm | grep -q '^Z'"
    shell.command(f"turn=0; while {waiting} && [ $turn -lt 40 ]; do sleep 1; turn=$((turn + 1)); done", 90)
    assert shell.command("ps -o stat,comm | grep -c '^Z'") == "0"


def test_reboot(shell):
    shell.line("reboot")
    shell.ended(60)  # started with -no-reboot: a reset ends QEMU


def test_poweroff(shell):
    shell.line("poweroff")
    shell.ended(60)


def test_halt_command_line(start):
    running = start(cmdline="console=ttyS0 quiet", cpus=1, memory=128)
    running.prompt(90)
    running.line("poweroff -f")
    running.ended(60)


def test_two_consoles(start):
    """A shell on each console that the command line names; the last one is /dev/console."""
    running = start(cmdline="console=ttyS1 console=ttyS0 quiet", memory=256,
                    qemu_args=("-chardev", "null,id=other", "-serial", "chardev:other"))
    running.prompt(90)
    assert running.command("ps | grep -c 'root  *-/bin/sh'") == "2"
    assert running.command("cat /etc/inittab | grep -c respawn") == "2"


def test_run_word(start):
    """run=SCRIPT runs it instead of a shell, reports its status and powers off."""
    running = start(cmdline="console=ttyS0 quiet run=/bin/false")
    assert "run: exit status 1" in running.output()


def test_init_arguments(start):
    """Words that the kernel does not know go to init: name=value as environment."""
    running = start(cmdline="console=ttyS0 quiet colour=blue rdinit=/tests/show_init word")
    text = running.output()
    assert re.search(r"init: argument word\n", text)
    assert re.search(r"init: colour=blue\n", text)


def test_early_archive(start, initramfs, tmp_path):
    """A plain archive before the compressed one, as images have that bring microcode."""
    early = Archive()
    early.add("early/microcode", 0o100644, b"first\n")
    both = tmp_path / "both"
    with open(both, "wb") as out, open(initramfs, "rb") as compressed:
        early.write(out)
        out.write(compressed.read())
    running = start(memory=256, cmdline="console=ttyS0 quiet", initramfs=str(both))
    running.prompt(90)
    assert running.command("cat /early/microcode") == "first"
