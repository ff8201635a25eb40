"""Backtraces through the assembly of the entries, which has no unwind tables: while it calls C, the interrupted
code's registers stand in a trap_frame_t just above its stack pointer."""
import gdb
import gdb.unwinder
import values

PAD = 8  # entry.asm keeps the stack aligned with it
SELECTORS = (0x10, 0x33)  # of the kernel's and the programs' code
SAVED = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
         "rip", "rsp")


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class EntryUnwinder(gdb.unwinder.Unwinder):
    def __init__(self):
        super().__init__("cloudos-entry")

    def __call__(self, pending):
        pc, sp = (pending.read_register(name) for name in ("rip", "rsp"))
        try:
            start, end = (int(gdb.parse_and_eval(f"(unsigned long)&entry_text_{edge}")) for edge in ("start", "end"))
            if not start <= int(pc) < end:
                return None
            frame = values.at(int(sp) + PAD, gdb.lookup_type("trap_frame_t"))
            if int(frame["cs"]) not in SELECTORS:
                return None
            info = pending.create_unwind_info(FrameId(sp, pc))
            for name in SAVED:
                info.add_saved_register(name, frame[name].cast(pending.read_register(name).type))
            return info
        except gdb.error:  # no symbols yet, or memory that is not there
            return None


def register():
    gdb.unwinder.register_unwinder(None, EntryUnwinder(), replace=True)
