"""Writes newc cpio archives: the same entries give the same bytes.

Entries are sorted, owned by root, dated 0. They are written here and not by cpio(1), so that device nodes
and owners need no privilege.
"""
import gzip
import os
import stat
import sys

# Directories that exist before anything is mounted, and what must be openable before devtmpfs is.
DIRS = {"bin": 0o755, "dev": 0o755, "etc": 0o755, "mnt": 0o755, "proc": 0o555, "root": 0o700,
        "run": 0o755, "sbin": 0o755, "sys": 0o555, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755,
        "usr/sbin": 0o755, "var": 0o755, "var/log": 0o755, "var/tmp": 0o1777}
NODES = {"dev/console": (0o600, 5, 1), "dev/null": (0o666, 1, 3)}


class Archive:
    """Path -> (mode, data, device); directories above a path appear by themselves."""

    def __init__(self):
        self.entries = {}

    def add(self, path, mode, data=b"", dev=(0, 0)):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.entries[path] = (mode, data, dev)

    def add_base(self):
        """What every image has before anything is mounted."""
        for path, mode in DIRS.items():
            self.add(path, stat.S_IFDIR | mode)
        for path, (mode, major, minor) in NODES.items():
            self.add(path, stat.S_IFCHR | mode, dev=(major, minor))

    def add_tree(self, top, exact=False):
        """Adds what is below top. exact: with all bits of the modes that the files have there."""
        for folder, dirs, files in os.walk(top):
            for name in dirs + files:
                full = os.path.join(folder, name)
                path = os.path.relpath(full, top)
                info = os.lstat(full)
                if stat.S_ISLNK(info.st_mode):
                    self.add(path, stat.S_IFLNK | 0o777, os.readlink(full).encode())
                elif stat.S_ISDIR(info.st_mode):
                    if path not in self.entries:
                        self.add(path, stat.S_IFDIR | (stat.S_IMODE(info.st_mode) if exact else 0o755))
                elif stat.S_ISREG(info.st_mode):
                    # Only "executable or not" is taken from the checkout: its other bits are the
                    # umask of whoever cloned it.
                    mode = 0o755 if info.st_mode & stat.S_IXUSR else 0o644
                    if exact:
                        mode = stat.S_IMODE(info.st_mode)
                    with open(full, "rb") as source:
                        self.add(path, stat.S_IFREG | mode, source.read())
                else:
                    sys.exit(f"{full}: neither file, directory nor link")

    def write(self, out):
        ino = 0
        for path in sorted(self.entries):
            mode, data, dev = self.entries[path]
            ino += 1
            self._record(out, path, ino, mode, data, dev)
        self._record(out, "TRAILER!!!", 0, 0, b"", (0, 0))

    @staticmethod
    def _record(out, path, ino, mode, data, dev):
        name = path.encode() + b"\0"
        nlink = 2 if stat.S_ISDIR(mode) else 1
        # ino mode uid gid nlink mtime size devmajor devminor rdevmajor rdevminor namesize check
        fields = (ino, mode, 0, 0, nlink, 0, len(data), 0, 0, dev[0], dev[1], len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        out.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def save(self, path, level=6):
        """Writes the gzip'd archive; the file appears whole or not at all."""
        temporary = path + ".tmp"
        with open(temporary, "wb") as raw:
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=level, mtime=0) as packed:
                self.write(packed)
        os.replace(temporary, path)
