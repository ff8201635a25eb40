#!/bin/bash
# image: small
# coreutils: files, attributes, times, limits; errors belong to what is compared.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1
umask 022

echo '## files'
mkdir -p d/e; echo content >f; cp f g; cp -a f d/; ln f h; ln -s f s; ln -s nowhere broken; mkfifo p
ls -l | awk '{ print $1, $2, $3, $4, $NF }'; stat -c '%n %F %s %a %h %u %g %T' f s d p; readlink -f s; realpath d/../s; readlink broken
mv g d/e/; find d | sort; cp -r d d2; diff -r d d2 && echo same; mv d2 d/e; ls -R d; rm -rf d/e; ls d; rmdir d; rm -r d; ls d
cp --reflink=auto f i; cp --sparse=always f j; cmp i j; install -m 750 f k; stat -c %a k; install -d -m 711 l/m; stat -c %a l l/m
mv -n f k; cat f; mv -b k f; ls f*; rm -i f~ </dev/null; unlink f~; link h hard2; stat -c %h h; rm none; rm -f none; echo $?; cp none x; cp . y; mv /none z
touch -d '2001-02-03 04:05:06.789' t; stat -c '%y' t; touch -r t u; stat -c %Y u; touch -a -d @5 t; stat -c '%X %Y' t; touch -h -d @7 s; stat -c %Y s; cp -p t v; stat -c %Y v
ls -lt --time-style=+%s t u | awk '{ print $6, $7 }'; ls -d .; ls /none; ls -i f | wc -w; ls -s f | awk '{print $2}'; dir; vdir f | awk '{ print $1 }'

echo '## attributes'
chmod 4755 f; stat -c %A f; chmod u-s,o= f; stat -c %A f; chmod -R a+rwX l; stat -c %a l/m; chmod 1777 l; stat -c %A l; chown 12:34 f; stat -c '%u %g' f; chgrp 5 f; stat -c %G f; chown -h 7 s; stat -c %u s
chown nobody f && stat -c %U f; chmod --reference=k f; stat -c %a f; mknod null c 1 3; stat -c '%F %t %T' null; mknod blk b 8 1; stat -c '%F %t %T' blk; mknod fifo p; stat -c %F fifo; touch -d @0 l; stat -c %y l
truncate -s 1M sparse; stat -c '%s %b' sparse; du -k sparse; fallocate -l 100K alloc; stat -c '%s %b' alloc; fallocate -p -o 4096 -l 8192 alloc; stat -c '%s %b' alloc; du --apparent-size -b alloc; truncate -s -5 alloc; stat -c %s alloc; truncate -s %4096 alloc; stat -c %s alloc
dd if=/dev/zero of=sparse bs=4k seek=10 count=2 conv=notrunc 2>&1 | head -n 2; dd if=sparse bs=1 skip=3 count=4 2>/dev/null | od -c; dd if=/dev/urandom bs=1M count=3 iflag=fullblock 2>/dev/null | wc -c; dd if=f of=/dev/full 2>&1 | head -n 1
cp --sparse=always sparse sparse2; cmp sparse sparse2; df --output=fstype,target /tmp /proc /sys /dev | tr -s ' '; df /none; sync f; sync -d f; sync -f f; echo $?; stat -f -c '%T %s %l' /tmp /proc /sys /dev/pts
test -r f -a -w f -a ! -x /dev/null; echo $?; [ f -nt t ]; echo $?; [ f -ef h ]; echo $?; test -S f; test -p p; echo $?; test -u f; test -k l; echo $?; test -t 0; echo $?

echo '## text'
seq 30 >n; head -n 3 n; tail -n 2 n; tail -n +29 n; head -c -70 n; tac n | head -n 2; nl n | tail -n 1; sort -rn n | head -n 2; shuf n | sort -n | cmp - n; wc n; cksum n; sum n; md5sum n; sha1sum n; sha224sum n; sha256sum n; sha512sum n; b2sum n
md5sum n >c; md5sum -c c; sort -c n; echo b a c | tr ' ' '\n' | sort | uniq -c; comm <(seq 3) <(seq 2 4); join <(echo 1 a) <(echo 1 b); paste -s n | cut -f1-3; fold -w 3 <<<abcdefgh; fmt -w 20 <<<'some words that are to be filled'; expand <<<$'a\tb'; pr -t -2 -l 20 n | head -n 4; csplit -s n 10 20; wc -l xx*; split -l 12 n part; ls part*; base64 <<<hello; base32 <<<hello; basenc --base16 <<<hi; od -An -tx1 <<<hi; numfmt --to=iec 1234567; factor 1234567890; expr 3 '*' 4; ptx <<<'a b' | head -n 1; tsort <<<'a b b c'; seq -w 8 11
(for i in 1 2 3; do echo $i; sleep 0.1; done) >grow & sleep 0.05; timeout 60 tail -f --pid=$! grow; sort --parallel=2 -S 1M <(seq 20000 -1 1) | head -n 2; seq 100000 | sort -R | sort -n | tail -n 1; head -c 500K /dev/zero | sort -z | wc -c; cat n | tee o1 o2 | wc -l; cmp o1 o2; yes | head -n 100000 | uniq; stdbuf -o0 echo unbuffered; env -i A=1 env; printenv HOME; nice -n 5 nice; nohup echo hup </dev/null; chroot / /bin/echo chrooted; pathchk f; pwd -P; tty; logname; id; id nobody; groups; users; who; hostid | wc -c; uname -s; arch; nproc; date -u -d @86400 +%F; date -d 'tomorrow 1970-01-01' +%s; sleep 0.1; true; false; echo $?; mktemp -u XXXX | wc -c; mktemp -d t.XXXXXX | cut -c1-2; printf '%s %d\n' a 7; echo -e 'a\tb'; dirname /a/b; basename /a/b.c .c; dircolors | wc -l; stty -a; test -e f && echo exists; shred -u o1; ls o1; timeout 0.1 sleep 1; echo $?; kill -l 15; kill -l | wc -w

echo '## permissions'
chmod 700 .; mkdir locked; echo secret >locked/x; chmod 700 locked; chmod 755 . /tmp/coreutils.sh
run() { setpriv --reuid 1000 --regid 1000 --clear-groups "$@"; }
run id; run cat locked/x; run ls locked; run touch new; run rm f; run chown 1000 n; run chmod 777 n; run mkdir sub; run ln -s a b; run kill -0 1; run cat /proc/1/environ; run ls /root; run nice -n -5 true; run mknod z c 1 3; run chroot / true; run date -s @0 | wc -l; run hostname x; run ls -l /proc/self/fd/0 | wc -l; run cat /proc/self/status | grep -E '^(Uid|Gid|CapEff|NoNewPrivs)'
