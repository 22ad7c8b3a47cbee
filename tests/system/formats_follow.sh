#!/bin/bash
# asan: no
# What a shipped mapping depends on is found out by the program: whatever table an edit is in, the file in the mount
# becomes what rendering it anew gives.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/formats.sh"
need sqlite3

golden_shop
declare -A paths=()
{
    printf '[shop]\ndatabase = %s\n[site cz]\nexports =\n[site main]\nexports =\n' "$DB"
    for mapping in "$MAPPINGS"/*.xml; do
        echo "  $(basename "$mapping" .xml)"
    done
} >"$WORK/shop.conf"
for mapping in "$MAPPINGS"/*.xml; do
    paths[$mapping]=$(sed -n 's/.* path="\([^"]*\)".*/\1/p' "$mapping" | head -n 1)
done
start_shop "" "$WORK/shop.conf"

# follows WHAT: every export in the mount is what rendering it now gives
follows() {
    local mapping path differ=

    for mapping in "${!paths[@]}"; do
        path=${paths[$mapping]}
        TZ=UTC "$SHOPCTL" render "$DB" --site main --mapping "$mapping" | mask_dates >"$WORK/rendered"
        wait_for 20 mounted_is "$path" || differ+=" $path"
    done
    check_equal "the mount follows: $1" "" "$differ"
}
mounted_is() {
    mask_dates <"$MNT/main/$1" | cmp -s - "$WORK/rendered"
}

follows "as it is"
edits=(
    "UPDATE category SET active = 0 WHERE id = 2"
    "UPDATE category SET parent_id = 4, external_id = NULL WHERE id = 2"
    "UPDATE attribute_text SET name = 'Інше', unit = '' WHERE attribute_id = 1 AND language = 'uk'"
    "UPDATE price SET price_e4 = 4100000 WHERE product_id = 2 AND price_list_id = 2"
    "INSERT INTO price (product_id, variant_id, price_list_id, price_e4) VALUES (2, 22, 2, 4200000)"
    "UPDATE price_list SET name = 'Гурт' WHERE id = 2"
    "UPDATE warehouse SET external_id = 'W-2' WHERE id = 2"
    "UPDATE unit SET okei = '797' WHERE id = 1"
    "UPDATE manufacturer SET name = 'Інший' WHERE id = 1"
    "UPDATE variant SET active = 1 WHERE id = 23"
    "UPDATE category_code SET code = '555', name = 'A > B' WHERE category_id = 1"
    "UPDATE attribute_code SET code = code || '7'; INSERT INTO manufacturer_code VALUES (2, 'epicentr', 'ff')"
    "UPDATE delivery SET price_e4 = 990000, free_from_e4 = NULL, days = '9' WHERE site_id = 1"
    "UPDATE country_text SET name = 'Чеська Республіка' WHERE country = 'CZ'; UPDATE country SET code3 = 'xyz' WHERE code = 'UA'"
    "UPDATE customer SET bonus_e4 = 10000 WHERE id = 3"
    "UPDATE site SET title = 'Інша крамниця', url = 'https://other.example/' WHERE id = 1"
)
for edit in "${edits[@]}"; do
    sqlite3 -batch -cmd '.timeout 20000' "$DB" "$edit" || fail "$edit"
    follows "$edit"
done
finish
