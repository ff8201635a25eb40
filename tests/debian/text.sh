#!/bin/bash
# findutils, grep, sed, gawk, diff and patch, bc, file.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1

echo '## findutils'
mkdir -p t/a/b t/c; for i in 1 2 3; do echo $i >t/$i; echo $i$i >t/a/$i.txt; done; ln -s ../1 t/c/link; mkfifo t/p; chmod 600 t/2; touch -d @100 t/1; head -c 20000 /dev/zero >t/big
find t | sort; find t -type f -name '*.txt' | sort; find t -size +10k; find t -perm 600; find t -type l -printf '%p -> %l\n'; find t -type p; find t -newer t/1 -type f | wc -l; find t -mtime +10000; find t -empty | sort; find t -maxdepth 1 -type d; find t -path '*/a/*' -prune -o -type f -print | sort
find t -type f -exec grep -l 1 {} + | sort; find t -name '*.txt' -execdir basename {} \; | sort; find t -name '*.txt' -delete; find t -depth | sort | head -n 3; find t -samefile t/1; find /none; find t -inum $(stat -c %i t/2); find t -printf '%y %m %s %f\n' | sort; find / -xdev -maxdepth 1 -name 'proc'; find /proc/self/fd -maxdepth 1 -name 0
seq 10 | xargs -n 3 echo; seq 8 | xargs -P 4 -I{} sh -c 'exit 0'; echo $?; printf 'a b\0c\0' | xargs -0 -n 1 echo; seq 3 | xargs -t echo; echo | xargs -r echo none; seq 3 | xargs -I@ echo @@; xargs -a /etc/hostname echo; echo 1 | xargs sh -c 'exit 255'; echo $?; yes | head -n 50000 | xargs echo | wc -c

echo '## grep'
seq 2000 >n; grep -c 1 n; grep -n '^19..$' n | tail -n 1; grep -v '[0-8]' n; grep -E '(12|34)5' n | wc -l; grep -P '^(\d)\1+$' n | tail -n 2; grep -o '9.*9' n | wc -l; grep -r -l 1 t | sort; grep -q x n; echo $?; grep -A1 -B1 -m1 500 n; printf 'a\0b' | grep -a b | od -c; grep -c . /bin/ls >/dev/null; echo $?; printf 'bin\0ary' >bin; grep ary bin; grep -z ary bin | wc -c; grep -f <(echo 77) n | wc -l; grep --color=always 42 n | head -n 2 | od -c | head -n 3; grep x t /none; echo $?; zgrep 1 /none; echo äöü | grep -o ö

echo '## sed'
seq 5 | sed -n '2,4p'; seq 5 | sed 's/3/three/;$d'; seq 6 | sed -n 'N;P;D'; echo a.b | sed 's/\./,/'; seq 3 | sed 'i\before'; seq 3 | sed '2r /etc/hostname'; seq 3 >s; sed -i.bak 's/2/two/' s; cat s s.bak; sed -E 's/(.)(.)/\2\1/' <<<ab; sed '1!G;h;$!d' n | head -n 2; sed -s -n '$=' n s; seq 4 | sed 'w out' >/dev/null; cat out; sed --debug 's/a/b/' <<<a | head -n 3; sed y/abc/xyz/ <<<cab; sed 'e echo hi' <<<x; sed -n '/5/{=;p}' n | tail -n 2; sed s/a <<<x

echo '## gawk'
gawk '{ s += $1 } END { print s, NR }' n; gawk -F: '$3 == 0 { print $1 }' /etc/passwd; gawk 'BEGIN { printf "%d %.3f %s %c %x\n", 3.9, 3.14159, "str", 65, 255; print length("häl"), toupper("x"), substr("hello", 2, 3), index("abc", "c") }'
gawk 'BEGIN { while (("seq 3" | getline x) > 0) print "got", x; close("seq 3"); print "sorted" | "cat"; close("cat"); system("echo system"); print PROCINFO["uid"], ENVIRON["TZ"], strftime("%Y", 0) }'
gawk 'BEGIN { a["x"] = 1; a["y"] = 2; n = asorti(a, b); for (i = 1; i <= n; i++) print b[i]; print gensub(/(b)/, "<\\1>", "g", "abab"); split("a:b:c", p, ":"); print p[3]; if (match("foobar", /o+/, m)) print m[0], RSTART }'
gawk 'BEGIN { cmd = "cat"; print "to coprocess" |& cmd; close(cmd, "to"); cmd |& getline line; print line; close(cmd) }'; gawk -v RS= '{ print NF }' <<<$'a b\nc\n\nd'; gawk 'BEGIN { print 2 ** 10, int(-3.5), sin(0), exp(0), substr(rand(), 1, 2) }'; gawk --bignum 'BEGIN { print 2 ^ 100 }'; gawk 'BEGINFILE { if (ERRNO) { print FILENAME, ERRNO; nextfile } } END { print NR }' /none n; printf '1,2\n' | gawk 'BEGIN { FS = ","; OFS = "-" } { $1 = $1; print }'; mawk 'BEGIN { print "mawk" }' 2>/dev/null || echo no mawk

echo '## diff patch bc file'
seq 10 >a; seq 10 | sed s/5/five/ >b; diff a b; diff -u --label a --label b a b >p; cat p; patch -s a p; cmp a b && echo patched; diff -q a /etc/hostname; diff -r t t && echo same; cmp a <(seq 10); diff3 a b s 2>&1 | head -n 3; sdiff -l a b | head -n 1; echo 'scale=20; 4*a(1)' | bc -l; echo '2^200' | bc; dc -e '5 7 * p'; file -b a /bin/ls /dev/null /tmp p t | sed 's/BuildID.*//'; file -bi /bin/sh
