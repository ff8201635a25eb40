"""Processes, threads by CPU, locks held, backtraces."""
import contextlib

import gdb
import values

STATES = ((1, "S"), (2 | 4, "D"), (8, "T"), (16, "t"), (32, "Z"), (64, "X"), (128, "N"))
LEVELS = 7
LOCK_READ = 1
BACKTRACE_MAX = 40
# What switch_stack pushes, from the saved stack pointer up; the return address follows.
SAVED = ("r15", "r14", "r13", "r12", "rbx", "rbp", "rip")


def register():
    for function in (command_ps, command_threads, command_locks, command_bt, command_current):
        values.command(function)


def processes():
    yield values.variable("kernel_process")
    yield from values.entries(values.variable("all_processes"), values.type_of("process_t"), "all_link")


def threads_of(process):
    return values.entries(process["threads"], values.type_of("thread_t"), "process_link")


def threads():
    """Every one, the CPUs' idle threads included."""
    seen = set()
    for process in processes():
        for thread in threads_of(process):
            seen.add(int(thread.address))
            yield thread
    for cpu in values.cpus():
        idle = values.per_cpu("run_queue", cpu)["idle"]
        if int(idle) and int(idle) not in seen:
            yield idle.dereference()


def state(thread):
    flags = int(thread["state"])
    return next((letter for bits, letter in STATES if flags & bits), "R")


def where(thread):
    """What a sleeping thread waits in: the first function on its stack that is not the scheduler's."""
    if int(thread["sched"]["on_cpu"]):
        return "running"
    for address in return_addresses(thread):
        name = values.place(address)
        if not name.startswith(("schedule", "arch_switch", "switch_", "context_switch", "preempt_")):
            return name
    return "?"


def return_addresses(thread):
    """By frame pointers."""
    stack = int(thread["stack"])
    frame = int(thread["arch"]["sp"]) + SAVED.index("rbp") * values.WORD
    word = values.type_of("u64")
    yield int(values.at(frame + values.WORD, word))
    for _ in range(BACKTRACE_MAX):
        frame = int(values.at(frame, word))
        if not stack <= frame < stack + 0x8000:
            return
        yield int(values.at(frame + values.WORD, word))


def command_ps():
    """Processes: number, parent, state, threads, name, executable."""
    rows = []
    for process in processes():
        leader = process["leader"]
        parent = process["parent"]
        exe = process["exe"]
        rows.append((int(process["pid"]), int(parent["pid"]) if int(parent) else "-",
                     state(leader) if int(leader) else "-", int(process["thread_count"]),
                     values.text(leader["name"]) if int(leader) else "kernel",
                     values.text(exe["path"]["dentry"]["name"]) if int(exe) else "-"))
    values.table(rows, ["pid", "parent", "state", "threads", "name", "executable"])


def command_threads():
    """Threads by CPU: what runs, what is queued at which level, and what sleeps where."""
    every = list(threads())
    for cpu in values.cpus():
        queue = values.per_cpu("run_queue", cpu)
        current = int(queue["current"])
        queued = {}
        for level in range(LEVELS):
            for entity in values.entries(queue["level"][level], values.type_of("sched_entity_t"),
                                         "run_link"):
                queued[int(entity.address)] = level
        print(f"CPU {cpu}: {int(queue['nr_queued'])} queued, {int(queue['switches'])} switches")
        rows = []
        for thread in every:
            if int(thread["sched"]["cpu"]) != cpu:
                continue
            level = queued.get(int(thread["sched"].address))
            doing = ("runs" if int(thread.address) == current else
                     f"queued at level {level}" if level is not None else where(thread))
            rows.append((int(thread["tid"]), state(thread), values.text(thread["name"]), doing))
        values.table(rows, ["tid", "state", "name", "where"])


def command_locks():
    """Locks held, by thread: class, how, where it was taken. Debug builds only."""
    rows = []
    for thread in threads():
        if not values.has_field(thread, "held_locks"):
            raise gdb.GdbError("locks are recorded in debug builds only (make debug DEBUG=1)")
        for i in range(int(thread["held_count"])):
            held = thread["held_locks"][i]
            dep = held["dep"].cast(values.type_of("lock_dep_t").pointer())
            rows.append((int(thread["tid"]), values.text(thread["name"]), values.text(dep["class"]["name"]),
                         "read" if int(held["flags"]) & LOCK_READ else "write", hex(int(held["dep"])),
                         values.place(int(held["ip"]))))
    if rows:
        values.table(rows, ["tid", "name", "lock", "for", "address", "taken in"])
    else:
        print("No thread holds a lock.")


def command_current():
    """The thread that each CPU runs."""
    rows = []
    for cpu in values.cpus():
        thread = values.per_cpu("run_queue", cpu)["current"]
        rows.append((cpu, int(thread["tid"]), values.text(thread["name"]), hex(int(thread))))
    values.table(rows, ["cpu", "tid", "name", "thread_t"])


@contextlib.contextmanager
def registers_of(thread):
    """The stopped CPU's registers as the thread's were when it was switched away; then its own again."""
    gdb.newest_frame().select()
    names = SAVED + ("rsp",)
    before = {name: int(gdb.parse_and_eval(f"(unsigned long)${name}")) for name in names}
    sp, word = int(thread["arch"]["sp"]), values.type_of("u64")
    new = {name: int(values.at(sp + i * values.WORD, word)) for i, name in enumerate(SAVED)}
    new["rsp"] = sp + len(SAVED) * values.WORD
    try:
        for name in names:
            gdb.execute(f"set ${name} = {new[name]:#x}")
        yield
    finally:
        gdb.newest_frame().select()
        for name in names:
            gdb.execute(f"set ${name} = {before[name]:#x}")


def command_bt(which):
    """cloudos bt TID|NAME: backtrace of a thread that does not run (the others: GDB's own threads and bt)."""
    chosen = [thread for thread in threads()
              if which in (str(int(thread["tid"])), values.text(thread["name"]))]
    if not chosen:
        raise gdb.GdbError(f"no thread {which}")
    for thread in chosen:
        running = int(thread["sched"]["on_cpu"])
        print(f"{values.text(thread['name'])} ({state(thread)}), tid {int(thread['tid'])}, "
              f"process {int(thread['process']['pid'])}"
              + (f": runs on CPU {int(thread['sched']['cpu'])}, see `info threads`" if running else ":"))
        if not running:
            with registers_of(thread):
                gdb.execute(f"backtrace {BACKTRACE_MAX}")
