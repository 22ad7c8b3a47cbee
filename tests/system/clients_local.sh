#!/bin/bash
# asan: no
# The tools of an operator on the machine itself: they put orders in place, and read exports, as in any directory.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
. "$(dirname "$0")/../lib/clients.sh"
need sqlite3 python3

mount_shop 30
plenty
sku=$(some_sku)
sides

# -- orders --

half() { head -c 1500 "$FILE"; }
rest() { tail -c +1501 "$FILE"; }
with_cp() { cp "$@" "$FILE" "$IN/"; }
with_mv() { mv "$FILE" "$IN/"; }
with_mv_inside() { cp "$FILE" "$IN/$1$NAME$2" && mv ${3-} "$IN/$1$NAME$2" "$IN/$NAME"; }
with_mv_dir() { mkdir "$IN/d$ID" && cp "$FILE" "$IN/d$ID/$NAME.part" && mv "$IN/d$ID/$NAME.part" "$IN/$NAME" && rmdir "$IN/d$ID"; }
with_cp_inside() { cp "$FILE" "$IN/$NAME.part" && cp "$IN/$NAME.part" "$IN/$NAME"; }
with_install() { install "$@" "$FILE" "$IN/"; }
with_tee() { tee "$IN/$NAME" <"$FILE" >/dev/null; }
with_cat() { cat "$FILE" >"$IN/$NAME"; }
with_append() { half >>"$IN/$NAME" && rest >>"$IN/$NAME"; }
with_echo() { while IFS= read -r line; do printf '%s\n' "$line" >>"$IN/$NAME"; done <"$FILE"; }
with_dd() { dd status=none if="$FILE" of="$IN/$NAME" "$@"; }
with_dd_pieces() { with_dd bs=500 skip=2 seek=2 && with_dd bs=500 count=2 conv=notrunc; }
with_touch() { touch "$IN/$NAME" && cat "$FILE" >"$IN/$NAME"; }
with_truncate() { truncate -s 10000 "$IN/$NAME" && cat "$FILE" >"$IN/$NAME"; }
with_tar() { tar -C "${FILE%/*}" -cf - "$NAME" | tar -C "$IN" -xf - "$@"; }
with_unzip() { (cd "${FILE%/*}" && zip -q "$TMP/a.zip" "$NAME") && "$PYTHON" -m zipfile -e "$TMP/a.zip" "$IN"; }
with_cpio() { (cd "${FILE%/*}" && echo "$NAME" | cpio -o --quiet) | (cd "$IN" && cpio -i --quiet); }
with_sed() { sed '$d' "$FILE" >"$IN/$NAME" && sed -i '$a</order>' "$IN/$NAME"; }
with_sed_backup() { sed '$d' "$FILE" >"$IN/$NAME" && sed -i.bak '$a</order>' "$IN/$NAME"; }
with_python() { "$PYTHON" -c "import shutil, os, sys; $1" "$FILE" "$IN/$NAME"; }
with_ln() { cp "$FILE" "$IN/$NAME.part" && ln "$IN/$NAME.part" "$IN/$NAME" || mv "$IN/$NAME.part" "$IN/$NAME"; }
with_vim() { vim -u NONE -i NONE -es -c "e $FILE" -c "w $IN/$NAME" -c 'qa!'; }
with_vim_edit() { sed '$d' "$FILE" >"$IN/$NAME" && vim -u NONE -i NONE -N -es "$@" -c "e $IN/$NAME" -c 'normal Go</order>' -c 'wq'; }
with_sqlite() { sqlite3 :memory: "SELECT writefile('$IN/$NAME', readfile('$FILE'))"; }
with_xmllint() { xmllint --output "$IN/$NAME" "$FILE"; }
with_curl() { curl -sS "file://$FILE" -o "$IN/$NAME"; }
with_python_mmap() {
    "$PYTHON" - "$FILE" "$IN/$NAME" <<'END'
import mmap, sys
data = open(sys.argv[1], "rb").read()
with open(sys.argv[2], "w+b") as f:
    f.truncate(len(data))
    with mmap.mmap(f.fileno(), len(data)) as m:
        m[:] = data
END
}
slow_dd() { cut_off KILL sh -c 'dd status=none if="$0" of="$1" bs=8192 count=8; exec sleep 600' "$FILE" "$IN/$NAME"; }

