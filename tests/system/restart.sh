#!/bin/bash
# Kills and a database that is busy: what was uploaded is decided by the next start, once, without a hand.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3

make_shop 30
plenty
start_shop
sku=$(some_sku)

# Holds the write lock of the database until told to let go.
hold() {
    mkfifo "$WORK/release"
    python3 - "$DB" "$WORK/release" "$WORK/held" <<'END' &
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
db.execute("BEGIN IMMEDIATE")
open(sys.argv[3], "w").close()
open(sys.argv[2]).read()
db.execute("ROLLBACK")
END
    HOLDER=$!
    wait_for 30 test -e "$WORK/held"
}
let_go() {
    echo >"$WORK/release"
    wait "$HOLDER"
    rm -f "$WORK/release" "$WORK/held"
}
# all_in PREFIX COUNT
all_in() { [ "$(sql "SELECT count(*) FROM orders WHERE number GLOB '$1[0-9]*'")" = "$2" ]; }
decided() { [ "$(sql "SELECT count(DISTINCT number) FROM intake_order WHERE number GLOB '$1[0-9]*'")" = "$2" ]; }
results() { [ "$(grep -liE 'accepted' "$RESULTS"/"$1"[0-9]*.txt 2>/dev/null | wc -l)" = "$2" ]; }
# check_all WHAT PREFIX COUNT: each is one order, with verdict and original
check_all() {
    local i missing=

    check "$1: all are in" wait_for 30 all_in "$2" "$3"
    check_equal "$1: each once" "$3" "$(sql "SELECT count(*) FROM intake_order WHERE number GLOB '$2[0-9]*'")"
    check "$1: each has its result" wait_for 20 results "$2" "$3"
    for i in $(seq 1 "$3"); do
        cmp -s "$PROCESSED/$2$i.xml" "$WORK/$2$i.xml" || missing+=" $2$i.xml"
    done
    check_equal "$1: each original is kept" "" "$missing"
    check_equal "$1: reserved once" "0" "$(sql "SELECT sum(abs(reserved_e3 - coalesce((SELECT sum(l.reserved_e3) FROM order_line l
        WHERE l.product_id = s.product_id AND l.variant_id = s.variant_id AND l.warehouse_id = s.warehouse_id), 0))) FROM stock s")"
}
make_orders() {
    local i

    for i in $(seq 1 "$2"); do
        plain_order "$1$i" "$sku" >"$WORK/$1$i.xml"
    done
}

# -- a database that is busy --

hold
make_orders b 10
check "uploads succeed while the database is busy" timeout 5 cp "$WORK"/b[0-9]*.xml "$IN/"
check "a listing does not wait for it" timeout 3 ls -l "$IN"
check_equal "nothing is in yet" 0 "$(sql "SELECT count(*) FROM orders WHERE number GLOB 'b[0-9]*'")"
let_go
check_all "a busy database" b 10

# -- killed with everything uploaded and nothing decided --

hold
make_orders k 10
check "uploads" cp "$WORK"/k[0-9]*.xml "$IN/"
head -c 250 "$WORK/k1.xml" >"$IN/half.xml"
kill_shop KILL
let_go
check_equal "nothing was decided before the kill" 0 "$(sql "SELECT count(*) FROM orders WHERE number GLOB 'k[0-9]*'")"
start_shop
check_all "killed before the decision" k 10
check_equal "the half one is still half" 250 "$(stat -c %s "$IN/half.xml")"
check_equal "and not decided" 0 "$(decisions_of half.xml)"

# -- killed at any moment --

for round in 1 2 3 4 5; do
    make_orders "r$round-" 12
    (for i in $(seq 1 12); do cp "$WORK/r$round-$i.xml" "$IN/" 2>/dev/null && echo "$i" >>"$WORK/done-$round"; done) &
    copying=$!
    sleep "0.0$((round * 17 % 100))"
    kill_shop KILL
    wait $copying
    touch "$WORK/done-$round"
    start_shop
    n=$(wc -l <"$WORK/done-$round")
    lost=
    for i in $(cat "$WORK/done-$round"); do
        one() { [ "$(orders_with "r$round-$i")" = 1 ]; }
        wait_for 20 one || lost+=" $i"
    done
    check_equal "killed in the middle, round $round: $n reported as done, all are in" "" "$lost"
    # The rest comes again, as a sender does who got an error.
    cp "$WORK/r$round-"*.xml "$IN/"
    check "round $round: after sending all again" wait_for 30 all_in "r$round-" 12
done
check_equal "no order is there twice" 0 "$(sql "SELECT count(*) - count(DISTINCT site_id || ' ' || number) FROM orders")"
check_equal "nothing was accepted twice" 0 \
    "$(sql "SELECT count(*) FROM (SELECT number FROM intake_order WHERE verdict = 'accepted' GROUP BY number HAVING count(*) > 1)")"
check_equal "reservations are those of the lines" 0 "$(sql "SELECT sum(abs(reserved_e3 - coalesce((SELECT sum(l.reserved_e3) FROM order_line l
    WHERE l.product_id = s.product_id AND l.variant_id = s.variant_id AND l.warehouse_id = s.warehouse_id), 0))) FROM stock s")"
check_equal "the database is sound" ok "$(sql 'PRAGMA integrity_check')"
check_same "the exports are current" "$MNT/catalog.csv" <(rendered catalog.csv)

finish
