#!/bin/bash
# asan: no
# Readers of other people, from the registry of npm: two parsers of CSV and one of CommerceML read what the shipped mappings
# write over the golden shop. Without Node.js or the registry there is nothing to be told, and it says so.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/formats.sh"
need sqlite3 python3

command -v node >/dev/null && command -v npm >/dev/null || skip_all "no Node.js with npm here"
mkdir "$WORK/node"
(cd "$WORK/node" && timeout 120 npm install --no-audit --no-fund --no-save --ignore-scripts --cache "$WORK/npm" \
    commerceml-parser@3.0.3 csv-parse@5.6.0 papaparse@5.4.1) >"$WORK/npm.log" 2>&1 ||
    skip_all "the registry of npm cannot be reached: $(tail -n 1 "$WORK/npm.log")"
golden_shop

# imported ARGUMENT...: importers.js, where the parsers are
imported() {
    (cd "$WORK/node" && node "$FORMATS/importers.js" "$@")
}

# -- CSV --

while read -r name; do
    csv=$(grep -m 1 '<csv' "$MAPPINGS/$name.xml")
    delimiter=$(sed -n 's/.* delimiter="\([^"]*\)".*/\1/p' <<<"$csv")
    encoding=$(sed -n 's/.* encoding="\([^"]*\)".*/\1/p' <<<"$csv")
    quotes=$(! grep -q 'quote="never"' <<<"$csv" || echo no-quotes)
    site=$(case $name in shoptet*) echo cz ;; *) echo main ;; esac)
    write_format "$name" "$site" "$WORK/$name" || give_up "$name cannot be written"
    python3 "$FORMATS/check_cells.py" "$name" "$WORK/$name" "$DB" "$site" --dump "$WORK/python" >/dev/null
    iconv -f "${encoding:-UTF-8}" -t UTF-8 "$WORK/$name" >"$WORK/utf8"
    for reader in csv-parse papaparse; do
        imported "$reader" "$WORK/utf8" "${delimiter:-,}" $quotes >"$WORK/read" 2>"$WORK/said" || fail "$reader reads $name" "$(cat "$WORK/said")"
        check_same "$reader reads $name as Python does" "$WORK/python" "$WORK/read"
    done
done < <(python3 "$FORMATS/check_cells.py" --list)

# -- CommerceML --

for name in import offers; do
    write_format "commerceml-$name" main "$WORK/$name.xml" || give_up "commerceml-$name cannot be written"
done
imported commerceml "$WORK/import.xml" "$WORK/offers.xml" >"$WORK/read" 2>"$WORK/said" || fail "commerceml-parser reads them" "$(cat "$WORK/said")"
python3 "$FORMATS/check_commerceml.py" "$DB" main >"$WORK/wanted"
check "there are goods and offers" test "$(grep -c '^goods' "$WORK/wanted")" -gt 8 -a "$(grep -c '^offer' "$WORK/wanted")" -gt 8
check "commerceml-parser finds the goods and offers of the shop" diff "$WORK/wanted" "$WORK/read"
finish
