#!/bin/bash
# limit: 400
# redis-server over a unix socket, openssl, stress-ng's own list, lsof, w, pmap, busybox again.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1
runs() { until [ "$(cat /proc/$1/comm)" = $2 ]; do sleep 0.1; done; }

echo '## redis'
redis-server --port 0 --unixsocket $PWD/r.sock --daemonize no --save '' --appendonly yes --dir . >log & p=$!
until redis-cli -s r.sock ping 2>/dev/null; do sleep 0.2; done
r() { redis-cli -s r.sock "$@" 2>/dev/null; } # who says first that the server has gone varies
r set a 1; r incr a; r lpush l x y z; r lrange l 0 -1; r hset h f v g w; r hgetall h; r zadd z 1 one 2 two; r zrange z 0 -1 withscores; r expire a 100; r ttl a | awk '{ print ($1 > 90) }'; printf 'set p1 1\nset p2 2\nmget p1 p2\n' | r; r eval 'return redis.call("get", KEYS[1])' 1 p1; r multi; r subscribe c >said & s=$!; until r pubsub channels | grep -qx c; do sleep 0.1; done; r publish c message; until grep -q message said; do sleep 0.1; done; kill $s; wait $s; cat said; r save; ls *.rdb; r bgsave; until r info persistence | grep -q 'rdb_bgsave_in_progress:0'; do sleep 0.1; done; r lastsave | wc -w; r bgrewriteaof; until r info persistence | grep -q 'aof_rewrite_in_progress:0'; do sleep 0.1; done; r config get maxmemory; r client list | wc -l; r debug sleep 0 | head -n 1; r dbsize; r blpop nothing 1; (sleep 0.5; r lpush q item >/dev/null) & r blpop q 100; wait $!
redis-benchmark -s r.sock -n 2000 -c 20 -q -t set,get,lpush,mset,ping_mbulk | tr '\r' '\n' | grep -o '^[A-Z_ ()0-9a-z]*: [0-9.]* requests' | sed 's/ [0-9.]* requests/ requests/'
redis-benchmark -s r.sock -n 5000 -P 16 -c 4 -q -t set --threads 2 | tr '\r' '\n' | grep -c 'requests per second'; r shutdown nosave; wait $p; echo $?; ls r.sock 2>&1; redis-server --port 0 --unixsocket $PWD/r.sock --appendonly yes --dir . >log & p=$!; until r ping | grep -q PONG; do sleep 0.1; done; r get p2; kill $p; wait $p; echo $?; grep -c -i 'bug report\|crash' log

echo '## openssl'
openssl version | cut -d' ' -f1-2; openssl speed -seconds 1 -evp aes-128-gcm 2>/dev/null | tail -n 1 | awk '{ print $1, NF }'; openssl speed -seconds 1 -bytes 1024 -multi 2 sha256 2>/dev/null | grep -c ^sha256; openssl speed -seconds 1 -async_jobs 2 -bytes 1024 sha1 2>/dev/null | grep -c ^sha1; openssl speed -seconds 1 ecdsap256 2>/dev/null | tail -n 1 | awk '{ print NF }'; openssl rand 32 | wc -c; openssl genrsa 1024 2>/dev/null | head -n 1; openssl ecparam -genkey -name prime256v1 -out k.pem; openssl req -x509 -new -key k.pem -subj /CN=test -days 10 -out c.pem; openssl verify -CAfile c.pem c.pem; echo data >d; openssl dgst -sha256 d; openssl dgst -sha256 -sign k.pem -out s d; openssl dgst -sha256 -verify <(openssl ec -in k.pem -pubout 2>/dev/null) -signature s d; openssl enc -aes-256-cbc -pbkdf2 -k x -in d | openssl enc -d -aes-256-cbc -pbkdf2 -k x; openssl prime 1000003; openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:x | openssl pkcs12 -passin pass:x -nodes 2>/dev/null | grep -c BEGIN; (openssl s_server -unix ssl.sock -key k.pem -cert c.pem -quiet -naccept 1 <<<'from the server' >served & until [ -S ssl.sock ]; do sleep 0.1; done; (echo from the client; sleep 4) | openssl s_client -unix ssl.sock -quiet 2>/dev/null; wait; cat served); openssl list -digest-commands | wc -w

