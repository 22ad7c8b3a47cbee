#!/bin/bash
# Orders dropped as files become rows, once; every upload gets its verdict; nothing vanishes.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3 iconv

make_shop 60
plenty
start_shop
sku=$(some_sku)
other=$(some_sku 1)

# -- accepted --

plain_order 1042 "$sku" 3 150.50 >"$WORK/order.xml"
before=$(free_stock "$sku")
was=$(stat -c %i "$MNT/catalog.csv")
check "cp succeeds" cp "$WORK/order.xml" "$IN/order.xml"
check_result "the result says accepted, and as which order" order.xml 'accepted.*1042'
check_equal "one order row" 1 "$(orders_with 1042)"
check_equal "one line, matched to the product" "$sku|3000|1505000|sku" \
    "$(sql "SELECT p.sku, l.quantity_e3, l.price_e4, l.matched_by FROM order_line l JOIN orders o ON o.id = order_id
              LEFT JOIN product p ON p.id = l.product_id WHERE o.number = '1042' AND l.kind = 'product'")"
check_same "the original is kept byte for byte" "$PROCESSED/order.xml" "$WORK/order.xml"
check_equal "the stock is reserved" $((before - 3)) "$(free_stock "$sku")"
check "the catalogue shows it at once" test "$(stat -c %i "$MNT/catalog.csv")" != "$was"
check_same "the catalogue is as rendered" "$MNT/catalog.csv" <(rendered catalog.csv)
check_equal "the customer has his name" "Олена Ковальчук" \
    "$(sql "SELECT c.name FROM orders o JOIN customer c ON c.id = customer_id WHERE number = '1042'")"
check_equal "the delivery address with its ampersand" "вул. Садова 5 & 7" \
    "$(sql "SELECT street FROM order_address a JOIN orders o ON o.id = order_id WHERE number = '1042' AND a.kind = 'delivery'")"
check_equal "nothing refused" "" "$(ls "$REJECTED")"

# -- once --

cp "$WORK/order.xml" "$IN/again.xml"
check_result "the same under another name: duplicate" again.xml 'duplicate.*1042'
check_equal "still one order" 1 "$(orders_with 1042)"
check_equal "nothing reserved twice" $((before - 3)) "$(free_stock "$sku")"
cp "$WORK/order.xml" "$IN/order.xml"
check_result "the same under its old name" order.xml 'duplicate.*1042'
check_equal "still one" 1 "$(orders_with 1042)"

# -- revised --

plain_order 1042 "$sku" 5 150.50 >"$WORK/revision.xml"
cp "$WORK/revision.xml" "$IN/revision.xml"
check_result "other content under the same number is a revision" revision.xml 'revis.*1042'
check_equal "still one order, of revision 2" "1|2" "$(sql "SELECT count(*), max(revision) FROM orders WHERE number = '1042'")"
check_equal "the reservation follows" $((before - 5)) "$(free_stock "$sku")"
check_same "the revision's original is kept" "$PROCESSED/revision.xml" "$WORK/revision.xml"
check_same "and the first one's" "$PROCESSED/order.xml" "$WORK/order.xml"

sql "UPDATE orders SET handled = datetime('now') WHERE number = '1042'"
plain_order 1042 "$sku" 9 150.50 >"$WORK/late.xml"
cp "$WORK/late.xml" "$IN/late.xml"
check_result "after somebody began with it: refused" late.xml 'refused'
check_same "the refused one is kept" "$REJECTED/late.xml" "$WORK/late.xml"
check_match "with a reason that names the order" '1042' "$(cat "$REJECTED/late.xml.error.txt")"
check_equal "the order is unchanged" 5000 \
    "$(sql "SELECT quantity_e3 FROM order_line JOIN orders o ON o.id = order_id WHERE number = '1042' AND order_line.kind = 'product'")"

# -- CommerceML --

commerceml_order 77 "$other" 2 99.90 >"$WORK/cml.xml"
in_1251 <"$WORK/cml.xml" >"$WORK/cml1251.xml"
sed -i 's/<Номер>77</<Номер>78</; s/site#77/site#78/' "$WORK/cml.xml"
before=$(free_stock "$other")
cp "$WORK/cml1251.xml" "$IN/cml1251.xml"
check_result "CommerceML in windows-1251" cml1251.xml 'accepted.*77'
cp "$WORK/cml.xml" "$IN/cml.xml"
check_result "CommerceML in UTF-8" cml.xml 'accepted.*78'
check_same "the bytes are kept in their encoding" "$PROCESSED/cml1251.xml" "$WORK/cml1251.xml"
check_equal "both reserved" $((before - 4)) "$(free_stock "$other")"
check_equal "the texts are the same" "Тарас Шевчук
Тарас Шевчук" "$(sql "SELECT c.name FROM orders o JOIN customer c ON c.id = customer_id WHERE number IN ('77', '78') ORDER BY number")"
check_equal "read by the CommerceML mapping" "commerceml" "$(sql "SELECT DISTINCT mapping FROM orders WHERE number IN ('77', '78')")"

