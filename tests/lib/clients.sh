# shellcheck shell=bash
# A table of clients. Each upload is done twice, to a plain writable directory and to the mount, must end in the same way
# there and here, and on the mount exactly one import must come of what became whole. Each download must have the bytes of
# `shopctl render`. How an upload ends that a server itself treats by chance is judged by the mount alone: nothing comes of
# a part, and what a client calls sent is imported once. After shop.sh and servers.sh.
#
#     sides                       PLAIN: a directory with the mount's tree, served as SERVED is
#     remember SIDE VARIABLE...   SIDE is plain or mount: these variables (ports) have these values there
#     group LETTER                numbers the rows from LETTER1 on
#
#     try CLIENT OPERATION COMMAND...      sends FILE as NAME, whole in the end
#     twice CLIENT OPERATION COMMAND...    the same, by sending it more than once
#     broken CLIENT OPERATION COMMAND...   breaks off in the middle
#     resumed CLIENT OPERATION COMMAND...  completes what the row before left
#     unresumed CLIENT OPERATION COMMAND...   tries to, and the server does not do it
#     broken_by_chance, resumed_by_chance     what is left, and so what can be completed, is the server's chance
#     refused CLIENT OPERATION COMMAND...  is not to be had from that server
#     fetch CLIENT OPERATION COMMAND...    gets catalog.csv and feed.yml into TMP
#     report                               the table; each row is a check
#
# A command is a function, called with: FILE, NAME, ID (the row's number), TMP (a directory of this row and side), IN and
# TOP (incoming and the root, by path), and what was remembered. SIZE is the least size of FILE in bytes. Redefine
# `settled` where a server may still do something when it has closed the file.

# The one that Debian's modules (paramiko) are for.
PYTHON=/usr/bin/python3
SIZE=3000
GROUP=
row=0
declare -A REMEMBERED

sides() {
    served_name
    PLAIN=/run/shopfs-test.$$-plain
    mkdir -p "$WORK/plain/orders/incoming" "$WORK/rows" "$WORK/sent" "$WORK/said" "$WORK/t"
    cp -p "$MNT"/catalog.csv* "$MNT"/feed.yml* "$WORK/plain/"
    cp -rp "$MNT/images" "$WORK/plain/"
    chmod 1777 "$WORK/plain/orders/incoming"
    ln -sfn "$WORK/plain" "$PLAIN"
    on_exit rm -f "$PLAIN"
}

remember() {
    local side=$1 variable

    shift
    for variable in "$@"; do
        REMEMBERED[$side.$variable]=${!variable}
    done
}

use_side() {
    local key

    TOP=$WORK/plain
    [ "$1" = plain ] || TOP=$MNT
    IN=$TOP/orders/incoming
    for key in "${!REMEMBERED[@]}"; do
        [ "${key%.*}" != "$1" ] || printf -v "${key##*.}" %s "${REMEMBERED[$key]}"
    done
}

group() {
    GROUP=$1
    row=0
}

try() { run_row whole "$@"; }
twice() { run_row twice "$@"; }
broken() { SIZE=1500000 run_row half "$@"; }
resumed() { run_row rest "$@"; }
unresumed() { run_row norest "$@"; }
broken_by_chance() { SIZE=1500000 run_row chance "$@"; }
resumed_by_chance() { run_row chancerest "$@"; }
refused() { run_row refused "$@"; }
fetch() { run_row fetch "$@"; }

# -- a row --

run_row() {
    local expect=$1 client=$2 operation=$3 side code=() note=()

    shift 3
    row=$((row + 1))
    ID=$GROUP$row
    if [[ $expect != *rest ]]; then
        NAME=$ID.xml
        [ "$expect" = fetch ] || big_order "$ID" "$sku" "$SIZE" >"$WORK/sent/$NAME"
    fi
    for side in plain mount; do
        # A download is right or wrong by itself, and so is what chance makes of an upload.
        case "$expect $side" in fetch\ plain | chance*\ plain) continue ;; esac
        use_side $side
        TMP=$WORK/t/$ID.$side
        FILE=$TMP/send/$NAME
        mkdir -p "$TMP/send"
        [ "$expect" = fetch ] || cp "$WORK/sent/$NAME" "$FILE"
        code+=(0)
        "$@" >"$WORK/said/$ID.$side" 2>&1 </dev/null || code[-1]=$?
        case $expect in
        fetch) note+=("$(fetched 2>>"$WORK/said/$ID.$side")") ;;
        half | chance) note+=("$(part_left $side)") ;;
        *) note+=(-) ;;
        esac
    done
    printf '%s\t' "$ID" "$expect" "$NAME" "$client" "$operation" "${code[0]}" "${code[-1]}" "${note[0]}" "${note[-1]}" >>"$WORK/rows/$GROUP"
    echo >>"$WORK/rows/$GROUP"
}

fetched() {
    if cmp "$TMP/catalog.csv" "$WORK/plain/catalog.csv" >&2 && cmp "$TMP/feed.yml" "$WORK/plain/feed.yml" >&2; then
        echo same
    else
        echo differ
    fi
}

# What a transfer that was broken off left under the last name; the mount must call it incomplete and import nothing.
part_left() {
    local size

    wait_for 60 settled || echo "somebody still works on it" >&2
    size=$(stat -c %s "$IN/$NAME" 2>/dev/null) || size=none
    if [ "$1" = mount ] && [ "$size" != none ] && ! wait_for 60 has_result "$NAME" '^incomplete'; then
        echo "not called incomplete: $(head -n 1 "$RESULTS/$NAME.txt" 2>&1)"
    elif [ "$1" = mount ] && [ "$(decisions_of "$NAME")" != 0 ]; then
        echo "decided: $(head -n 1 "$RESULTS/$NAME.txt" 2>&1)"
    elif [ "$size" = none ]; then
        echo none
    elif [ "$size" -lt "$(stat -c %s "$WORK/sent/$NAME")" ]; then
        echo part
    else
        echo whole
    fi
}

