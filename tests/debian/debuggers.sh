#!/bin/bash
# limit: 400
# gdb and strace on small programs: breakpoints, steps, watchpoints, threads, core dumps, attaching, tracing children.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1
cat >small.c <<'END'
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int global;
struct pair { int a; char *b; } pair = { 7, "seven" };
int square(int n) { int r = n * n; return r; }
void *thread(void *arg) { global += square(*(int *)arg); return NULL; }
void handler(int sig) { global = sig; }
int main(int argc, char **argv) {
	pthread_t t; int n = 5;
	for (int i = 0; i < 3; i++) global += square(i);
	pthread_create(&t, NULL, thread, &n); pthread_join(t, NULL);
	signal(SIGUSR1, handler); raise(SIGUSR1);
	if (!fork()) _exit(3);
	wait(NULL);
	printf("global %d\n", global);
	if (argc > 1 && *argv[1] == 's') for (;;) pause();
	if (argc > 1 && *argv[1] == 'l') for (;;) global++;
	if (argc > 1) *(volatile int *)0 = 1;
	return 4;
}
END
gcc -g -O0 -o small small.c
debug() { gdb -q -nx -batch -ex 'set pagination off' -ex 'set confirm off' -ex 'set debuginfod enabled off' -ex 'set print thread-events off' -ex 'set style enabled off' "$@" </dev/null 2>&1 | grep -v 'libthread_db\|^warning\|\[New Thread\|\[Thread \|Detaching after\|^$\|^Using host\|No such file or directory' | sed -E 's/0x[0-9a-f]+/ADDR/g;s/\(?(process|LWP|Thread) [0-9]+\)?/\1 N/g;s/Thread ADDR \((LWP) N\)/Thread/g'; }

echo '## gdb'
debug -ex 'break square' -ex run -ex bt -ex 'info locals' -ex 'print n' -ex finish -ex 'print pair' -ex 'continue 2' -ex 'next' -ex 'print r' -ex 'delete' -ex 'continue' ./small
debug -ex 'break main' -ex run -ex 'watch global' -ex continue -ex continue -ex 'info watchpoints' -ex kill ./small
debug -ex 'break main' -ex run -ex next -ex next -ex step -ex 'stepi' -ex 'x/i $pc' -ex 'print $_siginfo' -ex 'set var n=100' -ex finish -ex 'print square(12)' -ex 'call getpid() > 0' -ex 'info signals SIGUSR1' -ex kill ./small | grep -v '^=>'
debug -ex 'break thread' -ex run -ex 'info threads' -ex 'thread apply all bt 1' -ex 'set scheduler-locking on' -ex next -ex 'set scheduler-locking off' -ex 'print *(int *)arg' -ex 'delete' -ex 'continue' ./small | sed -E 's/in [a-z_]+( \([^)]*\))?.*from.*/in LIBRARY/;s/  Id.*/threads/'
debug -ex 'handle SIGUSR1 stop print' -ex run -ex 'print $_siginfo.si_signo' -ex 'signal 0' ./small
debug -ex 'catch fork' -ex 'catch syscall exit_group' -ex run -ex 'info breakpoints' -ex 'delete 1' -ex continue -ex continue ./small | sed -E 's/[0-9]+ _Fork.*/FORK/;s/\.\.\/sysdeps.*//;s/ at \..*//;s/forked process [0-9]+/forked/;s/process [0-9]+/process N/' | grep -v '^[0-9]'
debug -ex 'set follow-fork-mode child' -ex 'break _exit' -ex run -ex 'bt 1' -ex continue ./small | grep -c 'Breakpoint 1'
debug -ex 'run x' -ex bt -ex 'print $_siginfo._sifields._sigfault.si_addr' -ex 'info registers rip' -ex 'generate-core-file made' ./small x | sed -E 's/ADDR.*main/ADDR main/'; file made 2>/dev/null | cut -d, -f1-2
debug -ex 'break main' -ex 'run' -ex 'hbreak square' -ex 'tbreak thread' -ex 'continue' -ex 'up' -ex 'info frame' -ex 'info proc' -ex 'info sharedlibrary' -ex kill ./small | grep -E 'hbreak|square|main|exe|libc|Hardware' | sed -E 's/[0-9]{2,}/N/g'
debug -ex 'starti' -ex 'info inferiors' -ex 'info auxv' -ex kill ./small | grep -E '^(\* 1|[0-9]+ +AT_(PAGESZ|ENTRY|EXECFN|UID|CLKTCK))' | sed -E 's/process N.*//;s/ +/ /g;s/"[^"]*small"/SMALL/'
debug -ex 'break square if n == 2' -ex 'commands
silent
printf "hit %d\n", n
cont
end' -ex run ./small | tail -n 3
gdb -q -nx -batch -ex 'python print(gdb.parse_and_eval("pair")["b"].string())' ./small

