#!/bin/bash
# Two web shops with users of their own: neither lists, reads, guesses or writes what is the other's.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 setpriv python3
need_root

A=64101 B=64102 # users of the shops, with groups of the same number; nobody of that number is needed
OUTSIDER=64103
make_shop 30
plenty
sku=$(some_sku)
sql "INSERT INTO site (name, title, url, language, currency, price_list_id)
     SELECT 'b', 'B', 'https://b.example/', language, currency, price_list_id FROM site WHERE name = 'main'"
cat >"$WORK/shop.conf" <<END
[shop]
database = shop.db
[site main]
exports = joomshopping, customers
user = $A
group = $A
linger = 60
[site b]
exports = joomshopping, customers
user = $B
group = $B
linger = 60
END
start_shop '' "$WORK/shop.conf"
as() {
    local id=$1

    shift
    setpriv --reuid "$id" --regid "$id" --clear-groups --no-new-privs "$@"
}

# -- each does his work --

plain_order 11 "$sku" >"$WORK/a.xml"
plain_order 12 "$sku" >"$WORK/b.xml"
chmod 644 "$WORK"/*.xml
check "a drops an order" as $A cp "$WORK/a.xml" "$MNT/main/orders/incoming/order-a.xml"
check "b drops an order" as $B cp "$WORK/b.xml" "$MNT/b/orders/incoming/order-b.xml"
check "a drops rubbish" as $A sh -c "echo '<rubbish/>' >'$MNT/main/orders/incoming/bad.xml'"
verdict() { as "$1" grep -qi "$4" "$MNT/$2/orders/results/$3.txt"; }
check "a's order is in" wait_for 20 verdict $A main order-a.xml accepted
check "b's too" wait_for 20 verdict $B b order-b.xml accepted
check "a reads his catalogue" as $A test -s "$MNT/main/catalog.csv"
check "and his customers" as $A cat "$MNT/main/exports/private/customers.csv"
check "and lists" as $A ls -lR "$MNT/main"
check "and what was refused" wait_for 20 as $A cat "$MNT/main/orders/rejected/bad.xml"

# -- nothing of the other's, also by names that are known --

known='. catalog.csv catalog.csv.sha256 exports exports/private exports/private/customers.csv images orders orders/incoming
       orders/incoming/order-a.xml orders/check orders/processed orders/processed/order-a.xml orders/rejected
       orders/rejected/bad.xml orders/rejected/bad.xml.error.txt orders/results orders/results/order-a.xml.txt
       .shopfs .shopfs/status'
picture=$(ls "$MNT/main/images" | head -n 1)
reached() {
    local who=$1 path

    for path in $known ${picture:+images/$picture}; do
        as "$who" ls "$MNT/main/$path" >/dev/null 2>&1 && echo "lists $path"
        as "$who" stat -t "$MNT/main/$path/../$(basename "$path")" >/dev/null 2>&1 && echo "stats $path"
        [ -d "$MNT/main/$path" ] || ! as "$who" cat "$MNT/main/$path" >/dev/null 2>&1 || echo "reads $path"
    done
}
check_equal "as root all of that is there" "" "$(for path in $known; do [ -e "$MNT/main/$path" ] || echo "$path"; done)"
check_equal "b reaches nothing of a's" "" "$(reached $B)"
check_equal "nor does somebody else" "" "$(reached $OUTSIDER)"
check_equal "a name that is not there looks the same as one that is" \
    "$(as $B stat "$MNT/main/orders" 2>&1 | sed 's/.*: //')" "$(as $B stat "$MNT/main/nothing" 2>&1 | sed 's/.*: //')"
check_not "b does not write there" as $B sh -c "echo x >'$MNT/main/orders/incoming/x.xml'"
check_not "nor move his own there" as $B mv "$MNT/b/orders/incoming/order-b.xml" "$MNT/main/orders/incoming/"
check_not "nor link" as $B ln "$MNT/main/orders/incoming/order-a.xml" "$MNT/b/orders/incoming/l.xml"
check_not "nor by a symbolic link of his" as $B ln -s "$MNT/main" "$MNT/b/orders/incoming/l"
check_not "nor by .. from within" as $B sh -c "cd '$MNT/b/orders/incoming' && cat ../../../main/catalog.csv"
check_not "nor delete" as $B rm -f "$MNT/main/orders/incoming/order-a.xml"
check_equal "b's own files say nothing of a" "" "$(as $B sh -c "cat '$MNT'/b/orders/results/* '$MNT'/b/orders/processed/*" | grep -c order-a | grep -v 0)"
check_not "the state directory is for neither" as $B ls "$WORK/shop.state"
check_not "nor the spool" as $A sh -c "cat '$WORK'/shop.state/spool/*"

# By a handle, as a file server would ask: the number of a file of a's, and the kernel that opens it.
cat >"$WORK/handle.py" <<'END'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]
h, mount = Handle(128), ctypes.c_int()
if libc.name_to_handle_at(-100, sys.argv[1].encode(), ctypes.byref(h), ctypes.byref(mount), 0) != 0:
    sys.exit(3)
os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[3]))
fd = os.open(sys.argv[2], os.O_RDONLY)
sys.exit(0 if libc.open_by_handle_at(fd, ctypes.byref(h), os.O_RDONLY) >= 0 else 1)
END
rc=0
python3 "$WORK/handle.py" "$MNT/main/catalog.csv" "$MNT/b" $B || rc=$?
check_match "a handle opens nothing" '^[13]$' "$rc"

# -- a file that is open is not another's, also after the owner changed --

exec 5< <(as $A tail -f -n +1 "$MNT/main/exports/private/customers.csv" 2>/dev/null)
sed -i "s/^user = $A/user = $OUTSIDER/; s/^group = $A/group = $OUTSIDER/" "$WORK/shop.conf"
check "another owner takes over" wait_for 10 as $OUTSIDER cat "$MNT/main/exports/private/customers.csv"
check_not "the one before is out" as $A ls "$MNT/main"
check_not "of what he knew the name of" as $A cat "$MNT/main/orders/processed/order-a.xml"
check "the new one has all of it" as $OUTSIDER cat "$MNT/main/orders/processed/order-a.xml"
check_equal "still nothing for b" "" "$(reached $B)"
exec 5<&-

# -- modes --

sed -i '/^linger/d; s/^\[site b\]$/&\nmode = 0710\nincoming-mode = 0770/' "$WORK/shop.conf"
wait_for 10 sh -c "[ \$(stat -c %a '$MNT/b') = 710 ]"
check_equal "the directory's" 710 "$(stat -c %a "$MNT/b")"
check_not "which his group cannot list" as $B ls "$MNT/b"
check "but pass" as $B cat "$MNT/b/catalog.csv"
incoming_mode() { [ "$(stat -c %a "$MNT/b/orders/incoming")" = "$1" ]; }
check "incoming/ too, when the kernel's second is over" wait_for 5 incoming_mode 770
check_equal "the mount's root is everybody's" "755 0 0" "$(stat -c '%a %u %g' "$MNT")"
finish
