#!/bin/bash
# Life under a service manager and mount(8): readiness, watchdog, exit codes, the bare mount point, a dead mount, and a
# server without any privilege. The manager is a listener on a socket of this test.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need python3 sqlite3

make_shop 10
mkdir -p "$MNT"
[ -c /dev/fuse ] || skip_all "no /dev/fuse here"

# listen NAME: lines "SECONDS TEXT" of each datagram to $WORK/NAME go to $WORK/NAME.log
listen() {
    python3 -u - "$WORK/$1" >"$WORK/$1.log" <<'PY' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
began = time.monotonic()
while True:
    text = s.recv(4096).decode()
    print("%.2f %s" % (time.monotonic() - began, text.replace("\n", " ")))
PY
    on_exit kill $!
    wait_for 10 test -S "$WORK/$1"
}
said() { grep -q -- "$2" "$WORK/$1.log"; }
times() { grep -c -- "$2" "$WORK/$1.log"; }
gone() { wait_for 30 process_gone "$1"; }
nobody_serves() { ! pgrep -f -- "$MNT" >/dev/null; }
probers() { pgrep -P "$1"; }

# -- ready --

listen ready
NOTIFY_SOCKET=$WORK/ready start_shop
check "READY=1 is said" wait_for 10 said ready READY=1
check_equal "once" 1 "$(times ready READY=1)"
check_match "with words" "READY=1 STATUS=Serving $DB on $MNT" "$(cat "$WORK/ready.log")"
kill -TERM "$SHOPFS_PID"
check "SIGTERM ends it" gone "$SHOPFS_PID"
wait "$SHOPFS_PID"
check_equal "exit code" 0 $?
SHOPFS_PID=
check "STOPPING=1 is said" said ready STOPPING=1
check_not "no WATCHDOG=1 where nobody asked" said ready WATCHDOG
check_not "it is unmounted" is_mounted

listen failed
NOTIFY_SOCKET=$WORK/failed "$SHOPFS" -f "$WORK/none.db" "$MNT" 2>/dev/null
check_not "a mount that fails is never ready" said failed READY

python3 -u - "$WORK/abstract.log" "shopfs-test-$$" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + sys.argv[2])
open(sys.argv[1], "w").write(s.recv(4096).decode())
PY
listener=$!
on_exit kill $listener
wait_for 10 grep -q "@shopfs-test-$$\$" /proc/net/unix
NOTIFY_SOCKET=@shopfs-test-$$ start_shop
check "an abstract socket" wait_for 10 grep -q READY=1 "$WORK/abstract.log"
unmount_shop

# -- the watchdog --

listen dog
NOTIFY_SOCKET=$WORK/dog WATCHDOG_USEC=1000000 start_shop
wait_for 10 said dog READY=1
dogs_three() { [ "$(times dog WATCHDOG=1)" -ge 3 ]; }
check "WATCHDOG=1 comes again and again" wait_for 10 dogs_three
check "twice in an interval" python3 -c '
import sys
at = [float(l.split()[0]) for l in open(sys.argv[1]) if "WATCHDOG=1" in l]
sys.exit(not any(b - a < 0.95 for a, b in zip(at, at[1:])))' "$WORK/dog.log"

# A server that hangs: all its threads stopped but the one that talks. Stopped as a whole it says nothing anyway, so the
# prober is asked: it must be waiting, and the watchdog silent.
prober=$(probers "$SHOPFS_PID")
check "the prober is a process of its own" test -n "$prober"
check_not "without the mount's device" sh -c "ls -l /proc/$prober/fd | grep -q /dev/fuse"
kill -STOP "$prober"
sleep 1
before=$(times dog WATCHDOG=1)
sleep 2
check "no answer, no WATCHDOG=1" test "$(times dog WATCHDOG=1)" -le $((before + 1))
check "and it is said" said dog 'STATUS=The mount does not answer'
kill -CONT "$prober"
dogs_more() { [ "$(times dog WATCHDOG=1)" -gt $((before + 1)) ]; }
check "it goes on with the answers" wait_for 10 dogs_more
check "and says so" wait_for 5 said dog "WATCHDOG=1 STATUS=Serving"

# What a manager does with one that is silent: no process is left waiting for itself, and the next one starts.
kill -STOP "$SHOPFS_PID"
kill -ABRT "$SHOPFS_PID"
kill -KILL "$SHOPFS_PID"
kill -CONT "$SHOPFS_PID" 2>/dev/null
check "a killed server ends" gone "$SHOPFS_PID"
wait "$SHOPFS_PID" 2>/dev/null
SHOPFS_PID=
check "its prober, too" gone "$prober"

# -- a dead mount --

check "the dead mount is there" is_mounted
check_not "and fails loudly" ls "$MNT"
# A dead mount's root still answers from memory, so this is not for start_shop.
"$SHOPFS" -f "$DB" "$MNT" >>"$SHOPFS_LOG" 2>&1 </dev/null &
SHOPFS_PID=$!
check "the next start clears it away" wait_for 30 test -s "$MNT/catalog.csv"
check_equal "one mount, not two" 1 "$(grep -c " $MNT " /proc/self/mounts)"
plain_order B1 "$(some_sku)" >"$IN/b1.xml"
check_result "and takes orders" b1.xml accepted
unmount_shop
start_shop
kill -KILL "$SHOPFS_PID"
wait "$SHOPFS_PID" 2>/dev/null
SHOPFS_PID=
check "a trailing slash, in the background" "$SHOPFS" "$DB" "$MNT/"
check "works as well" test -s "$MNT/catalog.csv"
umount "$MNT" || fusermount3 -u "$MNT"
wait_for 20 nobody_serves

