#!/bin/bash
# Mounting and unmounting in all the ways there are, and what is said when it does not work.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

make_shop 20
mkdir -p "$MNT"
[ -c /dev/fuse ] || skip_all "no /dev/fuse here"

# says WHAT CODE REGEX COMMAND...: fails with that exit code and says so
says() {
    local what=$1 code=$2 regex=$3 output rc=0

    shift 3
    output=$("$@" 2>&1 </dev/null) || rc=$?
    check_equal "$what: exit code" "$code" "$rc"
    check_match "$what: the message" "$regex" "$output"
}
ends() { wait_for 30 process_gone "$1"; }
served_by() { pgrep -f -- "$MNT( |\$)" | head -n 1; }
# What a daemon leaves when a check failed.
end_daemon() {
    local pid

    is_mounted && umount -l "$MNT"
    for pid in $(served_by); do
        kill -KILL "$pid"
    done
}
on_exit end_daemon

# -- words --

check "--help" "$SHOPFS" --help
check "--help fits a screen" test "$("$SHOPFS" --help | wc -l)" -le 24
check_match "--version" '^shopfs [0-9]+\.[0-9]+' "$("$SHOPFS" --version)"
says "no arguments" 1 'MOUNTPOINT' "$SHOPFS"
says "one argument" 1 'MOUNTPOINT' "$SHOPFS" "$DB"
says "three arguments" 1 'too many' "$SHOPFS" "$DB" "$MNT" more
says "an unknown log level" 1 'loud' "$SHOPFS" -o log=loud "$DB" "$MNT"
says "auto_unmount" 1 'auto_unmount' "$SHOPFS" -f -o auto_unmount "$DB" "$MNT"
says "no such mount point" 32 'nowhere' "$SHOPFS" "$DB" "$WORK/nowhere"
says "a mount point that is a file" 32 'directory' "$SHOPFS" "$DB" "$DB"
says "no such database" 32 "no-such.db" "$SHOPFS" "$WORK/no-such.db" "$MNT"
says "no such database, in the foreground" 32 "no-such.db" "$SHOPFS" -f "$WORK/no-such.db" "$MNT"
head -c 5000 /dev/urandom >"$WORK/noise.db"
says "not a database" 32 "noise.db" "$SHOPFS" "$WORK/noise.db" "$MNT"
: >"$WORK/empty.db"
says "an empty file" 32 "empty.db" "$SHOPFS" "$WORK/empty.db" "$MNT"
printf '[shop]\ndatabase = %s\nno-such-key = 1\n' "$DB" >"$WORK/bad.conf"
says "a mistake in the configuration names file and line" 32 'bad.conf:3' "$SHOPFS" "$WORK/bad.conf" "$MNT"
sqlite3 "$WORK/foreign.db" 'CREATE TABLE t (x)'
says "a database of another program" 32 'foreign.db' "$SHOPFS" "$WORK/foreign.db" "$MNT"
check_not "nothing was mounted" is_mounted

# -- in the foreground --

start_shop
check "in the foreground" test -s "$MNT/catalog.csv"
kill -TERM "$SHOPFS_PID"
check "SIGTERM ends it" ends "$SHOPFS_PID"
wait "$SHOPFS_PID"
check_equal "with exit code 0" 0 $?
SHOPFS_PID=
check_not "and unmounts" is_mounted

start_shop
exec 5<"$MNT/catalog.csv"
kill -TERM "$SHOPFS_PID"
check "SIGTERM ends it while a file is open" ends "$SHOPFS_PID"
kill -KILL "$SHOPFS_PID" 2>/dev/null
wait "$SHOPFS_PID"
SHOPFS_PID=
exec 5<&-
detach_mount

start_shop
check "umount ends it" umount "$MNT"
check "the server with it" ends "$SHOPFS_PID"
wait "$SHOPFS_PID"
check_equal "with exit code 0, too" 0 $?
SHOPFS_PID=

# -- in the background --

