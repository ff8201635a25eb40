#!/bin/sh
# Drives BusyBox's applets and prints what they print. The same script with the same initramfs runs on CloudOS
# and on Debian's Linux; tests/boot/test_applets.py masks what must differ (times, sizes of memory, process
# numbers) and compares. Left out: what needs a network, disks, local sockets, System V IPC or a screen.

# What it does on purpose is what shellcheck warns of.
# shellcheck disable=all
export TZ=UTC LC_ALL=C
umask 022
mkdir -p /tmp/a
cd /tmp/a || exit 1
section() {
	echo "## $*"
}
# Errors belong to what is compared.
exec 2>&1

section "echo printf test expr"
echo -e 'a\tb\nc\\d' ; echo -n no newline; echo
printf '%s|%5d|%-5s|%05.1f|%x|%c|%b\n' word 42 ab 3.14159 255 char 'x\ty'
[ 1 -lt 2 ] && [ abc != abd ] && [ -d /tmp ] && [ ! -e /none ] && echo test ok
expr 7 \* 6; expr length hello; expr hello : 'h\(.*\)o'; expr 1 / 0
factor 360 97; seq -s, 1 3 19; seq 3 -1 1

section "cp mv ln rm mkdir rmdir touch"
mkdir -p dir/deep/er; echo content >file; cp file copy; cp -p file dir/; cp -r dir dir2; find dir2 | sort
mv copy dir/moved; ln file hard; ln -s file soft; ln -s /nowhere broken; ls dir
ls -1; readlink soft; readlink -f soft; realpath dir/deep/../moved
stat -c '%n %F %s %a %h %U %G' file hard soft dir
rm hard; stat -c %h file; rm -r dir2; ls dir2; rmdir dir; rm nothing; rm -f nothing; echo $?
touch -d '2020-02-03 04:05:06' dated; ls -l dated; stat -c '%y' dated; touch -r dated file; ls -l file
chmod 4751 file; ls -l file; chmod u-s,g+w,o= file; ls -l file; chmod -R a+rX dir; chown 12:34 file; ls -ln file
mktemp -u /tmp/a/XXXXXX | wc -c; unlink file; mkfifo pipe; ls -l pipe | cut -c1-10; mknod null c 1 3; ls -l null | cut -c1-40
truncate -s 10000 big; ls -l big | awk '{print $5}'; fallocate -l 20000 big; stat -c '%s' big; du -a dir | sort
dd if=/dev/zero of=zero bs=1k count=5 2>/dev/null; ls -l zero | awk '{print $5}'; echo 0123456789 | dd bs=1 skip=3 count=4 2>/dev/null; echo
cmp zero big; cp zero zero2; cmp zero zero2 && echo same; shred -n 1 -z zero2; cmp zero zero2 && echo shredded to zeros
which sh ls; basename /usr/lib/x.so .so; dirname /usr/lib/x.so; pwd; install -d x 2>/dev/null; id; whoami; groups; logname

section "text"
cat >poem <<END
the quick brown fox
jumps over the lazy dog
	a tab, and  two spaces
