#!/bin/bash
# Every shipped export mapping over the golden shop, compared with its golden output byte for byte, which has every difficult
# case that the format can have.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/formats.sh"
need sqlite3

golden_shop
for golden in "$FORMATS"/golden/*.*; do
    name=$(basename "$golden")
    mapping=${name%.*}
    site=${name##*.}
    if ! write_format "$mapping" "$site" "$WORK/$name" 2>"$WORK/said"; then
        fail "$mapping for $site" "$(cat "$WORK/said")"
        continue
    fi
    mask_dates <"$WORK/$name" >"$WORK/masked"
    [ -z "${FORMATS_UPDATE-}" ] || cp "$WORK/masked" "$golden"
    if cmp -s "$golden" "$WORK/masked"; then
        pass "$mapping for $site"
    else
        fail "$mapping for $site" "$(diff -a "$golden" "$WORK/masked")"
    fi
    encoding=$(sed -n 's/.*<\(s:xml\|csv\)[^>]* encoding="\([^"]*\)".*/\2/p' "$MAPPINGS/$mapping.xml" | head -n 1)
    check "$mapping for $site is ${encoding:-UTF-8}" iconv -f "${encoding:-UTF-8}" -t UTF-16 -o /dev/null "$WORK/$name"
    check_not "$mapping for $site has no control characters" grep -qaP '[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]' "$WORK/$name"
    case $mapping in
    customers | certificates | categories | torgsoft-clients | order-status*) ;; # are of no goods
    *-changes) ;;                                                  # have what changed, in the form of the whole
    *) check "$mapping for $site has all that is difficult" python3 "$FORMATS/check_cases.py" "$mapping" "$golden" ;;
    esac
    # Purchase prices are in no file.
    check_not "$mapping for $site has no purchase price" grep -qaE '6660[.,]0066|6660[.,]01' "$WORK/$name"
done
for mapping in "$MAPPINGS"/*.xml; do
    name=$(basename "$mapping" .xml)
    check "there is a golden output of $name" compgen -G "$FORMATS/golden/$name.*"
done
finish
