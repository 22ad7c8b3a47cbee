#!/bin/bash
# shopctl: its commands, formats and exit codes.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3

# exits WHAT CODE COMMAND...: with exactly this code; what it says is in $said
exits() {
    local what=$1 code=$2 rc=0

    shift 2
    said=$("$@" 2>&1 </dev/null) || rc=$?
    if [ "$rc" = "$code" ]; then
        pass "$what: exit code $code"
    else
        fail "$what: exit code $code" "exit code $rc
$said"
    fi
}
# The rows that matter, to see that nothing changed.
content() {
    sql "SELECT count(*) FROM orders; SELECT count(*) FROM order_line; SELECT count(*) FROM customer; SELECT count(*) FROM intake;
         SELECT sum(reserved_e3) FROM stock; SELECT sequence FROM change_sequence"
}

# -- words --

exits "no command" 64 "$SHOPCTL"
exits "--help" 0 "$SHOPCTL" --help
check_match "--help names the commands" 'init.*render.*import.*orders.*exports.*check' "${said//$'\n'/ }"
check "it fits a screen" test "$(wc -l <<<"$said")" -le 24
exits "--version" 0 "$SHOPCTL" --version
exits "an unknown command" 64 "$SHOPCTL" conjure "$DB"
for command in init render import orders exports check; do
    exits "$command without arguments" 64 "$SHOPCTL" $command
done

# -- init --

exits "init" 0 "$SHOPCTL" init "$WORK/bare.db"
check_equal "an empty shop has a site and no goods" "1 0" "$(sqlite3 "$WORK/bare.db" "SELECT (SELECT count(*) FROM site) || ' ' || (SELECT count(*) FROM product)")"
sum=$(sha256sum <"$WORK/bare.db")
exits "init over a database" 73 "$SHOPCTL" init "$WORK/bare.db"
check_equal "leaves it alone" "$sum" "$(sha256sum <"$WORK/bare.db")"
exits "init where there is no directory" 73 "$SHOPCTL" init "$WORK/no/such/shop.db"
exits "init --demo=x" 64 "$SHOPCTL" init "$WORK/x.db" --demo=x
check_not "and makes nothing" test -e "$WORK/x.db"
exits "init --demo=120" 0 "$SHOPCTL" init "$DB" --demo=120
check_equal "so many products" 120 "$(sql 'SELECT count(*) FROM product')"
check_equal "languages, price lists, warehouses" ok "$(sql "SELECT CASE WHEN (SELECT count(DISTINCT language) FROM product_text) >= 3
    AND (SELECT count(*) FROM price_list) >= 2 AND (SELECT count(*) FROM variant) > 0 AND (SELECT count(*) FROM product_attribute) > 0
    AND (SELECT count(*) FROM price WHERE min_qty_e3 > 0) > 0 AND (SELECT count(*) FROM image_data) > 0
    AND (SELECT count(*) FROM image WHERE path IS NOT NULL) > 0 THEN 'ok' ELSE 'something is missing' END")"
check_equal "foreign keys hold" "" "$(sql 'PRAGMA foreign_key_check')"
exits "an empty shop renders" 0 "$SHOPCTL" render "$WORK/bare.db" catalog.csv
check_equal "to a header alone" 1 "$(wc -l <<<"$said")"

# -- render --

"$SHOPCTL" render "$DB" catalog.csv >"$WORK/catalog.csv"
check_equal "render" 0 $?
check "writes the catalogue" test "$(wc -l <"$WORK/catalog.csv")" -gt 100
check_same "and the same again" "$WORK/catalog.csv" <("$SHOPCTL" render "$DB" catalog.csv)
exits "render of an unknown export" 66 "$SHOPCTL" render "$DB" no-such.csv
check_match "says which there are" 'catalog.csv' "$said"
cat >"$WORK/preview.xml" <<'END'
<export xmlns="urn:shopfs:mapping" path="x.csv">
  <csv>
    <rows of="product" where="active = 7"><column name="code" value="sku"/></rows>
    <rows of="product"><column name="code" value="sku"/></rows>
    <rows of="category"><column name="code"><if test="name IS NULL">none</if>{category_id}</column></rows>
  </csv>
