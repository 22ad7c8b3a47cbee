#!/bin/bash
# When the disk fails the uploader learns it; one sender with everything open disturbs nobody; a result replaced
# while it is being opened is never read in part; the server ends well with files open.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3

make_shop 30
plenty
ulimit -S -n 1024
start_shop
sku=$(some_sku)

# -- a result that changes between lookup and open --

plain_order stale "$sku" | head -c 300 >"$IN/stale.xml"
wait_for 10 test -s "$RESULTS/stale.xml.txt"
plain_order stale "$sku" >"$WORK/stale.xml"
verdict=$(python3 - "$RESULTS/stale.xml.txt" "$WORK/stale.xml" "$IN/stale.xml" <<'END'
import errno, os, shutil, sys, time
result, source, target = sys.argv[1:]
held = os.open(result, os.O_PATH)
size = os.fstat(held).st_size
shutil.copyfile(source, target)
for _ in range(500):
    if os.stat(result).st_size != size and open(result).read().startswith('accepted'):
        break
    time.sleep(0.02)
try:
    print('read', open('/proc/self/fd/%d' % held).read().split(':')[0])
except OSError as e:
    print(errno.errorcode[e.errno])
END
)
check_equal "a result that was replaced is not read under its old size" ESTALE "$verdict"

# -- everything open --

hold='
import os, sys, resource, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = []
for i in range(1000):
    held.append(os.open("%s/held%d.xml" % (sys.argv[1], i), os.O_WRONLY | os.O_CREAT))
    os.write(held[-1], b"<order>")
print("holding", flush=True)
sys.stdin.read()
'
if [ "$(ulimit -H -n)" = unlimited ] || [ "$(ulimit -H -n)" -ge 8192 ]; then
    coproc HOLD { python3 -c "$hold" "$IN"; }
    read -r -t 60 -u "${HOLD[0]}" answer
    check_equal "a thousand files are open for writing" holding "${answer-}"
    plain_order beside "$sku" >"$IN/beside.xml"
    check "and an order beside them is taken" wait_for 20 test -s "$RESULTS/beside.xml.txt"
    check_match "it is accepted" '^accepted' "$(cat "$RESULTS/beside.xml.txt")"
    check "exports are read" test -s "$MNT/catalog.csv"
    kill -TERM "$SHOPFS_PID"
    check "the server ends with files open" wait_for 30 process_gone "$SHOPFS_PID"
    rc=0
    wait "$SHOPFS_PID" || rc=$?
    SHOPFS_PID=
    check_equal "and ends well" 0 "$rc"
    check_equal "nothing is lost or used after its end" "" "$(grep -E 'Sanitizer' "$SHOPFS_LOG")"
    kill "$HOLD_PID" 2>/dev/null
    wait "$HOLD_PID" 2>/dev/null
    detach_mount
else
    skip "everything open" "no more than $(ulimit -H -n) open files here"
    unmount_shop
fi

# -- a disk that fails --

if [[ $SHOPFS_BUILD != */release ]] || ! strace -f -o /dev/null true 2>/dev/null; then
    skip "a disk that fails" "strace cannot trace this program here"
    finish
fi
real=$SHOPFS
cat >"$WORK/traced" <<END
#!/bin/sh
exec strace -D -I 1 -f -qq -o "$WORK/trace" -e trace=fdatasync -e inject=fdatasync:error=EIO '$real' "\$@"
END
chmod 755 "$WORK/traced"
SHOPFS=$WORK/traced
start_shop
upload='
import errno, os, signal, sys, time
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
os.write(fd, b"<order>")
for step in sys.argv[2:]:
    try:
        if step == "fsync":
            os.fsync(fd)
        elif step == "close":
            os.close(fd)
        else:
            os.kill(int(step), signal.SIGTERM)
            time.sleep(1)
        print("ok")
    except OSError as e:
        print(errno.errorcode[e.errno])
'
tracer=$(awk '/^TracerPid/ { print $2 }' "/proc/$SHOPFS_PID/status")
check_equal "close tells it" EIO "$(python3 -c "$upload" "$IN/f1.xml" close)"
check_equal "so does fsync, and when the disk is well again it is not forgotten" "EIO
ok
EIO" "$(python3 -c "$upload" "$IN/f2.xml" fsync "$tracer" close)"
plain_order well "$sku" >"$WORK/well.xml"
again() { cp "$WORK/well.xml" "$IN/f1.xml" 2>/dev/null; }
check "within a moment uploads succeed" wait_for 5 again
check_imports "what comes then is taken" f1.xml 1
SHOPFS=$real
unmount_shop
finish
