"""GDB commands for a CloudOS in QEMU. `make debug` loads this; by hand:

    gdb build/cloudos.elf -ex "source tools/gdb/cloudos.py" -ex "target remote :1234" -ex "cloudos symbols"

`help cloudos` lists the commands. They read memory only: nothing is locked and nothing is called, so what
another CPU was changing when the machine stopped is seen half done. Kernel memory is read through the stopped
CPU's page tables; with KPTI on (`pti=on`), stop in the kernel first.
"""
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(os.path.expanduser(__file__))))
import kernel_state  # noqa: E402
import kernel_tasks  # noqa: E402
import symbols  # noqa: E402
import unwind  # noqa: E402


class Prefix(gdb.Command):
    """CloudOS: what the kernel in the stopped machine is doing."""

    def __init__(self):
        super().__init__("cloudos", gdb.COMMAND_STATUS, prefix=True)


Prefix()
gdb.execute("set pagination off")
gdb.execute("set confirm off")
for module in (symbols, unwind, kernel_tasks, kernel_state):
    module.register()
