#!/bin/bash
# The queue as files: a refused order is moved back and judged again, or deleted; orders/check/ only says what would be.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

make_shop 30
plenty
sku=$(some_sku)
cat >"$WORK/shop.conf" <<CONF
[shop]
database = $DB
[site main]
user = nobody
linger = 5
CONF
start_shop allow_other,default_permissions "$WORK/shop.conf"
as_nobody() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
as_other() { setpriv --reuid=daemon --regid=daemon --clear-groups "$@"; }

printf '[Options]\nOrderNumber=7\n' >"$IN/order.sal" # told below, linger seconds later

# -- judged again --

plain_order 10 "$sku" 1 >"$IN/first.xml"
check_result "an order" first.xml 'accepted'
sql "UPDATE orders SET handled = datetime('now') WHERE number = '10'"
for i in 1 2 3; do
    plain_order 10 "$sku" $((i + 1)) >"$IN/change$i.xml"
    check_result "a change while it is handled" "change$i.xml" 'refused'
done
check "the reason is beside it" test -s "$REJECTED/change1.xml.error.txt"
cp "$REJECTED/change1.xml" "$WORK/change1.xml"

check "back as it is" mv "$REJECTED/change1.xml" "$IN/change1.xml"
again() { [ "$(decisions_of "$1")" = "$2" ]; }
check "it is judged again" wait_for 20 again change1.xml 2
back() { cmp -s "$REJECTED/change1.xml" "$WORK/change1.xml" && [ -s "$REJECTED/change1.xml.error.txt" ]; }
check "and refused again, with a reason" wait_for 20 back
events() { [ "$(sql "SELECT count(*) FROM intake_event WHERE event = '$1' AND name = '$2' AND intake_id IS NOT NULL")" = "$3" ]; }
check "the journal says so" wait_for 20 events retried change1.xml 1

sql "DELETE FROM order_status WHERE source <> 'intake'; UPDATE orders SET handled = NULL WHERE number = '10'"
check "back when nobody works on it" mv "$REJECTED/change1.xml" "$IN/change1.xml"
check "the name shows the new file at once" sh -c "echo >>'$IN/change1.xml'"
check_result "it is taken" change1.xml 'revised|duplicate'
reason_gone() { [ ! -e "$REJECTED/$1" ] && [ ! -e "$REJECTED/$1.error.txt" ]; }
check "it is no longer among the refused, nor is the reason" wait_for 20 reason_gone change1.xml
check "the original is in the archive" cmp "$PROCESSED/change1.xml" "$WORK/change1.xml"
check_equal "the order has the change" 2000 \
    "$(sql "SELECT quantity_e3 FROM order_line JOIN orders o ON o.id = order_id WHERE number = '10' AND order_line.kind = 'product'")"

# -- looked at first --

check "moved to check" mv "$REJECTED/change2.xml" "$MNT/orders/check/again.xml"
looked_at() { grep -qE "^duplicate|^revised" "$RESULTS/again.xml.check.txt"; }
check "it is looked at" wait_for 20 looked_at
check "and stays where it was, with its reason" test -s "$REJECTED/change2.xml" -a -s "$REJECTED/change2.xml.error.txt"
check_equal "that is no event" 0 "$(sql "SELECT count(*) FROM intake_event WHERE name = 'change2.xml'")"
check_not "a reason cannot be moved there" mv "$REJECTED/change2.xml.error.txt" "$MNT/orders/check/"

# -- deleted --

check "deleted" rm -f "$REJECTED/change2.xml"
check "its reason goes with it" reason_gone change2.xml
check "the journal says so" wait_for 20 events discarded change2.xml 1
check_not "a reason alone cannot be deleted" rm -f "$REJECTED/change3.xml.error.txt"
check_not "nor moved" mv "$REJECTED/change3.xml.error.txt" "$IN/"
check_not "what is archived cannot be moved" mv "$PROCESSED/first.xml" "$IN/"
check_not "nor deleted" rm -f "$PROCESSED/first.xml"
check_not "nor a result" rm -f "$RESULTS/first.xml.txt"

