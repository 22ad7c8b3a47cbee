#!/bin/bash
# CommerceML with changes only: what is edited appears, what is deleted is marked, what did not change is absent; valid
# by the schema, also when nothing changed and when the shop is empty.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/formats.sh"
need sqlite3

lists=(import offers prices)
make_shop 300
configure "exports = commerceml-import, $(printf 'commerceml-%s-changes, ' import offers prices)commerceml-rests-changes"
dir=$MNT/exports/commerceml-changes
# changed FILE: the ids in it, with "-" where they are marked as deleted
changed() {
    grep -aoE '<(Товар|Предложение)( Статус="Удален")?><Ид>[^<]*' "$dir/$1.xml" | sed -E 's/^<[^ >]*( [^>]*)>/-/; s/^<[^>]*>//; s/<Ид>//' | tr '\n' ' '
}
valid() {
    local list

    for list in "${lists[@]}"; do
        check_xsd "$1: $list is CommerceML" commerceml/commerceml-2.10.xsd "$dir/$list.xml"
    done
}
# long_ago: nothing changed for as long as anybody knows. Before the first mount: this is not recorded.
long_ago() { sql "UPDATE change_today SET first = 0; DELETE FROM change_day; UPDATE change_mark SET keys = 0; DELETE FROM deleted_product"; }
id_of() { sql "SELECT coalesce(external_id, sku) FROM product WHERE id = $1"; }
simple=$(sql "SELECT min(p.id) FROM product p JOIN price r ON r.product_id = p.id AND r.variant_id = 0 WHERE p.active = 1
    AND NOT EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id) AND p.id > 100")
other=$(sql "SELECT min(p.id) FROM product p JOIN price r ON r.product_id = p.id AND r.variant_id = 0 WHERE p.active = 1
    AND NOT EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id) AND p.id > $simple
    AND NOT EXISTS (SELECT 1 FROM product_relation l WHERE l.related_id = p.id)")

check "of a shop that was just made everything is new" test "$("$SHOPCTL" render "$CONF" exports/commerceml-changes/import.xml | grep -c '<Товар')" -gt 250
long_ago
start_shop "" "$CONF"
check_equal "nothing changed: no goods" "" "$(changed import)"
check_equal "no prices" "" "$(changed prices)"
check_equal "no stock" "" "$(changed rests)"
check_not "not even an empty list" grep -q 'Товары\|Предложения' "$dir/import.xml" "$dir/offers.xml" "$dir/prices.xml" "$dir/rests.xml"
valid "nothing"
check "the full file is full" test "$(grep -c '<Товар>' "$MNT/exports/commerceml/import.xml")" -gt 200

sql "UPDATE price SET price_e4 = price_e4 + 10000 WHERE product_id = $simple AND variant_id = 0 AND min_qty_e3 = 0"
check_equal "a price was changed: the goods are in" "$(id_of "$simple") " "$(changed import)"
check_equal "and in prices" "$(id_of "$simple") " "$(changed prices)"
check_equal "and in offers" "$(id_of "$simple") " "$(changed offers)"
check_equal "but not in rests" "" "$(changed rests)"
sql "UPDATE stock SET on_hand_e3 = on_hand_e3 + 1000 WHERE product_id = $other"
check_equal "stock was changed" "$(id_of "$other") " "$(changed rests)"
check_equal "no other price did" "$(id_of "$simple") " "$(changed prices)"
valid "some"

gone=$(id_of "$other")
sql "PRAGMA foreign_keys = ON; DELETE FROM product WHERE id = $other"
check_equal "deleted goods are marked" "$(id_of "$simple") -$gone " "$(changed import)"
check "and have no stock left" grep -q "<Ид>$gone</Ид><Остатки>.*<Количество>0</Количество>" "$dir/rests.xml"
sql "UPDATE product SET active = 0 WHERE id = $simple"
check_equal "goods that are switched off too" "-$(id_of "$simple") -$gone " "$(changed import)"
check_equal "and their offers" "-$(id_of "$simple") " "$(changed offers)"
valid "deleted"

# A week later: the window moves with the first change of a day.
sql "UPDATE change_day SET day = day - 8; UPDATE change_today SET day = day - 8; UPDATE deleted_product SET day = day - 8;
     UPDATE change_sequence SET second = second - 8 * 86400; UPDATE product SET mpn = 'later' WHERE id = 1"
check_equal "what is longer ago than the site's days is no change" "$(id_of 1) " "$(changed import)"
sql "UPDATE site SET changes_days = 10"
check_equal "unless the site wants more days" "$(id_of 1) -$(id_of "$simple") -$gone " "$(changed import)"
sql "UPDATE site SET changes_since = date('now')"
check_equal "or states the day" "$(id_of 1) " "$(changed import)"

sql "PRAGMA foreign_keys = ON; UPDATE site SET changes_since = NULL, changes_days = 0; DELETE FROM change_mark WHERE source = 0;
     DELETE FROM order_line; DELETE FROM product; DELETE FROM category_path; DELETE FROM category; DELETE FROM deleted_product"
check_equal "an empty shop" "" "$(changed import)"
valid "empty"
check_xsd "the full file of an empty shop is valid" commerceml/commerceml-2.10.xsd "$MNT/exports/commerceml/import.xml"
finish