echo '## attach and core'
./small sleep >/dev/null & p=$!; until grep -q pause /proc/$p/wchan || [ "$(cut -d' ' -f1 /proc/$p/syscall)" = 34 ]; do sleep 0.1; done
debug -p $p -ex 'bt -1' -ex 'print global' -ex 'set var global=99' -ex detach | grep -E '^\$|main \(|Detach|detach'; debug -p $p -ex 'print global' | grep '^\$'; gcore -o made $p >/dev/null 2>&1; ls made.* | wc -l; debug ./small made.$p -ex 'print global' -ex 'info threads' | grep '^\$'; kill $p; wait $p 2>/dev/null; echo $?
./small loop >/dev/null & p=$!; until [ "$(cut -d' ' -f14 /proc/$p/stat)" -gt 20 ]; do sleep 0.1; done; { debug -p $p -ex 'frame function main' -ex 'print global > 100' -ex kill | grep '^\$'; wait $p; echo $?; } 2>/dev/null
ulimit -c unlimited; { ./small crash >/dev/null; } 2>/dev/null; echo $?; ls core* | wc -l; debug ./small core* -ex bt -ex 'print pair.b' -ex 'info registers rsp' -ex 'print $_siginfo.si_signo' -ex 'x/s pair.b' | grep -E '^#|^\$|Program|generated|seven'; ulimit -c 0

echo '## strace'
trace() { strace -o log "$@"; }
trace /bin/true; echo $?; grep -c mmap log; tail -n 1 log; trace -f ./small >/dev/null; grep -oE '(clone3?|wait4|exit|exit_group|tgkill|rt_sigreturn|write)\(' log | sort | uniq -c; grep -c 'SIGUSR1 {' log; grep 'exited with' log | sed 's/^[0-9]* *//' | sort; trace -c ./small >/dev/null; awk '/total$/ { print "total" } $NF == "execve" { print $4, $NF }' log; trace -e trace=openat cat /etc/passwd /nothing >/dev/null 2>&1; tail -n 3 log; trace -y -e trace=write sh -c 'echo x' >out; cat log; trace -e trace=%process -f sh -c '/bin/true; exit 2'; sed -E 's/^[0-9]+ //;s/pid=[0-9]+/pid=N/;s/= [0-9]{2,}/= N/;s/wait4\((-?)[0-9]+/wait4(\1N/;s/si_[us]time=[0-9]+/t/g;s/0x[0-9a-f]+/ADDR/g;s/utime=[^,}]*/u/;s/ \/\* [0-9]+ vars \*\///' log | grep -E '^(execve|exit_group|\+\+\+)'
trace -e inject=openat:error=EACCES:when=1 cat /etc/passwd 2>&1 | head -n 1 | cut -c1-30; trace -e trace=kill,rt_sigaction -e signal=SIGTERM sh -c 'trap "exit 6" TERM; kill -TERM $$'; echo $?; grep -c SIGTERM log; sleep 100 & p=$!; until grep -q sleep /proc/$p/wchan; do sleep 0.1; done; strace -o log -p $p 2>attached & t=$!; until grep -q attached attached && [ -s log ]; do sleep 0.1; done; kill $p; wait $t; { wait $p; } 2>/dev/null; grep -c 'restart_syscall\|clock_nanosleep' log; tail -n 1 log; trace -tt -T -i -k /bin/true 2>&1 | head -n 2 | wc -l; trace -s 5 -e write echo 0123456789; cat log; trace -e trace=socket,bind,sendmsg python3 -c 'import socket; a, b = socket.socketpair(); socket.socket(socket.AF_UNIX).bind("\0name")'; sed 's/@"name"/NAME/' log | tail -n 3; trace -e fault=getcwd pwd >/dev/null 2>&1; echo $?; strace -V | head -n 1; trace -ff -o many sh -c 'true & sh -c true; wait'; ls many.* | wc -l