uploads() {
    group O
    try cp "-" with_cp
    try cp "-p" with_cp -p
    try cp "-a" with_cp -a
    try cp "--reflink=auto --sparse=always" with_cp --reflink=auto --sparse=always
    try cp "-f --remove-destination" with_cp -f --remove-destination
    try cp "X.part, cp X.part X" with_cp_inside
    try mv "from elsewhere" with_mv
    try mv "X.part X" with_mv_inside '' .part
    try mv "tmp_X.xml X.xml" with_mv_inside tmp_ ''
    try mv "-n .X X" with_mv_inside . '' -n
    try mv "from a directory in incoming" with_mv_dir
    try install "-m 644" with_install -m 644
    try install "-C" with_install -C
    try tee "-" with_tee
    try sh ">" with_cat
    try sh ">>, two halves" with_append
    try sh ">>, line by line" with_echo
    try dd "bs=100" with_dd bs=100
    try dd "conv=fsync" with_dd bs=64k conv=fsync
    try dd "oflag=direct" with_dd bs=1M oflag=direct
    try dd "oflag=sync" with_dd bs=1k oflag=sync
    try dd "the end first" with_dd_pieces
    try touch "later >" with_touch
    try truncate "longer, then >" with_truncate
    try tar "-x" with_tar
    try tar "-xp" with_tar -p
    try zip "extracted" with_unzip
    command -v cpio >/dev/null && try cpio "-i" with_cpio
    try sed "-i completes it" with_sed
    try sed "-i.bak completes it" with_sed_backup
    try ln "X.part X, or else mv" with_ln
    try sqlite3 "writefile" with_sqlite
    try xmllint "--output" with_xmllint
    try curl "file://" with_curl
    try python "shutil.copy" with_python 'shutil.copy(*sys.argv[1:])'
    try python "shutil.copy2" with_python 'shutil.copy2(*sys.argv[1:])'
    try python "shutil.move" with_python 'shutil.move(*sys.argv[1:])'
    try python "X.tmp, fsync, os.replace" with_python \
        'f = open(sys.argv[2] + ".tmp", "wb"); f.write(open(sys.argv[1], "rb").read()); f.flush(); os.fsync(f.fileno()); f.close(); os.replace(f.name, sys.argv[2])'
    try python "open O_EXCL, fallocate" with_python \
        'd = open(sys.argv[1], "rb").read(); f = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_EXCL); os.posix_fallocate(f, 0, len(d)); os.write(f, d); os.close(f)'
    try python "mmap, shared" with_python_mmap
    if command -v vim >/dev/null; then
        try vim ":w of a new file" with_vim
        try vim "completes it" with_vim_edit
        try vim "with a backup" with_vim_edit -c 'set backup writebackup backupcopy=no'
    fi
    broken dd "killed between two writes" slow_dd
    resumed dd "  the rest by >>" with_rest
}
with_rest() { tail -c +$(($(stat -c %s "$IN/$NAME") + 1)) "$FILE" >>"$IN/$NAME"; }

# -- exports --

