"""The kernel log, memory zones, slab caches, mounts."""
import gdb
import values

PAGE_KIB = 4
NSEC_PER_USEC = 1000


def register():
    for function in (command_log, command_memory, command_slabs, command_mounts):
        values.command(function)


def command_log(last="0"):
    """cloudos log [N]: the kernel log, or its last N lines, those too that no console has shown."""
    descriptors = values.variable("descriptors")
    ring = values.bytes_of(values.variable("text_ring"))
    records = descriptors.type.range()[1] + 1
    first, end = values.number("first_seq"), values.number("next_seq")
    if int(last, 0):
        first = max(first, end - int(last, 0))
    for seq in range(first, end):
        record = descriptors[seq % records]
        at, length = int(record["position"]) % len(ring), int(record["length"])
        line = (ring + ring)[at:at + length].decode(errors="replace")
        usec = int(record["time"]) // NSEC_PER_USEC
        print(f"[{usec // 1000000:5}.{usec % 1000000:06}] {line}")


def command_memory():
    """Memory zones: free pages, watermarks, free blocks by order, pages on CPUs' lists."""
    rows = []
    for i in range(values.number("zone_count")):
        zone = values.variable("zones")[i]
        if not int(zone["present"]):
            continue
        on_cpus = sum(int(zone["pcp"][cpu]["count"]) for cpu in values.cpus() if int(zone["pcp"][cpu]))
        counts = zone["block_count"]
        blocks = [f"{order}:{int(counts[order])}" for order in range(counts.type.range()[1] + 1)
                  if int(counts[order])]
        rows.append((int(zone["node"]), values.text(zone["name"]), int(zone["present"]) * PAGE_KIB,
                     int(zone["free"]) * PAGE_KIB, on_cpus * PAGE_KIB, int(zone["min"]) * PAGE_KIB,
                     int(zone["low"]) * PAGE_KIB, int(zone["high"]) * PAGE_KIB, " ".join(blocks)))
    values.table(rows, ["node", "zone", "KiB", "free", "on CPUs", "min", "low", "high",
                        "free blocks, order:count"])


def resting(cache):
    """Objects in magazines: free, but counted as out of the slabs."""
    count = 0
    for cpu in values.cpus():
        mine = cache["cpu"][cpu]
        if int(mine):
            count += sum(int(mine[name]["rounds"]) for name in ("loaded", "previous") if int(mine[name]))
    magazine = cache["full"]
    while int(magazine):
        count += int(magazine["rounds"])
        magazine = magazine["next"]
    return count


def command_slabs():
    """Slab caches: object size, objects in use and free in magazines, slabs, memory."""
    rows = []
    caches = values.entries(values.variable("slab_caches"), values.type_of("kmem_cache_t"), "link")
    for cache in caches:
        slabs, free = int(cache["slab_count"]), resting(cache)
        rows.append((values.text(cache["name"]), int(cache["object_size"]), int(cache["in_use"]) - free,
                     free, slabs * int(cache["per_slab"]), slabs,
                     slabs * PAGE_KIB << int(cache["order"])))
    rows.sort(key=lambda row: -row[-1])
    values.table(rows, ["cache", "size", "used", "in magazines", "room", "slabs", "KiB"])


def path_of(mount):
    """Of the dentry that it hangs on, up to the namespace's root."""
    parts = []
    while True:
        parent, dentry = mount["parent"], mount["mountpoint"]
        if int(parent) == int(mount.address):
            return "/" + "/".join(reversed(parts))
        while int(dentry) != int(parent["root"]):
            parts.append(values.text(dentry["name"]))
            dentry = dentry["parent"]
        mount = parent.dereference()


def command_mounts(pid="1"):
    """cloudos mounts [PID]: the mounts of a process's namespace."""
    import kernel_tasks
    process = next((p for p in kernel_tasks.processes() if int(p["pid"]) == int(pid, 0)), None)
    if process is None:
        raise gdb.GdbError(f"no process {pid}")
    namespace = process["ns"]["mount"]
    rows = []
    # The structure is known to its own files: the one that every process points to is incomplete.
    namespace = namespace.cast(values.type_of("mount_namespace_t").pointer())
    for mount in values.entries(namespace["mounts"], values.type_of("mount_t"), "ns_link"):
        rows.append((int(mount["id"]), values.text(mount["sb"]["type"]), values.text(mount["source"]),
                     path_of(mount), int(mount["refs"]["value"])))
    values.table(rows, ["id", "type", "source", "on", "references"])
