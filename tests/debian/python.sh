#!/bin/bash
# limit: 400
# python3: threads, subprocess, multiprocessing by fork and spawn, asyncio, mmap, sqlite3, ctypes.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1

echo '## threads'
cat >threads.py <<'END'
import threading, queue, time, concurrent.futures, os, signal
q = queue.Queue(); done = queue.Queue()
def work():
    while (n := q.get()) is not None: done.put(n * n)
ts = [threading.Thread(target=work) for _ in range(8)]
for t in ts: t.start()
for n in range(1000): q.put(n)
for t in ts: q.put(None)
for t in ts: t.join()
print(sum(done.get() for _ in range(1000)))
b = threading.Barrier(10); order = []
def meet(n):
    for _ in range(20): b.wait()
    order.append(n)
ts = [threading.Thread(target=meet, args=(n,)) for n in range(10)]
[t.start() for t in ts]; [t.join() for t in ts]; print(sorted(order))
e = threading.Event(); print(e.wait(0.05)); threading.Timer(0.05, e.set).start(); print(e.wait(30))
l = threading.Lock(); l.acquire(); print(l.acquire(timeout=0.05)); l.release()
s = threading.Semaphore(3); print([s.acquire(blocking=False) for _ in range(4)])
with concurrent.futures.ThreadPoolExecutor(16) as ex: print(sum(ex.map(lambda n: n * 2, range(500))))
local = threading.local(); local.x = 1; r = []
t = threading.Thread(target=lambda: r.append(hasattr(local, "x"))); t.start(); t.join(); print(r)
print(threading.get_native_id() == os.getpid())
hold = threading.Event(); ts = [threading.Thread(target=hold.wait) for _ in range(100)]
[t.start() for t in ts]; print(len(os.listdir("/proc/self/task"))); hold.set(); [t.join() for t in ts]
signal.signal(signal.SIGUSR1, lambda *a: print("main thread?", threading.current_thread() is threading.main_thread()))
t = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1)); t.start(); t.join()
def fork_in_thread():
    pid = os.fork()
    if pid == 0: os._exit(len(os.listdir("/proc/self/task")))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
t = threading.Thread(target=fork_in_thread); t.start(); t.join()
END
python3 threads.py

echo '## subprocess'
cat >sub.py <<'END'
import subprocess, sys, os, signal
print(subprocess.run(["tr", "a-z", "A-Z"], input="text", text=True, capture_output=True))
print(subprocess.run("exit 3", shell=True).returncode, subprocess.run(["sh", "-c", "kill -9 $$"]).returncode)
try: subprocess.run(["/no/such"])
except FileNotFoundError as e: print(e)
try: subprocess.run(["/etc/passwd"])
except PermissionError as e: print(e)
try: subprocess.run(["sleep", "100"], timeout=0.2)
except subprocess.TimeoutExpired as e: print("timeout", e.cmd)
p = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(len(p.communicate(b"x" * 1000000)[0]))
p = [subprocess.Popen([sys.executable, "-c", f"print({n})"], stdout=subprocess.PIPE, text=True) for n in range(4)]
print([x.communicate()[0].strip() for x in p])
print(subprocess.run(["pwd"], cwd="/usr", capture_output=True, text=True).stdout, end="")
print(subprocess.run(["env"], env={"A": "b"}, capture_output=True, text=True).stdout, end="")
r, w = os.pipe()
p = subprocess.run(["sh", "-c", f"echo through >&{w}"], pass_fds=[w]); os.close(w); print(os.read(r, 100))
p = subprocess.Popen(["sleep", "100"], start_new_session=True); print(os.getsid(p.pid) == p.pid); os.killpg(p.pid, 15); print(p.wait())
p = subprocess.Popen(["sh", "-c", "id -u; id -g; umask"], user=1, group=2, extra_groups=[], umask=0o27, stdout=subprocess.PIPE, text=True); print(p.communicate()[0].split())
print(subprocess.check_output("yes | head -n 3 | wc -l", shell=True, text=True).strip())
print(subprocess.getstatusoutput("echo out; exit 2"), os.system("exit 5") >> 8, os.popen("echo popen").read())
print(os.posix_spawn("/bin/true", ["true"], {}) > 0, os.waitstatus_to_exitcode(os.wait()[1]))
END
python3 sub.py

echo '## multiprocessing'
cat >multi.py <<'END'
import multiprocessing as mp, sys, time, os, array
from multiprocessing import shared_memory
def square(n): return n * n
def put(q, n): q.put((n, mp.current_process().name != "MainProcess"))
def add(v, l):
    for _ in range(200):
        with l: v.value += 1