# -- refused, with a reason --

# refused NAME WHAT REGEX [VERDICT]: the file $WORK/NAME, dropped
refused() {
    cp "$WORK/$1" "$IN/$1"
    check_result "$2: ${4:-refused}" "$1" "^${4:-refused}" || return
    check_same "$2: kept byte for byte" "$REJECTED/$1" "$WORK/$1"
    check_match "$2: the reason" "$3" "$(cat "$REJECTED/$1.error.txt" 2>&1)"
}
echo '<?xml version="1.0"?><orders><oops></orders>' >"$WORK/broken.xml"
refused broken.xml "not well-formed" 'line 1'
head -c 20000 /dev/urandom >"$WORK/noise.xml"
refused noise.xml "random bytes" '.'
echo '<?xml version="1.0"?><invoice><total>5</total></invoice>' >"$WORK/invoice.xml"
refused invoice.xml "not an order" 'invoice' no-order
sed '/<order/i <!DOCTYPE order [<!ENTITY x SYSTEM "file:///etc/passwd">]>' <(plain_order 1 "$sku") | sed 's/<note>.*/<note>\&x;<\/note>/' >"$WORK/entity.xml"
refused entity.xml "an external entity" 'DOCTYPE|entit'
plain_order 3 "$sku" abc >"$WORK/letters.xml"
refused letters.xml "a quantity of letters" 'quantity|line'
check_not "no file of this machine got into a row" grep -q root: <(sql "SELECT note FROM orders; SELECT value FROM order_unmapped")

# One bad one does not hold up the others.
plain_order 2001 "$sku" >"$WORK/good1.xml"
plain_order 2002 "$sku" >"$WORK/good2.xml"
cp "$WORK/noise.xml" "$IN/a-noise.xml"
cp "$WORK/good1.xml" "$IN/"
cp "$WORK/broken.xml" "$IN/c-broken.xml"
cp "$WORK/good2.xml" "$IN/"
check_result "the good one between two bad ones" good1.xml 'accepted.*2001'
check_result "the good one after them" good2.xml 'accepted.*2002'

# -- many at once --

mkdir "$WORK/many"
for i in $(seq 1 60); do
    plain_order "M$i" "$sku" >"$WORK/many/m$i.xml"
done
check "60 orders in one cp" cp "$WORK"/many/*.xml "$IN/"
all_in() { [ "$(sql "SELECT count(*) FROM orders WHERE number LIKE 'M%'")" = 60 ]; }
check "all of them are in" wait_for 30 all_in
all_results() { [ "$(grep -li accepted "$RESULTS"/m*.xml.txt | wc -l)" = 60 ]; }
check "each has its verdict" wait_for 20 all_results
check "each is in the archive" sh -c "for f in '$WORK'/many/*.xml; do cmp \"\$f\" '$PROCESSED/'\$(basename \"\$f\") || exit 1; done"

# -- names --

awkward='замовлення №5 "quoted"; $(id) & more.xml'
plain_order N1 "$sku" >"$IN/$awkward"
check_result "a name with blanks, quotes and letters" "$awkward" 'accepted.*N1'
plain_order N2 "$sku" >"$IN/UPPER.XML"
check_result "a name in capitals" UPPER.XML 'accepted.*N2'
mkdir "$IN/sub"
plain_order N3 "$sku" >"$IN/sub/inside.xml"
n3() { [ "$(orders_with N3)" = 1 ]; }
check "in a directory below" wait_for 20 n3

# -- who watches the directory --

if command -v inotifywait >/dev/null; then
    inotifywait -q -m -e close_write,moved_to --format '%e %f' "$IN" >"$WORK/events" 2>"$WORK/watching" &
    on_exit kill $!
    plain_order W1 "$sku" >"$WORK/w1.xml"
    told() { grep -q "$1" "$WORK/events"; }
    drop_until_told() { cp "$WORK/w1.xml" "$IN/w1.xml" && told 'CLOSE_WRITE.* w1.xml'; } # the watch may come late
    check "inotify tells of an upload" wait_for 20 drop_until_told
    cp "$WORK/w1.xml" "$IN/w1.part"
    mv "$IN/w1.part" "$IN/w2.xml"
    check "and of a rename" wait_for 10 told 'MOVED_TO w2.xml'
else
    skip "inotify" "no inotifywait here"
fi

# -- what the log says --

check_not "no sanitizer, no assertion" grep -qE 'runtime error|AddressSanitizer|assert' "$SHOPFS_LOG"
finish
