#!/usr/bin/python3
# limit: 300
"""less, vim, tmux, htop, top and a shell's line editing on a pseudo-terminal."""
import os
import subprocess
import time

from terminal import Terminal

with open("lines", "w", encoding="utf-8") as out:
    out.writelines(f"line {n} of many\n" for n in range(1, 1001))


def screen(name):
    """What tmux shows in a pane, without empty lines."""
    done = subprocess.run(["tmux", "-L", "t", "capture-pane", "-p", "-t", name], capture_output=True, text=True)
    return [line.rstrip() for line in done.stdout.split("\n") if line.strip()]


def tmux(*words):
    return subprocess.run(["tmux", "-L", "t", *words], capture_output=True, text=True).stdout.strip()


def until(condition):
    for _ in range(300):
        if condition():
            return True
        time.sleep(0.1)
    return False


def less():
    t = Terminal(["less", "lines"])
    t.wait(r"line 23 of many")
    t.send(" ")
    t.wait(r"line 46 of many")
    t.send("G")
    t.wait(r"line 1000 of many")
    t.wait(r"\(END\)")
    t.send("/line 5.0\n")
    t.wait(r"Pattern not found")
    t.send("\ng")
    t.wait(r"line 1 of many")
    t.send("/line 5.0\n")
    t.wait(r"510")
    t.send("F")
    t.wait(r"Waiting for data")
    with open("lines", "a", encoding="utf-8") as out:
        out.write("a line that came later\n")
    t.wait(r"a line that came later")
    t.send("\x03")
    t.wait(r"\(END\)")
    t.send("q")
    t.finish()


def vim():
    t = Terminal(["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "text"])
    t.wait("text")
    t.send("ihello from vim\nsecond line\x1b")
    t.send(":s/second/2nd/\n:w\n")
    t.wait("written")
    t.send("ggyyp:%s/vim/the editor/g\n:2,$!sort -r\n")
    t.send(":r !echo from a shell\n")
    t.wait("from a shell")
    t.resize(30, 100)
    t.wait(r"\x1b\[H\x1b\[J")  # it draws all anew
    t.send(":call setline(1, 'columns ' . &columns)\n")
    t.wait("columns 100")
    t.send(":wq\n")
    t.finish()
    with open("text", encoding="utf-8") as text:
        print(text.read())
    t = Terminal(["vim", "-N", "-u", "NONE", "-i", "NONE", "text"])
    t.wait("hello")
    print(any(name.endswith(".swp") for name in os.listdir(".")))
    t.send("\x1a")  # nobody continues it but we
    time.sleep(0.3)
    os.kill(t.pid, 18)
    t.send(":q!\n")
    t.finish()
    print(any(name.endswith(".swp") for name in os.listdir(".")))


def bash():
    with open("inputrc", "w", encoding="utf-8") as rc:
        rc.write("set enable-bracketed-paste off\n")
    t = Terminal(["bash", "--norc"], env={"PS1": "> ", "HISTFILE": "history", "INPUTRC": "inputrc"})
    t.wait("> ")
    t.send("echo fi\x01\x05rst\n")
    t.wait(r"\r\nfirst\r\n> ")
    t.send("\x10\x17second\n")
    t.wait(r"\r\nsecond\r\n> ")
    t.send("\x12fir")
    t.wait("reverse-i-search")
    t.send("\r")
    t.wait(r"\r\nfirst\r\n> ")
    t.send("sleep 1000\n")
    t.wait("sleep 1000\r+\n")
    until(lambda: subprocess.run(["pgrep", "-P", str(t.pid), "sleep"], capture_output=True).returncode == 0)
    t.send("\x1a")
    t.wait("Stopped")
    t.wait("> ")
    t.send("bg; jobs\n")
    t.wait("Running")
    t.wait("> ")
    t.send("kill %1\n")
    until(lambda: subprocess.run(["pgrep", "-P", str(t.pid), "sleep"], capture_output=True).returncode == 1)
    t.send("\n")  # bash tells before its next prompt, if it has not yet
    t.wait("Terminated")
    t.wait("> ")
    t.send("cat\n")
    until(lambda: subprocess.run(["pgrep", "-P", str(t.pid), "cat"], capture_output=True).returncode == 0)
    t.send("echoed\n")
    t.wait("echoed\r\nechoed\r\n")
    t.send("\x04")
    t.wait("> ")
    t.send("stty -a | grep -o 'rows [0-9]*; columns [0-9]*'; tty | sed 's/[0-9]*$//'\n")
    t.wait("rows 24; columns 80")
    t.wait("/dev/pts/")
    t.send("exit\n")
    t.finish()


def two_panes():
    print(subprocess.run(["tmux", "-L", "t", "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30",
                          "-s", "s", "bash --norc"], capture_output=True, text=True))
    print(tmux("split-window", "-h", "-t", "s", "bash --norc"), tmux("list-panes", "-t", "s", "-F", "#P #{pane_width}"))
    for pane, text in (("s:0.0", "left"), ("s:0.1", "right")):
        tmux("send-keys", "-t", pane, f"echo from the {text}; stty size", "Enter")
        until(lambda pane=pane, text=text: f"from the {text}" in screen(pane))
        until(lambda pane=pane: any(line.startswith("30 ") or line.startswith("29 ") for line in screen(pane)))
        print([line for line in screen(pane) if "$" not in line and "#" not in line])
    t = Terminal(["tmux", "-L", "t", "attach", "-t", "s"], rows=30, columns=100)
    t.wait("from the left")
    t.wait("from the right")
    t.send("\x02o")
    t.send("echo typed $((6 * 7))\n")
    t.wait("typed 42")
    t.send("\x02d")
    t.wait("detached")
    t.finish()
    print(tmux("resize-pane", "-t", "s:0.0", "-x", "30"), tmux("list-panes", "-t", "s", "-F", "#{pane_width}"))
    tmux("kill-pane", "-t", "s:0.1")
    print(tmux("list-panes", "-t", "s", "-F", "#P #{pane_width}"))
    tmux("kill-server")
    print(until(lambda: subprocess.run(["pgrep", "tmux"], capture_output=True).returncode == 1))


def htop():
    t = Terminal(["htop", "-d", "5", "--no-color"], rows=40, columns=120)
    t.wait("Mem")
    t.wait("Uptime")
    t.wait("PID")
    t.wait("htop")
    t.send("t")
    t.wait("init|run_scripts")
    t.send("/")
    t.wait("Search")
    t.send("htop\n")
    t.send("l")  # lsof of the process
    t.wait("Files|/dev/p?t")
    t.send("\x1b")
    time.sleep(1)
    t.send("q")
    t.finish()


def top():
    t = Terminal(["top", "-d", "0.5"])
    t.wait("load average")
    t.wait("PID USER")
    t.send("1")
    t.wait("Cpu0")
    t.send("H")
    t.wait("Threads")
    t.send("q")
    t.finish()


for part in (less, vim, bash, two_panes, htop, top):
    print(f"## {part.__name__}", flush=True)
    part()