the end
END
cat -n poem; nl poem; tac poem; rev poem; wc poem; head -n 2 poem; tail -n 2 poem; tail -c 5 poem
grep -n the poem; grep -c o poem; grep -v the poem; grep -o 'q[a-z]*' poem; grep -E '^(the|a)' poem; egrep 'x|z' poem
grep -i QUICK poem; grep nothing poem; echo $?; fgrep . poem; grep -r fox poem dir | sort; grep -w 'two' poem
sed 's/the/THE/g;2d' poem; sed -n '/quick/,/tab/p' poem; sed -e '$!N;s/\n/+/' poem; sed 'y/abc/xyz/' poem; sed -i 's/end/END/' poem; tail -n 1 poem
awk '{ n += NF; print NR": "$1 } END { print n }' poem; awk -F: '$3 < 3 { print $1 }' /etc/passwd
awk 'BEGIN { printf "%d %s %.3f\n", 42, substr("hello", 2, 3), atan2(0, -1); print length("abc"), index("abc", "c"), toupper("x") }'
awk 'BEGIN { while ((getline line <"poem") > 0) n++; print n; split("a b c", p); print p[2]; print match("foobar", "o+"), RSTART, RLENGTH }'
sort poem; printf '3 b\n1 c\n2 a\n10 d\n' | sort -n; printf '3 b\n1 c\n2 a\n' | sort -k2; printf 'b\na\nb\n' | sort -u; printf 'x\nx\ny\n' | uniq -c
cut -d' ' -f2 poem; cut -c1-3 poem; tr a-z A-Z <poem | tr -d ' \t' ; echo aabbcc | tr -s abc; paste poem poem | head -n 1
fold -w 10 poem; expand poem | tail -n 2; unexpand -a poem | wc -c; printf 'one two three' | xargs -n 1 echo item
od -c poem | head -n 3; od -A d -t x1 poem | head -n 2; hexdump -C poem | head -n 2; xxd poem | head -n 2; strings /bin/busybox | grep -m1 BusyBox
base64 poem; base64 poem | base64 -d | cmp - poem && echo decoded; uuencode poem x | uudecode -o out && cmp out poem && echo uudecoded
md5sum poem; sha1sum poem; sha256sum poem; sha512sum poem; sha3sum poem; crc32 poem; md5sum poem >sums; md5sum -c sums
sed 's/quick/slow/' poem >poem2; diff poem poem2; diff -u poem poem2 | sed 's/\t.*//'; diff poem poem2 >patch1; patch poem <patch1; cmp poem poem2 && echo patched
printf 'a\r\nb\r\n' | dos2unix | od -c; printf 'a\n' | unix2dos | od -c; cal 2 2024; date -u -d '2024-02-29 12:34:56' '+%Y-%m-%d %H:%M:%S %j %a %b'
date -u -d @0; echo '2^10; scale=5; 22/7' | bc; echo '5 7 * p 2 / p' | dc; shuf -i 1-5 | sort | tr -d '\n'; echo; ascii | head -n 3 | md5sum
getopt -o ab: -- -a -b val rest; printf 'text to edit\n' >ed1; printf 's/edit/see/\nw\nq\n' | ed ed1; cat ed1; comm 2>/dev/null; ts -s '%S' </dev/null; seq 20 | split 2>/dev/null
printf 'b 2\na 1\n' | sort | tee copy.txt | wc -l; cat copy.txt; yes abc | head -n 2; usleep 1000; sleep 0.01; true; echo $?; false; echo $?

section "archives"
mkdir -p tree/sub; echo one >tree/one; echo two >tree/sub/two; ln -s one tree/link; chmod 700 tree/sub; touch -d '2020-01-01 00:00:00' tree/one tree/sub/two
tar -cf t.tar tree; tar -tf t.tar; mkdir out1; tar -xf t.tar -C out1; find out1 | sort; cat out1/tree/sub/two; ls -l out1/tree/one
tar -czf t.tgz tree; tar -tzf t.tgz | wc -l; tar -xzf t.tgz -O tree/one; tar -tvf t.tar tree/one
seq 5000 >numbers; gzip -k numbers; zcat numbers.gz | md5sum; gunzip -c numbers.gz | tail -n 1; gzip -9 -c numbers | gunzip | cmp - numbers && echo gzip ok
bzip2 -k numbers; bzcat numbers.bz2 | md5sum; bunzip2 -t numbers.bz2 && echo bzip2 ok; echo broken | gunzip; echo $?
find tree | sort | cpio -o -H newc 2>/dev/null >t.cpio; mkdir out2; (cd out2 && cpio -idm <../t.cpio 2>&1); find out2 | sort; cpio -t <t.cpio 2>/dev/null
ar -q lib.a tree/one 2>/dev/null; ar -t lib.a 2>/dev/null; printf '\3757zXZ\0' | xzcat; echo $?; lzop -c numbers 2>/dev/null | lzop -dc 2>/dev/null | md5sum

section "find xargs"
find tree -type f | sort; find tree -name 't*' | sort; find . -maxdepth 1 -size +10k | sort; find tree -perm 700; find tree -type l -exec readlink {} \;
find tree -type f -print0 | xargs -0 ls | sort; find tree -newer t.tar | wc -l; find . -empty -type f | sort | head -n 3; seq 10 | xargs -n 4 echo; echo a b | xargs -I{} echo '<{}>'
find tree -type f -exec cat {} + | sort; find tree -depth | tail -n 1; find tree -mindepth 2; find /none

section "ash"
x=value; echo "${x:-no} ${y:-default} ${x#va} ${x%ue} ${#x} ${x/al/AL} ${x:1:3}"; echo $((3 + 4 * 2)) $((1 << 10)) $((7 % 3)) $((x = 5, x * 2))
f() { local v=$1; echo "f got $v $#"; return 3; }; f a b; echo $?; case abc in a*) echo matched;; esac
for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done; i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i; until true; do :; done
cat <<END; cat <<'END'; cat <<-END
here $x $(echo sub) `echo back`
END
no $x
END
	tabs gone
	END