</export>
END
"$SHOPCTL" render "$DB" --mapping "$WORK/preview.xml" --limit 3 >"$WORK/preview.csv"
check_equal "a preview" 0 $?
check_equal "has the header and so many rows of each kind" 7 "$(wc -l <"$WORK/preview.csv")"
check_equal "a larger one is the whole" "$("$SHOPCTL" render "$DB" -m "$WORK/preview.xml" | cksum)" \
    "$("$SHOPCTL" render "$DB" -m "$WORK/preview.xml" -n 1000000 | cksum)"
exits "a preview of no rows" 64 "$SHOPCTL" render "$DB" --mapping "$WORK/preview.xml" --limit 0
exits "render of no database" 66 "$SHOPCTL" render "$WORK/no.db" catalog.csv
exits "render to a full disk" 74 sh -c "'$SHOPCTL' render '$DB' catalog.csv >/dev/full"
"$SHOPCTL" render "$DB" feed.yml | head -c 10 >/dev/null
check "a reader that goes away is no crash" test "${PIPESTATUS[0]}" -lt 142

# -- import --

plenty
sku=$(some_sku)
plain_order 9001 "$sku" 2 50.00 >"$WORK/one.xml"
commerceml_order 9002 "$sku" 1 60.00 | in_1251 >"$WORK/two.xml"
echo '<?xml version="1.0"?><order><oops></order>' >"$WORK/bad.xml"
before=$(content)
exits "import --dry-run" 0 "$SHOPCTL" import "$DB" --dry-run "$WORK/one.xml" "$WORK/two.xml"
check_match "tells what would happen" '9001.*9002' "${said//$'\n'/ }"
check_equal "and changes nothing" "$before" "$(content)"
exits "import --dry-run after the files" 0 "$SHOPCTL" import "$DB" "$WORK/one.xml" --dry-run
check_equal "changes nothing either" "$before" "$(content)"
exits "import" 0 "$SHOPCTL" import "$DB" "$WORK/one.xml" "$WORK/two.xml"
check_match "says accepted" 'accepted' "$said"
check_equal "both are in" "1 1" "$(orders_with 9001) $(orders_with 9002)"
check_equal "stock is reserved" 3000 "$(sql "SELECT sum(reserved_e3) FROM stock")"
exits "import again" 0 "$SHOPCTL" import "$DB" "$WORK/one.xml"
check_match "says duplicate" 'duplicate' "$said"
exits "import of garbage" 65 "$SHOPCTL" import "$DB" "$WORK/bad.xml"
check_match "names file and line" 'bad.xml.*line 1|bad.xml:1' "${said//$'\n'/ }"
plain_order 9003 "$sku" >"$WORK/three.xml"
exits "garbage beside a good one" 65 "$SHOPCTL" import "$DB" "$WORK/bad.xml" "$WORK/three.xml"
check_equal "does not stop it" 1 "$(orders_with 9003)"
plain_order 9005 "$sku" 1 >"$WORK/five.xml"
exits "import --explain" 0 "$SHOPCTL" import "$DB" --explain "$WORK/five.xml"
check_match "it tells which mapping reads the file" 'read by: plain' "${said//$'\n'/ }"
check_match "and where a value comes from" 'number +[^ ]+ +line [0-9]+ +by number \(mapping line [0-9]+\)' "${said//$'\n'/ }"
check_match "and what would be there" 'would stand in the database:.*dry run: nothing was changed' "${said//$'\n'/ }"
check_equal "and changes nothing" 0 "$(orders_with 9005)"
exits "import of no file" 66 "$SHOPCTL" import "$DB" "$WORK/nothing.xml"

# -- orders --

