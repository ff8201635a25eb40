#!/bin/bash
# tar, gzip, xz, bzip2, zip.
# shellcheck disable=all # odd constructions are what is tested
exec 2>&1

echo '## tar'
mkdir -p tree/sub/deep; seq 1000 >tree/numbers; echo two >tree/sub/two; ln -s numbers tree/link; ln tree/numbers tree/hard; mkfifo tree/fifo; chmod 4711 tree/sub/two; truncate -s 1M tree/sparse; echo x | dd of=tree/sparse seek=100 conv=notrunc 2>/dev/null; touch -d @1000 tree/sub/two
find tree -exec touch -h -d @2000 {} +; tar -cf t.tar tree; tar -tf t.tar | sort; tar -tvf t.tar | awk '{ print $1, $2, $3, $4, $5, $6 }' | sort; mkdir out; tar -xpf t.tar -C out; diff -r --no-dereference tree out/tree 2>&1 | grep -v fifo; stat -c '%a %h %Y' out/tree/sub/two out/tree/hard
tar -cSf s.tar tree/sparse; stat -c %s s.tar; tar -xf s.tar -O tree/sparse | md5sum; tar -czf t.tgz tree; tar -cjf t.tbz tree; tar -cJf t.txz tree; for a in t.tgz t.tbz t.txz; do tar -tf $a | wc -l; done; tar -df t.tar && echo no difference; echo more >>tree/numbers; tar -df t.tar; tar -rf t.tar tree/sub/two; tar -tf t.tar | wc -l; tar -uf t.tar tree; tar --delete -f t.tar tree/fifo; tar -tf t.tar | grep -c fifo; tar -cf - tree | (cd out && tar -xf -); tar -xf none; tar --exclude='*.x' -cf /dev/null tree; echo $?; tar -c --listed-incremental=snap -f i.tar tree; tar -c --listed-incremental=snap -f i2.tar tree; tar -tf i2.tar | sort; tar --xattrs --acls -cf x.tar tree; echo $?; tar -cM -L 100 -f v1 -f v2 -f v3 -f v4 -f v5 -f v6 -f v7 -f v8 -f v9 -f v10 -f v11 tree </dev/null; ls v* | wc -l

echo '## gzip bzip2 xz'
seq 20000 >n; cp n m; for z in gzip bzip2 xz; do cp n z; $z -k z; ls z.*; $z -t z.*; $z -dc z.* | cmp - n && echo $z; $z -9 <n | $z -d | md5sum; echo junk | $z -d; echo $?; head -c 100 z.* | $z -dc | wc -c; rm -f z z.*; done; gzip -n9 <n | md5sum; bzip2 -9 <n | md5sum; xz -6 <n | md5sum; xz -T2 --block-size=100KiB <n | xz -dc | md5sum; gzip -l <(gzip -n <n) 2>&1 | wc -l; gunzip -c <(gzip <n) | tail -n 1; gzip m; gzip m; ls m*; zcat m.gz | tail -n 1; bzcat <(bzip2 <n) | wc -l; xzcat <(xz <n) | wc -l; xz --list --robot <(xz <n) | wc -l; lzma <n | unlzma | wc -l; xzdiff 2>/dev/null; zless --version | head -n 1; zdiff m.gz m.gz && echo same

echo '## zip'
zip -qr a.zip tree; unzip -l a.zip | tail -n 1 | awk '{ print $2 }'; mkdir uz; unzip -q a.zip -d uz; diff -r --no-dereference tree uz/tree | grep -v fifo; unzip -t a.zip | tail -n 1; zip -q - <n | wc -c; ar rc l.a n m.gz; ar t l.a; ar p l.a n | tail -n 1; echo text | cpio -t 2>/dev/null; openssl dgst -sha256 n
