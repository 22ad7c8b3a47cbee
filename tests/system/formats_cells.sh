#!/bin/bash
# Every cell of every CSV file that a shipped mapping writes over the golden shop: as Python's parser and as libcsv read it,
# which must agree, and as the shop's tables say it, by rules written down a second time in tests/formats/golden_*.py.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/formats.sh"
need sqlite3 python3 iconv

golden_shop
reader=$SHOPFS_BUILD/tests/csv_cells
[ -x "$reader" ] || give_up "no $reader"
mapfile -t known < <(python3 "$FORMATS/check_cells.py" --list)

# read_back MAPPING SITE
read_back() {
    local name=$1 csv delimiter encoding quotes=

    write_format "$name" "$2" "$WORK/$name" || give_up "$name cannot be written"
    check "$name for $2: every cell is what the tables say" python3 "$FORMATS/check_cells.py" "$name" "$WORK/$name" "$DB" "$2" --dump "$WORK/$name.python"
    csv=$(grep -m 1 '<csv' "$MAPPINGS/$name.xml")
    delimiter=$(sed -n 's/.* delimiter="\([^"]*\)".*/\1/p' <<<"$csv")
    encoding=$(sed -n 's/.* encoding="\([^"]*\)".*/\1/p' <<<"$csv")
    ! grep -q 'quote="never"' <<<"$csv" || quotes=no-quotes
    iconv -f "${encoding:-UTF-8}" -t UTF-8 "$WORK/$name" >"$WORK/$name.utf8" || fail "$name for $2 is ${encoding:-UTF-8}"
    check "$name for $2: libcsv reads it" "$reader" "$WORK/$name.utf8" "${delimiter:-,}" $quotes
    "$reader" "$WORK/$name.utf8" "${delimiter:-,}" $quotes >"$WORK/$name.libcsv" 2>/dev/null
    check_same "$name for $2: libcsv reads what Python reads" "$WORK/$name.python" "$WORK/$name.libcsv"
}

for mapping in "$MAPPINGS"/*.xml; do
    name=$(basename "$mapping" .xml)
    grep -q '<csv' "$mapping" || continue
    case " ${known[*]} " in
    *" $name "*) ;;
    *)
        fail "there are expectations for $name" "add them to tests/formats/golden_cells.py"
        continue
        ;;
    esac
    case $name in
    shoptet*) read_back "$name" cz ;;
    *) read_back "$name" main ;;
    esac
done
# another language, another currency, all warehouses
for name in woocommerce prestashop-products magento-products shopify-products stock google-tsv joomshopping; do
    read_back "$name" cz
done

# The comparison can fail: one character of one cell.
write_format stock main "$WORK/wrong" && sed -i '2s/Туфлі/Туфли/' "$WORK/wrong"
check_not "a wrong letter is seen" python3 "$FORMATS/check_cells.py" stock "$WORK/wrong" "$DB" main
printf 'a;"b\n' >"$WORK/open"
check_not "an open quote is seen" "$reader" "$WORK/open" ';'
finish