def child(c): c.send(c.recv() + ["child"]); c.close()
def fill(name): s = shared_memory.SharedMemory(name); s.buf[:5] = b"hello"; s.close()
def loop(): time.sleep(1000)
def main(way):
    ctx = mp.get_context(way); print(way)
    with ctx.Pool(4) as pool: print(sum(pool.map(square, range(200))), pool.apply_async(square, (7,)).get(60))
    q = ctx.Queue(); ps = [ctx.Process(target=put, args=(q, n)) for n in range(3)]
    [p.start() for p in ps]; print(sorted(q.get() for _ in ps)); [p.join() for p in ps]; print([p.exitcode for p in ps])
    v, l = ctx.Value("i", 0), ctx.Lock(); ps = [ctx.Process(target=add, args=(v, l)) for _ in range(3)]
    [p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
    a, b = ctx.Pipe(); p = ctx.Process(target=child, args=(b,)); p.start(); a.send(["parent"]); print(a.recv()); p.join()
    s = shared_memory.SharedMemory(create=True, size=5000); p = ctx.Process(target=fill, args=(s.name,)); p.start(); p.join()
    print(bytes(s.buf[:5]), s.size); s.close(); s.unlink()
    p = ctx.Process(target=loop); p.start(); p.terminate(); p.join(); print(p.exitcode)
    with ctx.Manager() as m: d = m.dict(); d["x"] = 1; li = m.list([1, 2]); li.append(3); print(dict(d), list(li))
    e = ctx.Event(); c = ctx.Condition(); sem = ctx.BoundedSemaphore(2); print(e.wait(0.05), sem.acquire(), sem.get_value() if sys.platform == "linux" else 1)
if __name__ == "__main__": main(sys.argv[1])
END
python3 multi.py fork; python3 multi.py spawn; python3 multi.py forkserver; ls /dev/shm

echo '## asyncio'
cat >aio.py <<'END'
import asyncio, signal, os, socket
async def echo(r, w):
    while line := await r.readline(): w.write(line.upper()); await w.drain()
    w.close()
async def client(n):
    r, w = await asyncio.open_unix_connection("sock")
    for i in range(10): w.write(f"{n} {i} a\n".encode()); line = await r.readline()
    w.close(); return line
async def main():
    server = await asyncio.start_unix_server(echo, "sock")
    print(sorted(await asyncio.gather(*(client(n) for n in range(20))))[:3])
    server.close(); await server.wait_closed()
    p = await asyncio.create_subprocess_exec("tr", "a", "b", stdin=-1, stdout=-1); print(await p.communicate(b"banana"), p.returncode)
    p = await asyncio.create_subprocess_shell("sleep 100"); p.terminate(); print(await p.wait())
    ps = await asyncio.gather(*(asyncio.create_subprocess_exec("sh", "-c", f"exit {n}") for n in range(5))); print([await p.wait() for p in ps])
    loop = asyncio.get_running_loop(); got = asyncio.Event(); loop.add_signal_handler(signal.SIGUSR1, got.set)
    os.kill(os.getpid(), signal.SIGUSR1); await asyncio.wait_for(got.wait(), 30); print("signal")
    try: await asyncio.wait_for(asyncio.sleep(100), 0.05)
    except asyncio.TimeoutError: print("timeout")
    print(await asyncio.to_thread(lambda: 42), await loop.run_in_executor(None, os.getpid) == os.getpid())
    a, b = socket.socketpair(); a.setblocking(False); b.setblocking(False)
    t = asyncio.create_task(loop.sock_recv(a, 10)); await loop.sock_sendall(b, b"pair"); print(await t)
    big = asyncio.create_task(loop.sock_sendall(a, b"z" * 3000000)); n = 0
    while n < 3000000: n += len(await loop.sock_recv(b, 65536))
    await big; print(n); print(type(loop._selector).__name__)
asyncio.run(main())
with asyncio.Runner() as r: print(r.run(asyncio.sleep(0.01, "pidfd")))
END
python3 aio.py

echo '## mmap'
cat >map.py <<'END'
import mmap, os
f = open("file", "w+b"); f.truncate(10000)
m = mmap.mmap(f.fileno(), 0); m[0:5] = b"start"; m[9995:] = b"ender"; m.flush(); print(open("file", "rb").read()[:5], m.find(b"ender"), len(m))
m.resize(20000); print(len(m), os.path.getsize("file")); m[19999] = 7; m.move(100, 0, 5); print(m[100:105]); m.close()
a = mmap.mmap(-1, 8192)
if os.fork() == 0: a[0:3] = b"kid"; os._exit(0)
os.wait(); print(a[0:3]); a.madvise(mmap.MADV_DONTNEED); print(a[0:3])
p = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY); p[0:5] = b"PRIVA"; print(p[0:5], open("file", "rb").read(5))
r = mmap.mmap(f.fileno(), 4096, access=mmap.ACCESS_READ, offset=4096)
try: r[0] = 1
except TypeError as e: print(e)
try: mmap.mmap(f.fileno(), 100000000)
except ValueError as e: print(e)
try: mmap.mmap(os.open("/etc/passwd", os.O_RDONLY), 0, prot=mmap.PROT_WRITE, flags=mmap.MAP_SHARED)
except PermissionError as e: print(e)
big = mmap.mmap(-1, 64 << 20); big[::4096] = b"x" * (64 << 20 >> 12); print(big[::4096].count(b"x")); big.close()
END
python3 map.py

