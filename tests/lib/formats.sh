# shellcheck shell=bash
# For the tests of shipped export mappings: after system.sh.
#
#     FORMATS    the directory of the golden shop and outputs       MAPPINGS   the shipped mappings
#     SCHEMAS    the consumers' schemas, which are other people's and not part of this tree; may be absent
#
# The golden outputs are tests/formats/golden/MAPPING.SITE. After a change that is meant:
#     FORMATS_UPDATE=1 tests/run system formats        and read the difference before it is committed.

FORMATS=$ROOT/tests/formats
MAPPINGS=$ROOT/mapping/export
SCHEMAS=${SHOPFS_SCHEMAS:-$ROOT/../shared/schemas}

# golden_shop: $DB becomes the shop of tests/formats/shop.sql
golden_shop() {
    "$SHOPCTL" init "$DB" >"$WORK/init.log" 2>&1 || give_up "cannot make the shop" "$(cat "$WORK/init.log")"
    sqlite3 -batch -bail "$DB" <"$FORMATS/shop.sql" >"$WORK/init.log" 2>&1 || give_up "cannot fill the shop" "$(cat "$WORK/init.log")"
}

# write_format MAPPING SITE FILE
write_format() {
    TZ=UTC "$SHOPCTL" render "$DB" --site "$2" --mapping "$MAPPINGS/$1.xml" >"$3"
}

# mask_dates: the moment of the file, which is the time of day
mask_dates() {
    sed -E '1,5s/20[0-9]{2}-[01][0-9]-[0-3][0-9]([T ])[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?/2000-01-01\100:00\2/' |
        sed -E '1,5s/(00:00):[0-5][0-9]/\1:00/'
}

# need_schema FILE WHAT: false, and a skip with the reason, where the schema or xmllint is not here
need_schema() {
    if [ ! -r "$SCHEMAS/$1" ]; then
        skip "$2" "no schema $SCHEMAS/$1"
        return 1
    fi
    if ! command -v xmllint >/dev/null; then
        skip "$2" "no xmllint here"
        return 1
    fi
}

# check_xsd WHAT SCHEMA FILE, check_rng WHAT GRAMMAR FILE: against a file below SCHEMAS
check_xsd() {
    ! need_schema "$2" "$1" || check "$1" xmllint --noout --nonet --schema "$SCHEMAS/$2" "$3"
}
check_rng() {
    ! need_schema "$2" "$1" || check "$1" xmllint --noout --nonet --relaxng "$SCHEMAS/$2" "$3"
}

# check_cells WHAT FILE SQL [OPTION...]: the rows of a CSV file are those of the query, cell for cell, as another
# language's parser reads them. Options: see read_csv.py.
check_cells() {
    local what=$1 file=$2 sql=$3

    shift 3
    printf '%s' "$sql" >"$WORK/.sql"
    check "$what" python3 "$FORMATS/read_csv.py" "$file" --database "$DB" --query "$WORK/.sql" "$@"
}

# check_values WHAT FILE SQL OPTION...: the same for XML, value for value. Options: see read_xml.py.
check_values() {
    local what=$1 file=$2 sql=$3

    shift 3
    printf '%s' "$sql" >"$WORK/.sql"
    check "$what" python3 "$FORMATS/read_xml.py" "$file" --database "$DB" --query "$WORK/.sql" "$@"
}

# check_xml WHAT FILE OPTION...: what read_xml.py can tell without the database
check_xml() {
    local what=$1

    shift
    check "$what" python3 "$FORMATS/read_xml.py" "$@"
}
