"""BusyBox as on Linux: one script that drives its applets prints the same on both kernels."""
import difflib
import hashlib
import os
import re
import subprocess

import machine

ALLOWED = 10  # lines


def output_of(kernel, initramfs, log):
    with machine.Machine(kernel=kernel, cpus=2, memory=256, initramfs=initramfs, log=log, limit=240,
                         cmdline="console=ttyS0 quiet run=/tests/applets.sh") as running:
        text = running.output()
    found = re.search(r"^## .*?^## done$", text, re.M | re.S)
    assert found, f"the script did not come to its end; log: {log}"
    return found[0]


def on_linux(initramfs, log):
    """What Linux printed: kept until script, programs or the oracle change."""
    subprocess.run([os.path.join(machine.TOP, "tools", "get_linux"),
                    os.path.dirname(machine.kernel_path("linux"))], check=True)
    key = hashlib.sha256()
    for path in (initramfs, machine.kernel_path("linux")):
        with open(path, "rb") as source:
            key.update(source.read())
    kept = os.path.join(machine.BUILD, "tests", f"applets-linux-{key.hexdigest()[:16]}.txt")
    if not os.path.exists(kept):
        text = output_of("linux", initramfs, log)
        with open(kept, "w", encoding="utf-8", newline="") as out:
            out.write(text)
    with open(kept, encoding="utf-8", newline="") as source:
        return source.read()


def test_applets(kernel, initramfs):
    logs = os.path.join(machine.BUILD, "tests", "logs")
    os.makedirs(logs, exist_ok=True)
    expected = on_linux(initramfs, os.path.join(logs, "linux-applets.log"))
    got = output_of(kernel, initramfs, os.path.join(logs, f"{kernel}-applets.log"))
    diff = list(difflib.unified_diff(expected.split("\n"), got.split("\n"), "linux", kernel, n=0,
                                     lineterm=""))
    changed = [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    removed = len([line for line in changed if line[0] == "-"])
    # A line that reads otherwise is one difference, not two.
    differing = max(removed, len(changed) - removed)
    print("\n".join(diff))
    assert differing <= ALLOWED, f"{differing} lines differ from Linux:\n" + "\n".join(diff[:200])