echo a | { read -r v; echo "read $v"; }; printf '1 2 3\n' | while read -r p q r; do echo "$r $q $p"; done
(exit 7); echo $?; ! true; echo $?; set -- one two three; shift; echo $1 $#; echo "$@" "$*"
trap 'echo trapped USR1' USR1; kill -USR1 $$; trap - USR1; (trap 'echo leaving' EXIT; echo inside); trap 'echo int' INT; kill -INT $$; trap - INT
sleep 0.2 & wait $!; echo waited $?; (exit 5) & wait $!; echo $?; sleep 10 & kill $!; wait $! 2>/dev/null; echo $?; { echo out; echo err >&2; } 2>/dev/null
echo one >o; echo two >>o; cat <o; : >o; cat o; exec 5<poem; read -r line <&5; echo "$line"; exec 5<&-; set -o noclobber; echo x >poem; set +o noclobber; cat 0<&- <poem | wc -l
false | true; echo $?; set -o pipefail; false | true; echo $?; set +o pipefail; echo {a,b}; echo *.tar t?.tgz [no]*; set -f; echo *; set +f; echo "quo'ted" 'dou"ble' esc\ aped
type cd ls f; alias hi='echo hello'; alias hi; command -v sh; unset x; echo ${x-unset}; readonly ro=1; (ro=2); echo after; eval 'echo evaluated'; export EX=1; env | grep ^EX
printf '%s\n' "$(printf 'nested $(echo %s)' x)"; getopts ab: o -b arg; echo $o $OPTARG; ulimit -n; ulimit -s; umask; umask 077; umask; umask 022; times | wc -l; hash -r; . /etc/profile; echo sourced
nosuchcommand; echo $?; /etc/passwd; echo $?; ./nothing; echo $?; cat /; sh -c 'kill -9 $$'; echo $?; sh -c 'kill -SEGV $$'; echo $?; sh -n -c 'if'; echo $?

section "processes"
sleep 100 & pid=$!; ps -o pid,comm | grep -c "^ *$pid sleep"; kill -0 $pid && echo alive; kill -STOP $pid; sleep 0.1; ps -o pid,stat,comm | grep "^ *$pid" | awk '{ print $2, $3 }'
kill -CONT $pid; sleep 0.1; ps -o pid,stat,comm | grep "^ *$pid" | awk '{ print $2, $3 }'; pidof sleep | wc -w; killall sleep; wait; pidof sleep; ps | head -n 1; ps | sed -n '/[0-9] root *init$/p' | awk '{ print $1, $3 }'
timeout 0.2 sleep 10; echo $?; timeout 5 true; echo $?; timeout -s KILL 0.2 sleep 10; echo $?; setsid sh -c 'ps -o pid,sid,pgid | grep "^ *$$ " | awk "{ print (\$1 == \$2), (\$1 == \$3) }"'
(sleep 5 & renice -n 3 -p $! ; ps -o pid,nice | grep "^ *$!" | awk '{ print $2 }'; kill $!); ionice 2>/dev/null | head -c 4; echo; taskset -p $$ | sed 's/.*: //' ; nproc
env -i A=1 env; env A=2 sh -c 'echo $A'; printenv 2>/dev/null; nohup 2>/dev/null; time -p true 2>&1 | cut -d' ' -f1; chroot / /bin/busybox echo in root
start-stop-daemon -S -b -m -p /tmp/a/pid -x /bin/sleep -- 30; until [ -s pid ]; do sleep 0.1; done; kill -0 "$(cat pid)" && echo daemon runs
start-stop-daemon -K -p /tmp/a/pid | sed 's/pid [0-9]*/pid N/'; while [ -d "/proc/$(cat pid)" ] && ! grep -q ') Z' "/proc/$(cat pid)/stat"; do sleep 0.1; done; echo daemon ended
setpriv --nnp id -u; su -s /bin/sh daemon -c 'id -un; cat /root/x; echo x >/etc/passwd'; flock 2>/dev/null; watch -n 1 -t true >/dev/null & sleep 0.2; kill $!; wait

