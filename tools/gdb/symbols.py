"""Where the kernel lies: symbols before the image has moved itself (KASLR), and after.

The image is linked at LINK_BASE, loaded at a physical address, and runs first there (16 and 32 bits, without
paging), then at its link address, and from boot_high on at link address + image_slide. At a stop, the IDT
register tells the slide of a kernel that runs; before boot_enter it is not in force.
"""
import re

import gdb
import values

LINK_BASE = 0xFFFFFFFF80000000
LOAD_BASE = 0x200000
slide = 0
file_name = None


def register():
    global file_name
    file_name = gdb.current_progspace().filename
    values.command(command_symbols)
    values.command(command_boot)


def move(to):
    """All symbols, moved by so much."""
    global slide
    if to == slide:
        return
    gdb.execute("symbol-file", to_string=True)
    gdb.execute(f"symbol-file {file_name} -o {to:#x}", to_string=True)
    slide = to


def address_at_link(name):
    found = re.search(r"0x([0-9a-f]+)", gdb.execute(f"info address {name}", to_string=True))
    return int(found[1], 16) - slide


def slide_in_force():
    """From the CPU's IDT register, or None while there is none of ours."""
    said = gdb.execute("monitor info registers", to_string=True)
    base = int(re.search(r"IDT=\s*([0-9a-f]+)", said)[1], 16)
    found = base - address_at_link("idt")
    return found if 0 <= found < 1 << 30 and found % 0x200000 == 0 else None


def command_symbols():
    """Moves the symbols to where the running kernel is."""
    found = slide_in_force()
    if found is None:
        program_counter = int(gdb.parse_and_eval("$pc"))
        # In 32 bits, before there are page tables, the code runs where it was loaded.
        move(LOAD_BASE - LINK_BASE & (1 << 64) - 1 if program_counter < 1 << 32 else 0)
        print("The kernel has not moved yet.")
        return
    move(found)
    print(f"The kernel is at {LINK_BASE + slide:#x} (KASLR: {slide:#x}).")


def run_to(address):
    gdb.execute(f"thbreak *{address:#x}", to_string=True)
    gdb.execute("continue", to_string=True)


def command_boot():
    """From reset to kernel_main, with the symbols at their final place."""
    move(0)
    enter, high = address_at_link("boot_enter"), address_at_link("boot_high")
    # Without symbols meanwhile: none of them fits every stage that is passed. And nothing is mapped yet where
    # the breakpoint is to be: only one of the CPU's own holds.
    gdb.execute("symbol-file", to_string=True)
    run_to(enter)
    # boot_enter(root, where to go on, ...)
    target = int(gdb.parse_and_eval("(unsigned long)$rsi"))
    run_to(target)
    gdb.execute(f"symbol-file {file_name}", to_string=True)
    move(target - high)
    run_to(int(gdb.parse_and_eval("(unsigned long)&kernel_main")))
    print(f"The kernel is at {LINK_BASE + slide:#x} (KASLR: {slide:#x}), at the start of kernel_main.")
