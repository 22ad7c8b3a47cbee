#!/bin/bash
# After the import the name stays for some seconds, as clients touch it after closing; then it goes, and whoever writes
# that name again, at whatever moment, has written a new order.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3

make_shop 30
plenty
configure 'linger = 5'
start_shop '' "$CONF"
sku=$(some_sku)
here() { [ -e "$IN/$1" ]; }
listed() { ls -A "$IN" | grep -xF "$1"; }
unlisted() { ! listed "$1"; }

# -- while it lingers --

plain_order L1 "$sku" >"$WORK/l1.xml"
cp "$WORK/l1.xml" "$IN/l1.xml"
check_result "imported" l1.xml 'accepted'
check "the name is listed" listed l1.xml
check_same "it can be read back" "$IN/l1.xml" "$WORK/l1.xml"
check "chmod works" chmod 640 "$IN/l1.xml"
check "setting times works" touch -d '2024-05-06 07:08:09 UTC' "$IN/l1.xml"
check_equal "and sticks" 1714979289 "$(stat -c %Y "$IN/l1.xml")"
check "chown works" chown 0:0 "$IN/l1.xml"
check "rename works" mv "$IN/l1.xml" "$IN/l1-renamed.xml"
check "the new name is there" here l1-renamed.xml
not_twice() { [ "$(sql "SELECT count(*) FROM intake_order WHERE number = 'L1'")" = 1 ]; }
stays "the rename imports nothing" 1 not_twice

plain_order L2 "$sku" >"$WORK/l2.xml"
cp "$WORK/l2.xml" "$IN/l2.xml"
check_result "another" l2.xml 'accepted'
check "unlink works" rm "$IN/l2.xml"
check_not "and takes the name away" here l2.xml
check_equal "not the order" 1 "$(orders_with L2)"

plain_order L3 "$sku" >"$IN/l3.xml"
check_result "a third" l3.xml 'accepted.*L3'
plain_order L3b "$sku" >"$IN/l3.xml"
check_result "overwritten while it lingers: a new order" l3.xml 'accepted.*L3b'
check_equal "both are in" 2 $(($(orders_with L3) + $(orders_with L3b)))

# -- and then --

check "the name goes away" wait_for 15 unlisted l1-renamed.xml
check_not "for stat too" here l1-renamed.xml
check "all of them" wait_for 15 unlisted l3.xml

plain_order L4 "$sku" >"$IN/l1.xml"
check_result "the name written again later is a new order" l1.xml 'accepted.*L4'

# -- at that very moment --

# Names whose linger ends while they are written again: each must end up as a second order.
n=36
for i in $(seq 1 $n); do
    plain_order "A$i" "$sku" >"$WORK/a$i.xml"
    plain_order "B$i" "$sku" >"$WORK/b$i.xml"
done
for i in $(seq 1 $n); do
    cp "$WORK/a$i.xml" "$IN/r$i.xml"
done
first_in() { [ "$(sql "SELECT count(*) FROM orders WHERE number GLOB 'A[0-9]*'")" = $n ]; }
check "first orders under $n names" wait_for 20 first_in
failed=
sleep 4 # most of the linger
for i in $(seq 1 $n); do
    case $((i % 3)) in
    0) cp "$WORK/b$i.xml" "$IN/r$i.xml" || failed+=" cp:$i" ;;
    1) cat "$WORK/b$i.xml" >"$IN/r$i.xml" || failed+=" cat:$i" ;;
    2) dd if="$WORK/b$i.xml" of="$IN/r$i.xml" status=none || failed+=" dd:$i" ;;
    esac
    sleep 0.1
done
check_equal "every writer succeeds" "" "$failed"
second_in() { [ "$(sql "SELECT count(*) FROM orders WHERE number GLOB 'B[0-9]*'")" = $n ]; }
if wait_for 20 second_in; then
    pass "second orders under the same names, none lost"
else
    fail "second orders under the same names, none lost" \
        "$(sql "SELECT count(*) || ' of $n: ' || group_concat(number) FROM orders WHERE number GLOB 'B[0-9]*'")"
fi
empty() { [ -z "$(ls -A "$IN")" ]; }
check "in the end incoming is empty" wait_for 20 empty

finish
