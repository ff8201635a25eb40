#!/bin/bash
# limit: 400
# gcc, tcc and musl-gcc compile, the results run; make -j; binutils.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1
cat >hello.c <<'END'
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static __thread int local = 3;
static void *run(void *arg) { local += *(int *)arg; printf("thread %d\n", local); return NULL; }
__attribute__((constructor)) static void before(void) { puts("constructor"); }
static void after(void) { puts("atexit"); }
int main(int argc, char **argv) {
	int one = 1; pthread_t t; char *big = malloc(1 << 24);
	atexit(after);
	printf("hello %s %d %.4f\n", argv[argc - 1], argc, sqrt(argc));
	pthread_create(&t, NULL, run, &one); pthread_join(t, NULL);
	memset(big, 1, 1 << 24); free(big); fflush(stdout);
	if (!fork()) _exit(local);
	int status; wait(&status); printf("child %d\n", WEXITSTATUS(status));
	return 5;
}
END
echo '## gcc'
for o in '-O0' '-O2' '-static -O1' '-static-pie -fPIE' '-no-pie -g' '-fsanitize-undefined-trap-on-error -O3'; do gcc $o -o hello hello.c -lm -lpthread && ./hello "$o"; echo $?; done
gcc -S -o - -O2 hello.c | grep -c printf; gcc -c hello.c; nm hello.o | grep -c ' T '; objdump -d hello | grep -c '<main>:'; size hello.o | wc -l; ar rcs lib.a hello.o; ar t lib.a; ranlib lib.a; strip hello; file -b hello 2>/dev/null | cut -d, -f1; readelf -h hello | grep Type; gcc -shared -fPIC -o libx.so -x c - <<<'int x(void) { return 42; }'; gcc -o usex -x c - -L. -lx -Wl,-rpath,. <<<'int x(void); int main(void) { return x(); }'; ./usex; echo $?; ldd usex | awk '{ print $1 }'; LD_PRELOAD=./libx.so /bin/true; echo $?; echo 'int main(void) { return y; }' | gcc -x c - 2>&1 | grep -c error; gcc -pipe -O2 -o hello hello.c -lm; ./hello pipe | tail -n 1; gcc -x c++ - </dev/null 2>&1 | head -n 1 | cut -c1-40; echo 'int main(void) { int a[2] = {1, 2}; return a[1]; }' | gcc -O2 -x c - -o a && ./a; echo $?; LD_SHOW_AUXV=1 /bin/true | awk '{ print $1 }' | tr '\n' ' '; LD_DEBUG=statistics /bin/true 2>&1 | grep -c relocation; LD_BIND_NOW=1 ./usex; echo $?

echo '## tcc'
tcc -v | cut -d' ' -f1-2; tcc -D__thread= -o t hello.c -lm -lpthread && ./t tcc; echo $?; echo 'int main() { printf("run %d\n", 7); return 3; }' >s.c; tcc -include stdio.h -run s.c; echo $?; tcc -c s.c -include stdio.h -o s.o && tcc -o s s.o && ./s

echo '## musl'
musl-gcc -o m hello.c -lm -lpthread && ./m musl; echo $?; musl-gcc -static -o ms hello.c && ./ms static; echo $?; musl-gcc -static-pie -fPIE -o mp hello.c && ./mp static-pie | head -n 2; readelf -l m | grep -o 'ld-musl[^]]*'

echo '## make'
mkdir p; cd p; for ((n = 0; n < 20; n++)); do echo "int f$n(void) { return $n; }" >f$n.c; done
{ echo '#include <stdio.h>'; for ((n = 0; n < 20; n++)); do echo "int f$n(void);"; done; echo 'int main(void) { int s = 0;'; for ((n = 0; n < 20; n++)); do echo "s += f$n();"; done; echo 'printf("%d\n", s); return 0; }'; } >main.c
cat >Makefile <<'END'
OBJECTS := $(patsubst %.c,%.o,$(wildcard *.c))
program: $(OBJECTS) ; @$(CC) -o $@ $^ && echo linked
%.o: %.c ; @tcc -c -o $@ $<
.PHONY: clean fail slow
clean: ; @rm -f *.o program && echo clean
fail: ; @exit 3
slow: s1 s2 s3 s4 ; @echo slow done
s%: ; @sleep 0.5; echo $@ >>$@.out
sub: ; @$(MAKE) --no-print-directory -j4 program
END
make -j4 CC=tcc && ./program; make -j4; touch f3.c; sleep 1.1; touch f3.c; make -j CC=tcc; ./program; make clean; make -j2 sub CC=gcc 2>&1 | tail -n 1; make fail; echo $?; s=$SECONDS; make -j8 slow; ls s*.out | wc -l; make -n clean; make -q program; echo $?; make -s clean >/dev/null; make -j4 -O --output-sync=target CC=tcc | tail -n 1; make -k fail slow 2>&1 | tail -n 1; echo 'all: ; @echo $(shell echo shell) $(words a b c) $(sort c a b)' | make -f -