both() { "$@" catalog.csv && "$@" feed.yml; }
get_cp() { cp "$@" "$TOP/catalog.csv" "$TOP/feed.yml" "$TMP/"; }
get_dd() { dd status=none if="$TOP/$2" of="$TMP/$2" "$1"; }
get_cat() { cat "$TOP/$1" >"$TMP/$1"; }
get_tail() { tail -c +1 "$TOP/$1" >"$TMP/$1"; }
get_lines() { { head -n 3 "$TOP/$1" && tail -n +4 "$TOP/$1"; } >"$TMP/$1"; }
get_backwards() { tail -n 100000 "$TOP/$1" >"$TMP/$1"; }
get_less() { LESSSECURE=1 less "$TOP/$1" >"$TMP/$1"; }
get_grep() { grep -a '' "$TOP/$1" >"$TMP/$1"; }
get_sed() { sed -n p "$TOP/$1" >"$TMP/$1"; }
get_install() { install -p "$TOP/catalog.csv" "$TOP/feed.yml" "$TMP/"; }
get_rsync() { rsync "$@" "$TOP/catalog.csv" "$TOP/feed.yml" "$TMP/"; }
get_tar() { tar -C "$TOP" "$@" -cf - catalog.csv feed.yml | tar -C "$TMP" -xf -; }
get_zip() { (cd "$TOP" && zip -q "$TMP/a.zip" catalog.csv feed.yml) && "$PYTHON" -m zipfile -e "$TMP/a.zip" "$TMP"; }
get_curl() { curl -sS "file://$TOP/$1" -o "$TMP/$1"; }
get_vim() { vim -u NONE -i NONE -n -R -es -c "e ++bin ++enc=latin1 $TOP/$1" -c "w $TMP/$1" -c 'qa!'; }
get_xmllint() { get_cp && xmllint --noout "$TOP/feed.yml"; }
get_sqlite() {
    get_cp && sqlite3 "$TMP/import.db" ".mode csv" ".separator ;" ".import '$TOP/catalog.csv' goods" "SELECT count(*) FROM goods"
}
get_python() { "$PYTHON" -c "import os, mmap, sys, shutil; s = open(sys.argv[1], 'rb'); t = open(sys.argv[2], 'wb'); $1" "$TOP/$2" "$TMP/$2"; }
get_find() { find "$TOP" -maxdepth 1 \( -name catalog.csv -o -name feed.yml \) -size +0 -readable -exec cp -t "$TMP" {} +; }
get_http() {
    local port server rc

    port=$(free_port)
    (cd "$TOP" && exec "$PYTHON" -m http.server --bind 127.0.0.1 "$port" >/dev/null 2>&1) & server=$!
    wait_for 60 port_open "$port"
    curl -sS --fail -O --output-dir "$TMP" "http://127.0.0.1:$port/catalog.csv" -O --output-dir "$TMP" "http://127.0.0.1:$port/feed.yml"
    rc=$?
    { kill $server && wait $server; } 2>/dev/null
    return $rc
}
downloads() {
    group G
    fetch cp "-" get_cp
    fetch cp "-a" get_cp -a
    fetch cp "--sparse=always" get_cp --sparse=always
    fetch dd "bs=512" both get_dd bs=512
    fetch dd "iflag=direct" both get_dd iflag=direct
    fetch cat ">" both get_cat
    fetch "head, tail" "-n" both get_lines
    fetch tail "-c" both get_tail
    fetch tail "-n from the end" both get_backwards
    fetch less "| cat" both get_less
    fetch grep "all lines" both get_grep
    fetch sed "-n p" both get_sed
    fetch install "-p" get_install
    fetch find "-size -readable -exec cp" get_find
    fetch rsync "-a" get_rsync -a
    fetch rsync "-c --inplace" get_rsync -c --inplace
    fetch rsync "--whole-file --sparse" get_rsync --whole-file --sparse
    fetch tar "-" get_tar
    fetch tar "-S" get_tar -S
    fetch zip "-" get_zip
    fetch curl "file://" both get_curl
    fetch xmllint "--noout" get_xmllint
    fetch sqlite3 ".import" get_sqlite
    fetch python "mmap, shared" both get_python 't.write(mmap.mmap(s.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ))'
    fetch python "mmap, private" both get_python 't.write(mmap.mmap(s.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ))'
    fetch python "sendfile" both get_python 'n = os.fstat(s.fileno()).st_size; assert os.sendfile(t.fileno(), s.fileno(), 0, n) == n'
    fetch python "copy_file_range" both get_python 'shutil.copyfileobj(s, t)'
    fetch "python" "http.server" get_http
    command -v vim >/dev/null && fetch vim ":w elsewhere" both get_vim
}

# First: an order reserves stock, and the catalogue follows.
downloads
looks() { (cd "$1" && stat -c '%n %s %Y' catalog.csv feed.yml); }
plain_looks=$(looks "$WORK/plain")
mount_looks=$(looks "$MNT")
uploads
report

# -- what only looks --

use_side mount
check_equal "sizes and times are the same" "$plain_looks" "$mount_looks"
check_equal "find finds the same" "$(cd "$WORK/plain" && find images -type f | sort)" "$(cd "$MNT" && find images -type f | sort)"
check_equal "du tells the bytes" "$(du -bc "$WORK/plain/catalog.csv" "$WORK/plain/feed.yml" | tail -n 1)" "$(du -bc "$MNT/catalog.csv" "$MNT/feed.yml" | tail -n 1)"
check "and blocks" test "$(du -k "$MNT/feed.yml" | cut -f 1)" -ge $(($(stat -c %s "$MNT/feed.yml") / 1024))
check_equal "grep -r finds as often" "$(cd "$WORK/plain" && grep -rc SK-0000 catalog.csv feed.yml)" "$(cd "$MNT" && grep -rc SK-0000 catalog.csv feed.yml)"
check_equal "tar lists the same" "$(tar -C "$WORK/plain" -cf - images | tar -tf - | sort)" "$(tar -C "$MNT" -cf - images | tar -tf - | sort)"
check "df tells some space" test "$(df --output=avail "$MNT" | tail -n 1)" -gt 0
if command -v inotifywait >/dev/null; then
    inotifywait -q -m -e create,close_write,moved_to --format '%e %f' "$IN" >"$WORK/events" 2>&1 &
    watcher=$!
    watching() { grep -q '^inotify wd:' /proc/$watcher/fdinfo/*; }
    wait_for 60 watching
    NAME=watched.xml
    plain_order watched "$sku" >"$IN/$NAME.part"
    mv "$IN/$NAME.part" "$IN/$NAME"
    seen() { grep -q "MOVED_TO $NAME" "$WORK/events"; }
    check "inotifywait sees what clients do" wait_for 60 seen
    check_equal "in order" "CREATE $NAME.part,CLOSE_WRITE,CLOSE $NAME.part,MOVED_TO $NAME" "$(paste -sd, "$WORK/events")"
    { kill $watcher && wait $watcher; } 2>/dev/null
else
    skip "inotifywait" "not installed"
fi

finish