echo '## sqlite3 ctypes and others'
cat >other.py <<'END'
import sqlite3, ctypes, ctypes.util, resource, time, select, tempfile, shutil, pathlib, locale, hashlib, random, zlib, lzma, bz2, fcntl, struct, socket, pwd, grp, platform, secrets, faulthandler, tracemalloc, decimal, json, os, stat, array, glob, signal
db = sqlite3.connect("db"); db.execute("create table t(a integer primary key, b text)"); db.executemany("insert into t(b) values(?)", ((str(n),) for n in range(1000))); db.commit()
print(db.execute("select count(*), sum(a), max(b) from t").fetchone(), db.execute("pragma journal_mode=wal").fetchone(), db.execute("pragma integrity_check").fetchone()); db.close()
libc = ctypes.CDLL("libc.so.6", use_errno=True); print(libc.getpid() == os.getpid(), libc.open(b"/nothing", 0), os.strerror(ctypes.get_errno()))
CMP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int)); a = (ctypes.c_int * 5)(5, 3, 1, 4, 2); libc.qsort(a, 5, 4, CMP(lambda x, y: x[0] - y[0])); print(list(a))
print(resource.getrlimit(resource.RLIMIT_STACK), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 5000, resource.getpagesize())
r, w = os.pipe(); p = select.poll(); p.register(r, select.POLLIN); print(p.poll(10)); os.write(w, b"x"); print(len(p.poll(10))); e = select.epoll(); e.register(r, select.EPOLLIN); print(len(e.poll(1)))
d = tempfile.mkdtemp(); shutil.copytree("/etc", d + "/etc", symlinks=True, ignore_dangling_symlinks=True); print(len(list(pathlib.Path(d).rglob("*"))) > 5); shutil.rmtree(d); print(os.path.exists(d))
with tempfile.TemporaryFile() as t: t.write(b"abc"); t.seek(0); print(t.read())
f = open("locked", "w"); fcntl.lockf(f, fcntl.LOCK_EX)
if os.fork() == 0:
    try: fcntl.lockf(open("locked", "w"), fcntl.LOCK_EX | fcntl.LOCK_NB); os._exit(1)
    except BlockingIOError: os._exit(0)
print(os.wait()[1]); print(pwd.getpwuid(0).pw_name, grp.getgrgid(0).gr_name, platform.system(), platform.machine(), len(secrets.token_bytes(16)))
print(hashlib.sha256(b"x" * 1000000).hexdigest()[:16], zlib.crc32(b"abc"), len(lzma.compress(b"a" * 100000)) < 1000, bz2.decompress(bz2.compress(b"bz"))); print(decimal.Decimal(2).sqrt(), time.time() > 1e9, time.monotonic() >= 0, time.process_time() > 0, time.thread_time() > 0)
print(os.sched_getaffinity(0) == set(range(os.cpu_count())), os.getpriority(os.PRIO_PROCESS, 0), os.nice(3), os.get_terminal_size.__name__, os.memfd_create("m") > 2, os.eventfd(5) > 2, len(os.getrandom(10)), os.pidfd_open(os.getpid()) > 2)
print(os.statvfs("/tmp").f_bsize, oct(os.umask(0o22)), os.sysconf("SC_OPEN_MAX"), os.pathconf("/", "PC_NAME_MAX"), os.getloadavg()[0] >= 0, os.ttyname.__name__, os.uname().sysname, os.confstr("CS_PATH"))
src = os.open("db", os.O_RDONLY); dst = os.open("copy", os.O_RDWR | os.O_CREAT); n = os.sendfile(dst, src, 0, 1 << 20); print(n == os.path.getsize("db"), os.copy_file_range(src, dst, 100), os.posix_fallocate(dst, 0, 100000), os.fstat(dst).st_size, os.preadv(dst, [bytearray(10)], 0), os.splice(src, w, 20))
t = time.monotonic(); signal.setitimer(signal.ITIMER_REAL, 0.1); signal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.pause(); print(time.monotonic() - t >= 0.1); signal.pthread_sigmask(signal.SIG_BLOCK, [10]); os.kill(os.getpid(), 10); print(signal.sigwait([10]), signal.sigtimedwait([10], 0.05), sorted(signal.sigpending()))
os.mkfifo("fifo"); print(stat.S_ISFIFO(os.stat("fifo").st_mode), os.access("fifo", os.X_OK)); s = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET); socket.send_fds(s[0], [b"fd"], [src]); print(socket.recv_fds(s[1], 10, 1)[0], s[0].getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
END
python3 other.py; python3 -c 'import faulthandler, ctypes; faulthandler.enable(); ctypes.string_at(0)' 2>&1 | head -n 1; echo ${PIPESTATUS[0]}; python3 -c 'import sys; sys.setrecursionlimit(10**6)
def f(): return f()
try: f()
except RecursionError: print("recursion")' | head -n 1; echo ${PIPESTATUS[0]}
echo 'print(1 + 1)' | python3 -i 2>/dev/null | head -n 1; python3 -m timeit -n 1 -r 1 pass | wc -l; python3 -c 'import this' | head -n 1; python3 -m json.tool <<<'{"a": [1, 2]}'; python3 -m compileall -q . ; ls __pycache__ | wc -l; python3 -m venv --without-pip v && v/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'