exits "orders list" 0 "$SHOPCTL" orders "$DB" list
check_match "shows them" '9001.*|9002' "$said"
"$SHOPCTL" orders "$DB" list --format=csv >"$WORK/list.csv"
check_equal "list as CSV" "number site created customer lines total currency status payment
9001 main Олена Ковальчук 1 100.00 UAH card" "$(python3 - "$WORK/list.csv" <<'END'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")))
want = ["number", "site", "created", "customer", "lines", "total", "currency", "status", "payment"]
print(*[c for c in want if c in rows[0]])
r = [r for r in rows if r["number"] == "9001"][0]
print(r["number"], r["site"], r["customer"], r["lines"], r["total"], r["currency"], r["payment"])
END
)"
"$SHOPCTL" orders "$DB" list --format=json >"$WORK/list.json"
check_equal "list as JSON" "9001 9002 9003" "$(python3 - "$WORK/list.json" <<'END'
import json, sys
print(*sorted(str(o["number"]) for o in json.load(open(sys.argv[1], encoding="utf-8"))))
END
)"
exits "orders show" 0 "$SHOPCTL" orders "$DB" show 9001
check_match "the card: number" 9001 "$said"
check_match "the card: customer" 'Олена Ковальчук' "$said"
check_match "the card: line" "$sku" "$said"
check_match "the card: total" '100\.00' "$said"
exits "orders show --format=json" 0 "$SHOPCTL" orders "$DB" show 9001 --format=json
check "is JSON" python3 -c 'import json, sys; json.loads(sys.argv[1])' "$said"
exits "orders show --format=csv" 0 "$SHOPCTL" orders "$DB" show 9001 --format=csv
check "is CSV of one width" python3 -c '
import csv, io, sys
assert len({len(r) for r in csv.reader(io.StringIO(sys.argv[1]))}) == 1' "$said"
exits "orders show of an unknown number" 66 "$SHOPCTL" orders "$DB" show 424242
check_match "says so" 424242 "$said"
exits "orders in an unknown format" 64 "$SHOPCTL" orders "$DB" list --format=yaml
exits "orders of no database" 66 "$SHOPCTL" orders "$WORK/no.db" list

# -- beside a mount --

start_shop
plain_order 9004 "$sku" 1 >"$WORK/four.xml"
was=$(stat -c %i "$MNT/catalog.csv")
exits "import beside a mount" 0 "$SHOPCTL" import "$DB" "$WORK/four.xml"
check "the mount shows it" test "$(stat -c %i "$MNT/catalog.csv")" != "$was"
check_same "as rendered" "$MNT/catalog.csv" <(rendered catalog.csv)
unmount_shop

# -- check --

exits "check" 0 "$SHOPCTL" check "$DB"
configure 'exports = broken.xml'
printf '<export xmlns="urn:shopfs:mapping" path="x.csv">\n  <nonsense/>\n</export>\n' >"$WORK/broken.xml"
exits "check of a bad mapping" 78 "$SHOPCTL" check "$CONF"
check_match "names file and line" 'broken.xml:2:[0-9]+' "$said"
configure 'no-such-key = 5'
exits "check of a bad configuration" 78 "$SHOPCTL" check "$CONF"
check_match "names file and line, too" 'shop.conf:4' "$said"
exits "check of one mapping" 0 "$SHOPCTL" check "$DB" --mapping "$WORK/preview.xml"
check_match "a where that never holds" 'preview.xml:3:[0-9]+: warning: where="active = 7" holds for no row' "$said"
check_match "a condition that never holds" 'preview.xml:5:[0-9]+: warning: the condition "name IS NULL"' "$said"
check_match "are warnings" '0 errors, 2 warnings' "$said"
sed -i '4s/value="sku"/value="name" format="decimal(2)"/' "$WORK/preview.xml"
exits "check of a value that cannot be written" 78 "$SHOPCTL" check "$DB" --mapping "$WORK/preview.xml"
check_match "names line and value" 'preview.xml:4:[0-9]+: error: value="name": .* is not a number \(row 1 of' "$said"
configure "exports = preview.xml"
exits "the same in a whole check" 78 "$SHOPCTL" check "$CONF"
check_not "which does not warn of what a shop lacks" grep -q 'holds for no' <<<"$said"
exits "check --site without a mapping" 64 "$SHOPCTL" check "$DB" --site main
exits "check of no database" 66 "$SHOPCTL" check "$WORK/no.db"
head -c 9000 /dev/urandom >"$WORK/noise.db"
check_not "check of noise" "$SHOPCTL" check "$WORK/noise.db"

finish