# gone_for_good WHAT: unmounts; the daemon ends
gone_for_good() {
    local pid

    pid=$(served_by)
    check "$1: unmounted" umount "$MNT"
    check "$1: the daemon ends" wait_for 30 process_gone "${pid:-0}"
    check_equal "$1: nothing left" "" "$(served_by)"
}

check "in the background" "$SHOPFS" "$DB" "$MNT"
check "the mount answers when the starter has ended" test -s "$MNT/catalog.csv"
check_equal "how the mount table shows it" "$DB fuse.shopfs" "$(awk -v m="$MNT" '$2 == m { print $1, $3 }' /proc/self/mounts)"
options=$(awk -v m="$MNT" '$2 == m { print $4 }' /proc/self/mounts)
check_match "its options" 'nosuid.*nodev.*noexec|default_permissions' "$options"
check "the daemon has left our directory" test "$(readlink "/proc/$(served_by)/cwd")" = /
gone_for_good "in the background"

check "relative names" sh -c "cd '$WORK' && '$SHOPFS' shop.db mnt"
check "work" test -s "$MNT/catalog.csv"
pid=$(served_by)
[ -n "$pid" ] || pid=$(pgrep -f "shopfs shop.db mnt" | head -n 1)
kill -TERM "$pid"
check "SIGTERM to the daemon" wait_for 30 process_gone "$pid"
check_not "unmounts" is_mounted

output=$("$SHOPFS" "$DB" "$MNT" | cat) # a pipe that the daemon must not hold open
check_equal "the daemon lets go of its starter's output" "" "$output"
gone_for_good "a pipe"

# -- mount(8) --

if [ "$(id -u)" = 0 ] && [ -x /sbin/mount.fuse3 ]; then
    # It is looked for where programs of the system are; the name is one that nobody has.
    type=shopfs-test-$$
    ln -s "$SHOPFS" "/usr/local/sbin/$type"
    on_exit rm -f "/usr/local/sbin/$type"
    check "mount -t fuse.shopfs" mount -t "fuse.$type" "$DB" "$MNT"
    check "mount -t fuse.shopfs: answers" test -s "$MNT/catalog.csv"
    gone_for_good "mount -t fuse.shopfs"

    check "with options" mount -t "fuse.$type" -o ro,noatime,nodev,nosuid,threads=1,log=info "$DB" "$MNT"
    check "with options: answers" test -s "$MNT/catalog.csv"
    check_not "read-only is read-only" touch "$IN/x.xml"
    gone_for_good "with options"

    printf '%s %s fuse.%s rw,nofail,_netdev,noauto,x-systemd.requires-mounts-for=/srv 0 0\n' "$DB" "$MNT" "$type" >"$WORK/fstab"
    check "a line of fstab" mount --fstab "$WORK/fstab" "$MNT"
    check "a line of fstab: answers" test -s "$MNT/catalog.csv"
    plain_order F1 "$(some_sku)" >"$IN/f1.xml"
    check_result "a line of fstab: takes orders" f1.xml accepted
    gone_for_good "a line of fstab"

    check_not "mount reports a missing database" mount -t "fuse.$type" "$WORK/no-such.db" "$MNT"
    check_not "and mounts nothing" is_mounted
else
    skip "mount -t fuse.shopfs" "needs root and mount.fuse3"
fi

# -- without root --