echo '## strace of threads'
cat >crowd.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
enum { CROWD = 5, TURNS = 20 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static long whose;
static void *work(void *arg)
{
	for (long n = (long)arg; n < CROWD * TURNS; n += CROWD) {
		pthread_mutex_lock(&lock);
		while (whose != n)
			pthread_cond_wait(&turn, &lock);
		whose++;
		syscall(SYS_getpgid, -1 - (long)arg);
		pthread_cond_broadcast(&turn);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}
int main(int argc, char **argv)
{
	pthread_t t[CROWD];
	char c;
	if (argc > 1) {
		puts("ready");
		fflush(stdout);
		if (read(0, &c, 1) != 1)
			return 1;
	}
	for (long i = 0; i < CROWD; i++)
		pthread_create(&t[i], NULL, work, (void *)i);
	for (int i = 0; i < CROWD; i++)
		pthread_join(t[i], NULL);
	printf("%ld\n", whose);
	return argc > 1 ? 7 : 6;
}
END
gcc -O1 -pthread -o crowd crowd.c
count() { grep -oE "$1" "$2" | sort | uniq -c; }
trace -f ./crowd; echo $?; count '(clone3|getpgid|exit|exit_group)\([-0-9]*' log; count '\+\+\+ exited' log; grep -vc '^[0-9]' log; cut -d' ' -f1 log | sort -u | wc -l; grep -q 'futex(.*FUTEX_WAIT' log && echo waited
trace -ff -o each ./crowd; echo $?; ls each.* | wc -l; cat each.* | grep -c getpgid; for f in each.*; do tail -n 1 $f | cut -c1-10; done | sort | uniq -c
trace -f -c ./crowd; awk '$NF == "getpgid" || $NF == "clone3" { print $4, $NF }' log
trace -f -e trace=getpgid -e inject=getpgid:retval=5:when=1+2 ./crowd; grep -c INJECTED log
mkfifo go; ./crowd attach <go >said & p=$!; exec 8>go; until grep -q ready said; do sleep 0.1; done; strace -f -o log -p $p 2>attached & t=$!; until grep -q attached attached; do sleep 0.1; done; echo >&8; exec 8>&-; wait $p; echo $?; wait $t; tail -n 1 said; count '(clone3|getpgid|exit|exit_group)\([-0-9]*' log; count '\+\+\+ exited' log
python3 -c 'import threading, time
for n in range(3): threading.Thread(target=time.sleep, args=(1000,)).start()' & p=$!; until [ "$(ls /proc/$p/task | wc -l)" = 4 ]; do sleep 0.1; done; strace -f -o log -p $p 2>attached & t=$!; until [ "$(grep -c attached attached)" -ge 1 ] && [ "$(cut -d" " -f1 log 2>/dev/null | sort -u | wc -l)" = 4 ]; do sleep 0.1; done; sed -E 's/Process [0-9]+/Process N/' attached; kill $t; wait $t; echo $?; grep -c detached attached; until [ "$(cat /proc/$p/task/*/status | grep -c sleeping)" = 4 ]; do sleep 0.1; done; grep -E '^State|TracerPid' /proc/$p/task/*/status | cut -d: -f3- | sort | uniq -c; kill -9 $p; { wait $p; } 2>/dev/null; echo $?