# -- exit codes of mount(8) --

# pending COMMAND...: starts it with SIGTERM waiting
pending() {
    python3 -c '
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.kill(os.getpid(), signal.SIGTERM)
os.execv(sys.argv[1], sys.argv[1:])' "$@"
}
code() { "$@" >/dev/null 2>&1 </dev/null; echo $?; }
check_equal "1: wrong arguments" 1 "$(code "$SHOPFS" "$DB")"
check_equal "32: the mount failed" 32 "$(code "$SHOPFS" "$WORK/none.db" "$MNT")"
check_equal "8: ended before it was up, in the foreground" 8 "$(code pending "$SHOPFS" -f "$DB" "$MNT")"
check_not "nothing stays mounted" is_mounted
check_equal "8: in the background" 8 "$(code pending "$SHOPFS" "$DB" "$MNT")"
check_not "nothing stays mounted then" is_mounted
check_equal "2: no more processes" 2 "$(code env ASAN_OPTIONS=detect_leaks=0 prlimit --nproc=0 setpriv --reuid 65534 --clear-groups "$SHOPFS" "$DB" "$MNT")"
check_equal "0: mounted" 0 "$(code "$SHOPFS" "$DB" "$MNT")"
umount "$MNT" || fusermount3 -u "$MNT"
wait_for 20 nobody_serves

# -- the bare mount point --

if [ "$(id -u)" = 0 ]; then
    as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
    check_equal "a mount point is root's and closed" "0 0 0" "$(stat -c '%u %g %a' "$MNT")"
    check_not "nobody writes into it" as_nobody touch "$MNT/order.xml"
    check_not "nobody lists its emptiness" as_nobody ls "$MNT"
    if command -v rsync >/dev/null; then
        mkdir "$WORK/copy"
        touch "$WORK/copy/catalog.csv"
        chown -R 65534 "$WORK/copy"
        check_not "a mirror of it fails" as_nobody rsync -a --delete "$MNT/" "$WORK/copy/"
        check "and deletes nothing" test -e "$WORK/copy/catalog.csv"
    fi
    mkdir "$WORK/other" "$WORK/full"
    chown 65534 "$WORK/other"
    touch "$WORK/full/x"
    MNT=$WORK/other
    start_shop no_prepare
    unmount_shop
    check_equal "no_prepare leaves it" "65534 755" "$(stat -c '%u %a' "$MNT")"
    MNT=$WORK/full
    start_shop
    unmount_shop
    check_equal "a full directory is left, too" "0 755" "$(stat -c '%u %a' "$MNT")"
    check "but told of" grep -q 'full: the directory is not empty' "$SHOPFS_LOG"
else
    skip "the bare mount point" "needs root"
fi

# -- without any privilege: mount.fuse3 makes the mount, an ordinary user serves it --

if [ "$(id -u)" = 0 ] && [ -x /sbin/mount.fuse3 ]; then
    mkdir "$WORK/bin" "$WORK/own" "$WORK/low"
    cp "$SHOPFS" "$WORK/bin/"
    make_low() { "$SHOPCTL" init "$WORK/own/shop.db" --demo=5 && chown -R daemon: "$WORK/own"; }
    make_low >/dev/null
    low() {
        SHOPFS_MAPPING_DIR=$ROOT/mapping mount.fuse3 "$WORK/bin/shopfs#$WORK/own/shop.db" "$WORK/low" \
            -o "setuid=daemon,drop_privileges,$1"
    }
    check_not "default_permissions is not forgotten" low allow_other,nosuid,nodev,noexec
    umount -l "$WORK/low" 2>/dev/null
    check "drop_privileges" low allow_other,default_permissions,nosuid,nodev,noexec
    MNT=$WORK/low
    . "$(dirname "$0")/../lib/shop.sh"
    check "answers" test -s "$MNT/catalog.csv"
    check "everyone" as_nobody test -r "$MNT/catalog.csv"
    server=$(pgrep -f "$WORK/own/shop.db")
    check_equal "its user" "$(id -u daemon)" "$(stat -c %u "/proc/$server")"
    check_equal "its capabilities" 0000000000000000 "$(awk '/^CapPrm/ { print $2 }' "/proc/$server/status")"
    DB=$WORK/own/shop.db
    plain_order P1 "$(some_sku)" >"$WORK/p1.xml"
    check "somebody uploads" as_nobody cp -p "$WORK/p1.xml" "$IN/p1.xml"
    check_result "and is heard" p1.xml accepted
    check_not "permissions are checked" as_nobody touch "$MNT/x"
    check "umount" umount "$MNT"
    check "ends it" gone "$server"
else
    skip "drop_privileges" "needs root and mount.fuse3"
fi

finish
