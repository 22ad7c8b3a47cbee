#!/bin/bash
# asan: no
# `shopctl exports` beside a mount, column by column: what is in service, what was never made, what is held back, what is
# broken before and after it was in service, and what could be enabled.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3

# mapping NAME ATTRIBUTES VALUE
mapping() {
    cat >"$WORK/$1.xml" <<END
<export xmlns="urn:shopfs:mapping" path="exports/$1.csv" title="The $1 one"$2><csv>
  <rows of="product" where="active = 1"><column name="x" $3/></rows>
</csv></export>
END
}
mapping good "" 'value="sku"'
mapping held ' keep-rows="80%"' 'value="sku"'
mapping broken "" 'value="skew"'
mapping failing "" 'value="name" format="decimal(2)"'
mapping later "" 'value="sku"'
printf '<export xmlns="urn:shopfs:mapping" path="exports/torn.csv" title="Torn"><csv><rows' >"$WORK/torn.xml"

"$SHOPCTL" init --demo=40 "$DB" >"$WORK/init.log" 2>&1 || give_up "cannot make the shop" "$(cat "$WORK/init.log")"
{
    printf '[shop]\ndatabase = %s\nstate = %s/state\n[site main]\nexports =\n  joomshopping\n' "$DB" "$WORK"
    printf "  $WORK/%s.xml\n" good held broken failing later torn
} >"$WORK/shop.conf"
CONF=$WORK/shop.conf

# cells MAPPING COLUMN...: of the row whose mapping ends so; "-" where there is no value
cells() {
    "$SHOPCTL" exports "$CONF" --format=json | python3 -c '
import json, sys
rows = [r for r in json.load(sys.stdin) if r["mapping"].endswith(sys.argv[1])]
assert len(rows) == 1, rows
print(*("-" if rows[0][c] is None else rows[0][c] for c in sys.argv[2:]))' "$@"
}

# -- before the first mount --

check_equal "enabled, never made" "True exports/good.csv - - - The good one -" "$(cells good.xml enabled path size rows version title error)"
check_equal "shipped, not enabled" "False exports/google.xml - - - Google Merchant (RSS) -" "$(cells google enabled path size rows version title error)"
check_equal "broken: its place is told all the same" "True exports/broken.csv - - - The broken one" "$(cells broken.xml enabled path size rows version title)"
check_match "with file, line and column" 'broken.xml:2:.*skew' "$(cells broken.xml error)"
check_equal "not even XML" "True exports/torn.csv - - - Torn" "$(cells torn.xml enabled path size rows version title)"
check_match "with what is wrong" 'torn.xml:1.*well-formed' "$(cells torn.xml error)"
check_match "the table for people" 'good.xml +yes +exports/good.csv' "$("$SHOPCTL" exports "$CONF")"
check_equal "JSON ends its line" "]" "$("$SHOPCTL" exports "$CONF" --format=json | tail -n 1)"

# -- in service --

if [ ! -c /dev/fuse ]; then
    skip "the list beside a mount" "no /dev/fuse here"
    finish
fi
start_shop no_prepare "$CONF"
file=$MNT/exports/good.csv
size=$(stat -c %s "$file")
version=$(date -u -d "@$(stat -c %Y "$file")" +%Y-%m-%dT%H:%M:%SZ)
rows=$(($(wc -l <"$file") - 1))
check_equal "size, rows and time of the version" "True exports/good.csv $size $rows $version The good one -" "$(cells good.xml enabled path size rows version title error)"
check_equal "enabled, mounted, not looked at" "True - - - -" "$(cells later.xml enabled size rows version error)"
check_not "one that cannot be written is not there" cat "$MNT/exports/failing.csv"
check_equal "it has no version" "- - -" "$(cells failing.xml size rows version)"
check_match "but the reason, with the row" 'failing.xml:2.*row 1.*is not a number' "$(cells failing.xml error)"

# -- held back, and broken while in service --

check_equal "the guarded one has all rows" "$rows" "$(($(wc -l <"$MNT/exports/held.csv") - 1))"
held=$(cells held.xml size rows version)
sqlite3 -cmd '.timeout 10000' "$DB" "UPDATE product SET active = 0 WHERE id > 8"
check "the guard holds" wait_for 10 sh -c "stat '$MNT/exports/held.csv' >/dev/null; '$SHOPCTL' exports '$CONF' | grep -q 'rows are left'"
check_equal "held back: the version in service" "$held" "$(cells held.xml size rows version)"
left=$(($(wc -l <"$file") - 1))
check "some rows are left" test "$left" -gt 0 -a "$left" -lt 9
check_match "and why it is, and what to do" "only $left of .* rows are left.*accept exports/held.csv" "$(cells held.xml error)"
mapping good "" 'value="skew"'
check "a broken document is noticed" wait_for 10 sh -c "stat '$MNT/exports/good.csv' >/dev/null; grep -q good.xml:2 '$MNT/.shopfs/status'"
check_equal "broken while in service: what is served is told" "True exports/good.csv $(stat -c %s "$file") $left The good one" "$(cells good.xml enabled path size rows title)"
check_match "and what is wrong with the new one" 'good.xml:2.*skew' "$(cells good.xml error)"
unmount_shop
check_equal "the same after the mount is gone" "True exports/good.csv $left The good one" "$(cells good.xml enabled path rows title)"
check_match "the error too" 'good.xml:2.*skew' "$(cells good.xml error)"
finish