# -- partly: the good ones are in, the file waits among the refused for the others --

plain_order 30 "$sku" 1 >"$IN/thirty.xml"
check_result "an order" thirty.xml 'accepted'
sql "UPDATE orders SET handled = datetime('now') WHERE number = '30'"
{
    echo '<orders version="1">'
    for n in 30 31; do
        echo "<order><number>$n</number><items><item><code>$sku</code><quantity>2</quantity><price>5</price></item></items></order>"
    done
    echo '</orders>'
} >"$WORK/mixed.xml"
cp "$WORK/mixed.xml" "$IN/mixed.xml"
check_result "one of two" mixed.xml '^partly: 2 orders: 1 accepted, 1 conflict'
check_same "the original is in the archive" "$PROCESSED/mixed.xml" "$WORK/mixed.xml"
check_same "and among the refused" "$REJECTED/mixed.xml" "$WORK/mixed.xml"
check_match "with the reason" 'order 30: conflict' "$(cat "$REJECTED/mixed.xml.error.txt")"
sql "UPDATE orders SET handled = NULL WHERE number = '30'"
check "moved back" mv "$REJECTED/mixed.xml" "$IN/mixed.xml"
check_result "only what was not in is decided anew" mixed.xml '^revised: 2 orders: 1 revised, 1 duplicate'
check "nothing is left among the refused" wait_for 20 reason_gone mixed.xml
check_equal "one file in the archive" 1 "$(find "$PROCESSED" -name 'mixed*' | wc -l)"
check_equal "each order once" "30|2
31|2" "$(sql "SELECT o.number, l.quantity_e3 / 1000 FROM orders o JOIN order_line l ON l.order_id = o.id WHERE o.number IN ('30', '31') ORDER BY 1")"
check "the journal says so" wait_for 20 events retried mixed.xml 1

# -- who may --

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    check_equal "the owner's directory" "750 nobody" "$(stat -c '%a %U' "$REJECTED")"
    check_not "nobody else deletes" as_other rm -f "$REJECTED/change3.xml"
    check_not "nobody else moves" as_other mv "$REJECTED/change3.xml" "$IN/"
    check "the file is there" test -s "$REJECTED/change3.xml"
    check "the owner moves" as_nobody mv "$REJECTED/change3.xml" "$IN/change3.xml"
    check_result "it is taken" change3.xml 'revised'
else
    skip "who may" "root only"
fi

# -- only looked at --

CHECK=$MNT/orders/check
check_result_of() { grep -qE "$2" "$RESULTS/$1.check.txt"; }
state() { sql "SELECT count(*), sum(revision) FROM orders; SELECT count(*) FROM intake; SELECT count(*) FROM customer; SELECT sum(reserved_e3) FROM stock"; }
before=$(state)
catalog=$(stat -c %i "$MNT/catalog.csv")
plain_order 20 "$sku" 3 >"$CHECK/new.xml"
plain_order 10 "$sku" 9 >"$CHECK/change.xml"
echo '<orders><oops></orders>' >"$CHECK/broken.xml"
check "a new order would be accepted" wait_for 20 check_result_of new.xml '^accepted: order 20'
check "a change would be a revision" wait_for 20 check_result_of change.xml '^revised: order 10'
check "a broken file would be refused" wait_for 20 check_result_of broken.xml '^refused'
check_equal "nothing has changed" "$before" "$(state)"
check_equal "nor has the catalogue" "$catalog" "$(stat -c %i "$MNT/catalog.csv")"
check_not "nothing is among the refused" test -e "$REJECTED/broken.xml"
check_not "nor in the archive" test -e "$PROCESSED/new.xml"
no_checks() { [ -z "$(ls "$CHECK")" ]; }
check "the files vanish" wait_for 20 no_checks
check "the same name in incoming is another file" cp "$WORK/change1.xml" "$IN/new.xml"
check_result "decided for good" new.xml 'duplicate'

check_result "a name that is not taken is told" order.sal '^incomplete: not the name of an order file'

check_not "no sanitizer, no assertion" grep -qE 'runtime error|AddressSanitizer|assert' "$SHOPFS_LOG"
finish