section "proc and sys"
ls -d /proc/self/fd /proc/1 /proc/sys/kernel; tr '\0' ' ' </proc/self/cmdline; echo; cat /proc/sys/kernel/ostype; readlink /proc/self/exe; readlink /proc/self/cwd; cut -d' ' -f2 /proc/self/stat; head -n 1 /proc/self/status; awk '/^(Uid|Gid|Threads)/' /proc/self/status
ls /proc/self | tr '\n' ' ' | grep -o ' \(fd\|maps\|stat\|mounts\) ' | tr -d '\n'; echo; grep -c '\[stack\]' /proc/self/maps; grep -c . /proc/cpuinfo | awk '{ print ($1 > 10) }'; awk '{ print NF }' /proc/loadavg /proc/uptime; head -n 1 /proc/stat | awk '{ print $1, NF }'; awk '/^(MemTotal|MemFree|Buffers|Cached|SwapTotal)/ { print $1, $3 }' /proc/meminfo
free | awk '{ print $1, NF }'; uptime | grep -c 'load average'; dmesg | wc -l | awk '{ print ($1 > 5) }'; mount | sort | grep -v '^rootfs' | sed 's/(.*//' ; df /tmp | awk '{ print NF, $6 }'; hostname; uname -s -m; sysctl -n kernel.ostype; arch; mountpoint /proc; mkdir mnt; mount -t tmpfs -o size=100k,mode=700 mine mnt; df -k mnt | tail -n 1; stat -c '%a %A' mnt
dd if=/dev/zero of=mnt/full bs=1k count=200 2>&1 | head -n 1; ls -s mnt; umount mnt; ls mnt; mount -o bind tree mnt && ls mnt && umount mnt; cat /sys/devices/system/cpu/online; ls /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/console /dev/kmsg /dev/ptmx /dev/ttyS0 | tr '\n' ' '; echo
head -c 8 /dev/zero | od -t x1; head -c 100 /dev/urandom | wc -c; echo x >/dev/full; echo discarded >/dev/null; tty; stty -a | head -n 1 | cut -d';' -f1; ls -l /dev/null | cut -c1-40 ; ls -l /proc/self/fd/0 >/dev/null && echo fd link; w 2>/dev/null | wc -l | awk '{ print ($1 >= 1) }'; date >/dev/null && echo date
losetup -a 2>/dev/null; blkdiscard 2>/dev/null; fsync poem 2>/dev/null; sync; echo synced; swapon 2>/dev/null; iostat 2>/dev/null; mesg 2>/dev/null; pstree 2>/dev/null; lsof 2>/dev/null; vmstat 2>/dev/null; devmem 2>/dev/null; run-parts /tmp/a/none; which nonesuch; echo $?; mkpasswd -m sha512 -S saltsalt secret; nologin; echo $?; chvt 2>/dev/null; crontab -l 2>/dev/null; rpm 2>/dev/null | head -n 0; tree 2>/dev/null; ipcalc -n 192.168.1.5/24; hostid | wc -c

section "vi"
printf 'first line\nsecond line\nthird\n' >v
/tests/user/pty 24 80 vi v <<'END'
wait 1/3 33%
send dd
wait Delete 1 lines
send p
wait Put 1 lines
send oinserted
wait inserted
send \e
wait - v [Modified] 3/4 75%
send /third\r
wait 4/4 100%
send x
wait hird
send x
wait ird
send :s/ird/IRD/\r
wait IRD\e
send :wq\r
END
cat v

section "less"
seq 100 >l
/tests/user/pty 10 40 less l <<'END'
wait \e[m
send  
wait \e[10;0H\e[K:
send G
wait (END)\e[m
send /
wait /
send 4
wait 4
send 2
wait 2
send \r
wait \e[10;0H\e[K:
send g
wait \e[10;0H\e[K
send q
END
/tests/user/pty 10 40 more l <<'END'
wait bytes)
send  
wait bytes)
send q
END

section "top"
/tests/user/pty 24 80 top -d 1 -n 2 >topout <<'END'
wait COMMAND
wait COMMAND
END
grep -c COMMAND topout; tail -n 1 topout; grep -c 'Mem:' topout; grep -c 'Load average' topout; grep -q ' top' topout && echo top sees itself

section "ash on a terminal"
/tests/user/pty 24 80 sh <<'END'
wait # \e[6n
send tty | cut -c1-8; stty size\r
wait 24 80
wait # \e[6n
send /tests/job sleep 50\r
wait job runs
send \x1a
wait # \e[6n
send jobs\r
wait Stopped
wait # \e[6n
send kill -9 %1; wait; exit; exit 3\r
END
/tests/user/pty 24 80 sh -c 'stty -echo; echo password:; read p; echo "got $p"; stty raw; echo raw; stty sane; stty -a | grep -c isig' <<'END'
wait word:
send secret\r
wait raw
END

section "done"
cd /; rm -rf /tmp/a; ls /tmp
