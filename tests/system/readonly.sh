#!/bin/bash
# A database that is read-only here and written elsewhere (a bind mount, a container's volume): what is committed there
# is seen here, or the mount is refused; never is an old state served for ever.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3 unshare

if [ "$(id -u)" != 0 ]; then
    skip "a read-only view of a database" "needs root"
    finish
fi

make_shop 30
mkdir "$WORK/view" "$WORK/state" "$WORK/mnt2"
cat >"$WORK/view.conf" <<END
[shop]
database = $WORK/view/$(basename "$DB")
state = $WORK/state
[site main]
exports = joomshopping
title = Elsewhere
END

output=$(unshare -m python3 - "$WORK" "$DB" "$SHOPFS" <<'END' 2>&1
import os, sqlite3, subprocess, sys
work, path, shopfs = sys.argv[1:]
run = lambda *a: subprocess.run(a, capture_output=True, text=True)
bind = "mount --bind '%s' '%s/view' && mount -o remount,ro,bind '%s/view'" % (os.path.dirname(path), work, work)
if run("sh", "-c", bind).returncode:
    sys.exit("cannot bind")
refused = run(shopfs, work + "/view.conf", work + "/mnt2")
print("alone", refused.returncode != 0 and "read-only here" in refused.stderr)
db = sqlite3.connect(path, timeout=20, isolation_level=None)
db.execute("UPDATE product SET sku = 'one-' || sku WHERE id = 1")
run(shopfs, work + "/view.conf", work + "/mnt2")
read = lambda: open(work + "/mnt2/catalog.csv").read()
print("first", "one-" in read())
db.execute("UPDATE product SET sku = 'two-' || sku WHERE id = 2")
print("second", "two-" in read())
print("told", "title 'Elsewhere' in place of" in open(work + "/mnt2/.shopfs/status").read())
run("umount", work + "/mnt2")
END
)
check_equal "what others commit is seen, what cannot be written is told" "alone True
first True
second True
told True" "$output"

finish
