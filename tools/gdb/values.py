"""Reading the kernel's data: variables, lists, per-CPU copies, radix trees, names."""
import gdb

WORD = 8


def command(function):
    """Makes `cloudos NAME` of a function, whose name is command_NAME and whose first line of text is its help."""
    name = "cloudos " + function.__name__.replace("command_", "", 1)

    class Command(gdb.Command):
        __doc__ = function.__doc__

        def __init__(self):
            super().__init__(name, gdb.COMMAND_STATUS)

        def invoke(self, argument, from_tty):
            try:
                function(*gdb.string_to_argv(argument))
            except TypeError as error:
                raise gdb.GdbError(f"{name}: {error}")

    Command()


def variable(name):
    """A variable of the kernel, of one file alone too."""
    symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
    if symbol is None:
        raise gdb.GdbError(f"this kernel has no variable {name}")
    return symbol.value()


def number(name):
    return int(variable(name))


def type_of(name):
    return gdb.lookup_type(name)


def has_field(value, name):
    return any(field.name == name for field in value.type.strip_typedefs().fields())


def at(address, kind):
    # Distances between copies are taken modulo 2^64.
    return gdb.Value(address % (1 << 64)).cast(kind.pointer()).dereference()


def per_cpu(name, cpu):
    value = variable(name)
    return at(int(value.address) + int(variable("percpu_offset")[cpu]), value.type)


def cpus():
    return range(number("cpu_count"))


def offset_of(kind, member):
    return next(field.bitpos // 8 for field in kind.strip_typedefs().fields() if field.name == member)


def entries(head, kind, member):
    """The structures of a list_t, which hang in it by that member. Ends at what cannot be followed."""
    offset, first = offset_of(kind, member), int(head.address)
    where, seen = int(head["next"]), set()
    while where and where != first and where not in seen:
        seen.add(where)
        yield at(where - offset, kind)
        where = int(at(where, head.type)["next"])


def radix(tree):
    """The entries of an xarray_t, by rising index."""
    node_type = type_of("xa_node_t")

    def below(node):
        for slot in range(node["slots"].type.range()[1] + 1):
            entry = int(node["slots"][slot])
            if entry and int(node["shift"]):
                yield from below(at(entry, node_type))
            elif entry:
                yield entry

    if int(tree["root"]):
        yield from below(tree["root"].dereference())


def text(value, limit=256):
    """A C string: a pointer or an array."""
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR and not int(value):
        return ""
    try:
        return value.string(errors="replace", length=-1)[:limit]
    except gdb.MemoryError:
        return "?"


def bytes_of(value, count=None):
    return bytes(gdb.selected_inferior().read_memory(int(value.address), count or value.type.sizeof))


def place(address):
    """name+0x12 of a code address."""
    block = gdb.block_for_pc(address)
    while block and not block.function:
        block = block.superblock
    if block:
        return f"{block.function.name}+0x{address - block.start:x}"
    said = gdb.execute(f"info symbol {address}", to_string=True).split(" in section")[0].strip()
    return f"0x{address:x}" if said.startswith("No symbol") else said.replace(" + ", "+")


def table(rows, heads):
    rows = [list(map(str, row)) for row in rows]
    widths = [max(len(row[i]) for row in [heads] + rows) for i in range(len(heads))]
    for row in [heads] + rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