# Nobody works on the upload any more: here, nobody has it open under whatever name.
settled() {
    [ -z "$(find /proc/[0-9]*/fd -lname "$(realpath "$IN")/*$NAME*" 2>/dev/null)" ]
}

# cut_off SIGNAL COMMAND...: runs it, and ends it by that signal when some of its bytes have arrived
cut_off() {
    local signal=$1 pid rc=0

    shift
    "$@" &
    pid=$!
    some_arrived() { [ -n "$(find "$IN" -name "*$NAME*" -size +48k)" ]; }
    wait_for 60 some_arrived || echo "nothing arrived"
    kill -s "$signal" $pid
    { wait $pid; } 2>/dev/null || rc=$?
    return $rc
}

# -- the table --

report() {
    local id expect name client operation plain mount plain_note mount_note number verdict filed
    local -A imports=() decisions=() archived=()

    use_side mount
    wait_for 120 all_imported # a moment, but for a busy machine
    sleep 1 # for what would be imported twice
    while IFS='|' read -r number verdict filed; do
        decisions[$number]=$((${decisions[$number]-0} + 1))
        case $verdict in accepted | revised)
            imports[$number]=$((${imports[$number]-0} + 1))
            archived[$number]=$PROCESSED/${filed##*/}
            ;;
        esac
    done < <(sql "SELECT o.number, o.verdict, i.filed_as FROM intake_order o JOIN intake i ON i.id = o.intake_id")

    printf '     %-5s %-16s %-29s %-46s %4s %3s %s\n' row client operation "the client said" exit imp bytes
    while IFS=$'\t' read -r id expect name client operation plain mount plain_note mount_note _; do
        number=${name%.xml}
        judge "${imports[$number]-0}" "${decisions[$number]-0}" "${archived[$number]-}"
    done < <(sort -V "$WORK"/rows/*)
}

# The variables of report.
judge() {
    local imported=$1 decided=$2 archive=$3 bytes=- wrong='' there

    case $expect in
    whole | rest | twice)
        there=$(find "$WORK/plain/orders/incoming" -name "$name")
        cmp -s "$there" "$WORK/sent/$name" || wrong+="the plain directory has not got it; "
        [ "$imported" = 1 ] || wrong+="imported $imported times; "
        [ "$expect" = twice ] || [ "$decided" = 1 ] || wrong+="decided $decided times; "
        bytes=same
        cmp -s "$archive" "$WORK/sent/$name" || { bytes=differ && wrong+="other bytes: $archive; "; }
        [ "$expect" != rest ] || imported="0+$imported"
        ;;
    half | chance | fetch)
        bytes=$mount_note
        [ "$plain_note" = "$mount_note" ] || wrong+="left '$plain_note' in the plain directory, '$mount_note' here; "
        [ "$expect" != fetch ] || imported=-
        case $expect:$bytes in half:part | half:none | chance:part | chance:none) imported=0 ;; fetch:same) ;; *) wrong+="$bytes; " ;; esac
        ;;
    chancerest)
        case $imported:$mount in
        1:*)
            bytes=same
            cmp -s "$archive" "$WORK/sent/$name" || { bytes=differ && wrong+="other bytes: $archive; "; }
            ;;
        0:0) wrong+="said to be sent, and not imported; " ;;
        0:*) ;;
        *) wrong+="imported $imported times; " ;;
        esac
        [ "$decided" = "$imported" ] || wrong+="decided $decided times; "
        imported="0+$imported"
        ;;
    refused | norest)
        [ "$imported" = 0 ] || wrong+="imported; "
        [ "$mount" != 0 ] || wrong+="not refused; "
        ;;
    esac
    [ "$plain" = "$mount" ] || wrong+="ends with $mount, in a plain directory with $plain; "
    case $expect:$mount in whole:0 | rest:0 | twice:0 | fetch:0 | half:* | chance*:* | refused:* | norest:*) ;; *) wrong+="fails; " ;; esac
    line=$(printf '%-5s %-16s %-29s %-46s %4s %3s %s' "$id" "$client" "$operation" "$(said "$id")" "$mount" "$imported" "$bytes")
    if [ -z "$wrong" ]; then
        pass "$line"
    else
        fail "$line" "${wrong%; }
-- the client
$(tail -n 8 "$WORK/said/$id.mount")
-- the result
$(result_of "$name")"
    fi
}

# The last words of the client, without what is of this run alone.
said() {
    local words

    words=$(tr '\r\t' '\n ' <"$WORK/said/$1.mount" | grep -v '^[[:space:]]*$' | tail -n 1 | tr -cd '[:print:]' |
        sed "s|$WORK/t/$1.mount/||g; s|$WORK|WORK|g; s|127.0.0.1:[0-9]*|HOST|g; s|^sftp> ||")
    words=${words:-(nothing)}
    [ ${#words} -le 46 ] || words=${words:0:43}...
    echo "$words"
}

all_imported() {
    local name verdicts

    verdicts=$(sql "SELECT DISTINCT o.number || '.xml' FROM intake_order o JOIN intake i ON i.id = o.intake_id
                     WHERE o.verdict IN ('accepted', 'revised') AND i.filed_as IS NOT NULL")
    for name in $(awk -F '\t' '$2 ~ /^(whole|rest|twice)$/ || $2 == "chancerest" && $7 == 0 { print $3 }' "$WORK"/rows/*); do
        grep -qxF "$name" <<<"$verdicts" || return 1
    done
}