if [ "$(id -u)" = 0 ] && [ -u "$(command -v fusermount3)" ]; then
    # Everything it needs where any user may read.
    mkdir "$WORK/bin" "$WORK/own" "$WORK/own/mnt"
    cp "$SHOPFS" "$SHOPCTL" "$WORK/bin/"
    cp -r "$ROOT/mapping" "$WORK/bin/mapping"
    chmod -R a+rX "$WORK/bin"
    chown -R nobody "$WORK/own"
    # A namespace of mounts where anyone may open the device, as on any machine with udev. It has copies of what else is
    # mounted, whose servers would not be told of an unmount: it lets go of them.
    unshare --mount --propagation slave sh -c 'umount -l -a -t fuse.shopfs; exec sleep 300' &
    namespace=$!
    on_exit kill $namespace
    inside() { nsenter --mount="/proc/$namespace/ns/mnt" "$@"; }
    ready() { [ "$(readlink "/proc/$namespace/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] && inside true; }
    wait_for 10 ready
    mknod -m 666 "$WORK/device" c 10 229
    inside mount --bind "$WORK/device" /dev/fuse
    as_nobody() {
        (cd / && inside setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$WORK/own" \
            SHOPFS_MAPPING_DIR="$WORK/bin/mapping" "$@")
    }
    check "without root: init" as_nobody "$WORK/bin/shopctl" init "$WORK/own/shop.db" --demo=20
    check "without root: mounts" as_nobody "$WORK/bin/shopfs" "$WORK/own/shop.db" "$WORK/own/mnt"
    check "without root: answers" as_nobody test -s "$WORK/own/mnt/catalog.csv"
    check_not "without root: not for others" inside test -s "$WORK/own/mnt/catalog.csv"
    plain_order U1 >"$WORK/u1.xml"
    chmod 644 "$WORK/u1.xml"
    check "without root: takes an order" as_nobody cp "$WORK/u1.xml" "$WORK/own/mnt/orders/incoming/"
    own_result() { as_nobody grep -qi accepted "$WORK/own/mnt/orders/results/u1.xml.txt"; }
    check "without root: accepts it" wait_for 20 own_result
    check "without root: the result is its own" as_nobody test -r "$WORK/own/mnt/orders/results/u1.xml.txt"
    check "without root: unmounts" as_nobody fusermount3 -u "$WORK/own/mnt"
    own_server() { pgrep -f -- "$WORK/own/mnt"; }
    ended() { ! own_server; }
    check "without root: the daemon ends" wait_for 30 ended
    ended || kill -KILL "$(own_server)"
    if as_nobody "$WORK/bin/shopfs" -o allow_other "$WORK/own/shop.db" "$WORK/own/mnt" 2>/dev/null; then
        as_nobody fusermount3 -u "$WORK/own/mnt" # user_allow_other is set in fuse.conf here
        wait_for 30 ended
    else
        says "without root: allow_other" 32 'allow_other' as_nobody "$WORK/bin/shopfs" -o allow_other "$WORK/own/shop.db" "$WORK/own/mnt"
    fi
else
    skip "without root" "needs root to become somebody else, and fusermount3"
fi

# -- told to end while everybody looks --

# Stats from six threads and a stream of commits, until the file LAST is gone or ten seconds are over.
look='
import os, sqlite3, sys, threading, time
end = time.monotonic() + 10
over = lambda: time.monotonic() > end or not os.path.exists(sys.argv[3])
def look():
    while not over():
        try:
            os.stat(sys.argv[1] + "/catalog.csv")
        except OSError:
            time.sleep(0.01)
def edit():
    db = sqlite3.connect(sys.argv[2], timeout=10, isolation_level=None)
    while not over():
        db.execute("UPDATE price SET price_e4 = price_e4 + 10000")
for t in [threading.Thread(target=look) for _ in range(6)] + [threading.Thread(target=edit)]:
    t.start()
'
if command -v python3 >/dev/null; then
    start_shop
    : >"$SHOPFS_LOG"
    : >"$WORK/looking"
    python3 -c "$look" "$MNT" "$DB" "$WORK/looking" &
    looker=$!
    sleep 2
    kill -TERM "$SHOPFS_PID"
    check "it ends" ends "$SHOPFS_PID"
    wait "$SHOPFS_PID"
    SHOPFS_PID=
    rm "$WORK/looking"
    wait "$looker"
    check_equal "those who wait for a version are answered before the connection is gone" "" \
        "$(grep 'fuse: ' "$SHOPFS_LOG")"
    detach_mount
else
    skip "told to end while everybody looks" "no python3 here"
fi

finish
