#!/bin/bash
# image: small
# What bash itself asks of the kernel: history, job control, process substitution, traps, redirections.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1

echo '## history'
cat >rc <<'END'
PS1='> '
HISTFILE=~/hist
HISTSIZE=100
END
printf 'echo one\necho two\nhistory\n!e\nfc -l -2\n' | bash --noprofile --rcfile rc -i 2>&1 | grep -v 'job control\|ioctl'
cat hist

echo '## job control'
set -m
sleep 100 & jobs | sed 's/[0-9]\{2,\}/N/'
kill -STOP %1; wait -f %1 2>/dev/null & sleep 0.3; kill %2 2>/dev/null
jobs | head -n 1 | tr -s ' '
bg %1 >bg; tr -s ' ' <bg; jobs | head -n 1 | tr -s ' '
kill %1; wait -f %1; echo $?
(sleep 0.1; exit 7) & fg %% | head -n 1 >/dev/null; wait; echo done
bash -c 'kill -TSTP $$; echo continued' & wait -n; sleep 0.2; jobs -s | tr -s ' ' | cut -d' ' -f1-2
kill -CONT %%; wait; jobs
sleep 1000 | cat | sleep 1000 & p=$!; ps -o pgid= -p $(jobs -p %%) | grep -qx " *$(jobs -p %%)" && [ $(ps -o pgid= -p $p) = $(jobs -p %%) ] && echo a group; kill %%; wait $p 2>/dev/null; echo $?
set +m

echo '## process substitution'
diff <(printf 'a\nb\n') <(printf 'a\nc\n'); cat <(echo one) <(echo two)
echo text | tee >(tr a-z A-Z >upper) >/dev/null; until [ -s upper ]; do sleep 0.1; done; cat upper
while read -r line; do echo "got $line"; done < <(seq 3)
exec 8< <(echo eight); read -r x <&8; echo $x; exec 8<&-
paste <(seq 1 3) <(seq 4 6) <(seq 7 9)

echo '## coproc mapfile read'
coproc CAT { cat; }; echo hello >&${CAT[1]}; read -r line <&${CAT[0]}; echo "$line"; eval "exec ${CAT[1]}>&-"; wait $CAT_PID; echo $?
mapfile -t lines < <(seq 5); echo ${#lines[@]} ${lines[3]}
read -t 0.2 nothing < <(sleep 1); echo $?; read -n 3 three <<<abcdef; echo $three; read -d : part <<<'a b:c'; echo "$part"
read -t 0 </dev/zero; echo $?

echo '## traps and signals'
trap 'echo USR1' USR1; kill -USR1 $$; trap 'echo ERR $?' ERR; false; trap - ERR
trap 'echo CHLD' CHLD; /bin/true; trap - CHLD
(trap 'echo EXIT $?' EXIT; exit 3); echo $?
bash -c 'trap "echo TERM; exit 9" TERM; kill -TERM $$; echo not reached'; echo $?
{ bash -c 'kill -SEGV $$'; echo $?; bash -c 'kill -9 $$'; echo $?; bash -c 'ulimit -c 0; kill -ABRT $$'; echo $?; } 2>&1 | sed -E 's/: +[0-9]+ /: N /'
trap '' PIPE; yes | head -n 1; echo ${PIPESTATUS[@]}; trap - PIPE; yes | head -n 1; echo ${PIPESTATUS[@]}
timeout 0.3 bash -c 'while :; do :; done'; echo $?; timeout -s INT 0.3 sleep 5; echo $?
trap 'echo ALRM' ALRM; (sleep 1; kill -ALRM $$; sleep 1) & wait $!; echo $?; wait

echo '## redirections'
exec 9>file; echo nine >&9; exec 9>&-; cat file; { echo a; echo b >&2; } 2>&1 | sort
cat <<<here; cat <<END
document $((6 * 7))
END
echo x >/nowhere/file; echo $?; cat </nothing; echo $?; echo full >/dev/full; echo $?
exec {fd}>auto; echo auto >&$fd; exec {fd}>&-; cat auto; echo appended >>auto; wc -l <auto
set -C; echo no >auto; set +C; cat </dev/null; : <>new && ls new; (echo to stderr >/dev/stderr) 2>&1 | cat;  (echo to stdout >/dev/stdout) | cat; echo /dev/fd/*| wc -w

echo '## limits and umask'
ulimit -S -n 64; ulimit -n; bash -c 'exec 100>x'; echo $?; ulimit -S -n 512
bash -c 'ulimit -f 1; head -c 100000 /dev/zero >big; echo $?; stat -c %s big' 2>&1 | sed 's/line.*: *[0-9]\+ //'
bash -c 'ulimit -t 1; bash -c "while :; do :; done"; echo $?' 2>&1 | sed 's/line.*: *[0-9]\+ //'
umask 027; : >masked; mkdir maskdir; stat -c %a masked maskdir; umask 022; umask -S
(ulimit -v 100000; bash -c 'x=$(head -c 200000000 /dev/zero | tr "\0" x); echo ${#x}' 2>&1 | sed 's/(.*//;s/.*xrealloc/xrealloc/;s/[0-9]\+/N/g' | head -n 1)

echo '## expansion'
shopt -s globstar extglob nullglob
mkdir -p t/a/b; touch t/1 t/a/2 t/a/b/3; echo t/** ; echo t/!(a); echo none*
echo {1..5} {a..e..2} x{,y}; x=hello; echo ${x^^} ${x:1:3} ${x/l/L} ${x@Q}; declare -A h=([k]=v [q]=w); echo ${h[k]} ${#h[@]}
echo $((2**40)) $((0x1f)) $(( RANDOM >= 0 )) $((${#RANDOM} > 0)); printf '%(%Y)T\n' 0; printf '%q\n' 'a b'; [[ abc =~ ^a(.)c ]] && echo ${BASH_REMATCH[1]}
echo ~root ~; echo $PPID | grep -c .; echo $BASHPID | grep -c .; [[ -n $SECONDS && $EPOCHSECONDS -gt 1000 ]] && echo clocks; hash -r; type -t ls cd [[

echo '## many processes'
n=0; for i in $(seq 100); do (exit $((i % 2))) && n=$((n + 1)); done; echo $n
for i in $(seq 40); do sleep 0.$((i % 3)) & done; wait; echo waited; seq 1000 | while read -r i; do echo $i; done | tail -n 1
f() { if [ $1 -gt 0 ]; then echo $(f $(($1 - 1))); else echo bottom; fi; }; f 20
a=$(for i in {1..5}; do echo $i & done; wait); echo $a | tr ' ' '\n' | sort | tr '\n' ' '; echo
