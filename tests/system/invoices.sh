#!/bin/bash
# Invoices: a site takes them or passes them over; words for the payment; certificates and bonus, charged and given back.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3

make_shop 20
plenty
sku=$(some_sku)
sql "INSERT INTO site (name, title, url, language, currency, price_list_id)
       SELECT 'second', 'The second shop', 'https://second.example/', language, currency, price_list_id FROM site LIMIT 1;
     INSERT INTO certificate (code, amount_e4, currency) SELECT 'GIFT', 500000, currency FROM site LIMIT 1;
     INSERT INTO site_payment_word SELECT id, 'На картку', 'partly' FROM site WHERE name = 'main'"
first=$(sql "SELECT name FROM site ORDER BY id LIMIT 1")
cat >"$WORK/shop.conf" <<END
[shop]
database = $DB
[site $first]
[site second]
invoices = take
[payment second]
На картку = paid
END
start_shop '' "$WORK/shop.conf"

# documents NUMBER PAYMENT: an order and its invoice
documents() {
    cat <<END
<?xml version="1.0" encoding="UTF-8"?>
<orders version="1">
<order><number>$1</number><payment-status>$2</payment-status><certificate>GIFT</certificate>
<customer><name>Олена</name><email>olena@example.test</email></customer>
<items><item><code>$sku</code><quantity>2</quantity><price>100.00</price></item></items></order>
<invoice><number>$1</number><order-number>$1</order-number><due-date>2026-12-06</due-date>
<items><item><code>$sku</code><quantity>2</quantity><price>100.00</price></item></items></invoice>
</orders>
END
}
reserved() { sql "SELECT sum(reserved_e3) / 1000 FROM stock"; }
verdict() { grep -qE "$3" "$MNT/$1/orders/results/$2.txt"; }

documents 1 'На картку' >"$WORK/both.xml"
cp "$WORK/both.xml" "$MNT/$first/orders/incoming/both.xml"
check "the first site takes the order" wait_for 20 verdict "$first" both.xml '^accepted: order 1$'
check "and says what it left" verdict "$first" both.xml '^not taken: 1 invoice'
check "its word for the payment is the database's" verdict "$first" both.xml 'payment: partly'
check "the certificate pays" verdict "$first" both.xml 'certificate: 50.00'
check "the rest is to pay" verdict "$first" both.xml 'to pay: 150.00'
check_equal "it is spent" 500000 "$(sql "SELECT used_e4 FROM certificate WHERE code = 'GIFT'")"

cp "$WORK/both.xml" "$MNT/second/orders/incoming/both.xml"
check "the second site takes both" wait_for 20 verdict second both.xml '^accepted: 1 order, 1 invoice: 2 accepted$'
check "its word is the configuration's" verdict second both.xml 'payment: paid'
check "a spent certificate pays nothing" verdict second both.xml "warning: the certificate 'GIFT' is spent"
check_equal "an order and an invoice of one number" "invoice|1
order|NULL" "$(sql "SELECT kind, coalesce(order_number, 'NULL') FROM orders WHERE site_id = (SELECT id FROM site WHERE name = 'second') ORDER BY kind")"
check_equal "the orders alone reserve" 4 "$(reserved)"
cp "$WORK/both.xml" "$MNT/second/orders/incoming/again.xml"
check "again: nothing new" wait_for 20 verdict second again.xml '^duplicate: 1 order, 1 invoice: 2 duplicate$'
check_match "shopctl lists orders" '1 +second ' "$("$SHOPCTL" orders "$WORK/shop.conf" list --site=second)"
check_equal "and invoices" 1 "$("$SHOPCTL" orders "$WORK/shop.conf" list --invoices --format=csv | grep -c '^1,second')"
check_match "an order's card names its invoice" 'Invoices' "$("$SHOPCTL" orders "$WORK/shop.conf" show 1 --site=second)"
check_match "an invoice has a card" 'due_on.*2026-12-06' "$("$SHOPCTL" orders "$WORK/shop.conf" show 1 --invoices)"

# -- only an invoice --

sed -e '/<order>/,/<\/order>/d' -e 's/<number>1</<number>2</' "$WORK/both.xml" >"$WORK/invoice.xml"
cp "$WORK/invoice.xml" "$MNT/$first/orders/incoming/invoice.xml"
check "no order in this file" wait_for 20 verdict "$first" invoice.xml '^no-order: no order in this file; it holds 1 invoice'
check "it is among the refused" test -s "$MNT/$first/orders/rejected/invoice.xml"
sql "UPDATE site SET take_invoices = 1 WHERE name = '$first'"
check "moved back when the site takes them" mv "$MNT/$first/orders/rejected/invoice.xml" "$MNT/$first/orders/incoming/"
check "it is taken" wait_for 20 verdict "$first" invoice.xml '^accepted: invoice 2$'

# -- given back --

check "cancelled by the operator" "$SHOPCTL" orders "$WORK/shop.conf" cancel 1 --site="$first"
check_equal "the certificate is whole again" 0 "$(sql "SELECT used_e4 FROM certificate WHERE code = 'GIFT'")"
check_equal "and the stock" 2 "$(reserved)"

# -- explained --

"$SHOPCTL" import "$WORK/shop.conf" "$WORK/both.xml" --site=second --explain >"$WORK/explained" 2>&1
check_match "explain shows the payment's word and where it was" 'payment-status +На картку +line 3 +by payment-status' "$(cat "$WORK/explained")"
check_match "and the invoice" 'invoice 2, line 6' "$(cat "$WORK/explained")"

check_not "no sanitizer, no assertion" grep -qE 'runtime error|AddressSanitizer|assert' "$SHOPFS_LOG"
finish