echo '## openssl self tests'
# Known answers: FIPS 180-4 and 202 ("abc"), FIPS 197 appendix C, RFC 4231 case 2, RFC 8439 2.4.2 (its first block), RFC 7914
# section 12. With and without the vector units; then many at once, so that their registers are saved and restored.
hex() { printf "$(sed 's/../\\x&/g' <<<$1)"; }
answers() {
	for d in sha1 sha256 sha512 sha3-256 blake2b512; do printf abc | openssl dgst -$d -r | cut -d' ' -f1; done
	hex 00112233445566778899aabbccddeeff >plain.$1
	openssl enc -aes-128-ecb -nopad -K 000102030405060708090a0b0c0d0e0f -in plain.$1 | od -An -tx1 | tr -d ' \n'; echo
	openssl enc -aes-256-ecb -nopad -K 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f -in plain.$1 | od -An -tx1 | tr -d ' \n'; echo
	printf 'what do ya want for nothing?' | openssl dgst -sha256 -hmac Jefe -r | cut -d' ' -f1
	printf "Ladies and Gentlemen of the class of '99: If I could offer you o" | openssl enc -chacha20 -K 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f -iv 01000000000000000000004a00000000 | od -An -tx1 | tr -d ' \n'; echo
	openssl kdf -keylen 16 -kdfopt pass:password -kdfopt salt:NaCl -kdfopt n:1024 -kdfopt r:8 -kdfopt p:16 SCRYPT
}
answers 0 >expected; cat expected; OPENSSL_ia32cap=:~0 answers 1 | cmp - expected; OPENSSL_ia32cap=0:0 answers 2 | cmp - expected
for n in 3 4 5 6; do for k in 1 2 3; do answers $n | cmp - expected || echo wrong; done & done; wait
openssl genrsa -out rsa.pem 1024 2>/dev/null; openssl rsa -in rsa.pem -check -noout 2>&1; openssl pkey -in k.pem -check -noout; openssl dhparam -check -noout -in <(openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048) 2>&1 | tail -n 1
for a in X25519 X448; do openssl genpkey -algorithm $a -out 1.$a; openssl genpkey -algorithm $a -out 2.$a; openssl pkey -in 1.$a -pubout -out 1p; openssl pkey -in 2.$a -pubout -out 2p; openssl pkeyutl -derive -inkey 1.$a -peerkey 2p >one; openssl pkeyutl -derive -inkey 2.$a -peerkey 1p | cmp - one && echo $a; done
for a in ED25519 ED448; do openssl genpkey -algorithm $a -out ed.pem; openssl pkeyutl -sign -rawin -inkey ed.pem -in d -out sig; openssl pkeyutl -verify -rawin -inkey ed.pem -in d -sigfile sig; openssl pkeyutl -verify -rawin -inkey ed.pem -in c.pem -sigfile sig; done

echo '## lsof'
exec 7</etc/passwd; mkfifo pipe; sleep 100 <>pipe & p=$!; runs $p sleep; lsof -p $$ | awk '$4 == "7r" { print $5, $NF }'; lsof -p $p -a -d 0,cwd,txt | awk 'NR > 1 { print $4, $5, $NF }'; lsof -t /etc/passwd | grep -c "^$$\$"; lsof -Fn -p $p 2>/dev/null | grep -c ^n | awk '{ print ($1 > 4) }'; python3 -c 'import socket, subprocess, os; s = socket.socket(socket.AF_UNIX); s.bind("u"); s.listen(); e = os.eventfd(1); m = os.memfd_create("mem"); d = os.pipe(); print(subprocess.run(["lsof", "-a", "-p", str(os.getpid()), "-d", "3-6"], capture_output=True, text=True).stdout)' | awk 'NR > 1 { print $4, $5, $NF }' | sed 's/eventfd:[0-9]*/eventfd:N/'; lsof -U 2>/dev/null | wc -l | awk '{ print ($1 >= 0) }'; fuser /etc/passwd 2>&1 | tr -s ' ' '\n' | grep -c "^$$"; fuser -v pipe 2>&1 | tail -n 1 | awk '{ print $(NF - 1), $NF }'; fuser -k -PIPE pipe >/dev/null 2>&1; { wait $p; } 2>/dev/null; echo $?; pstree -A $$ | head -n 1 | cut -c1-15; killall -V 2>&1 | head -n 1; sleep 300 & runs $! sleep; killall sleep; wait $! 2>/dev/null; echo $?; prtstat $$ | head -n 1 | sed 's/[0-9]\+/N/'; exec 7<&-

echo '## busybox'
busybox --list | wc -l; busybox ps -o pid,comm | awk '$1 == 1 { print $2 }'; busybox top -b -n 1 | head -n 1 | cut -d' ' -f1; busybox free | wc -l; busybox uptime | wc -l; busybox df -h / | wc -l; busybox mount | grep -c proc; busybox vi -H 2>&1 | head -n 1 | cut -d' ' -f1; busybox sh -c 'for i in 1 2 3; do echo $i; done | busybox tac'; busybox dd if=/dev/zero bs=1k count=10 2>/dev/null | busybox md5sum; busybox timeout 1 busybox sleep 10; echo $?; busybox ash -c 'sleep 0.1 & wait; echo waited'; busybox find /etc -name passwd; busybox awk 'BEGIN { print 6 * 7 }'; busybox stat -c %F /dev/null; busybox setsid busybox echo session; busybox pidof init | wc -w; busybox hexdump -C /etc/hostname 2>/dev/null | head -n 1 | cut -c1-8; busybox chrt -p $$ | head -n 1 | sed 's/[0-9]\+/N/'; busybox taskset -p $$ | sed 's/pid [0-9]*/pid N/'; busybox ipcs | head -n 3
