#!/bin/bash
# asan: no
# rsync pushes orders in all its ways: into the directory, over ssh, and to a daemon with a chroot.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
. "$(dirname "$0")/../lib/clients.sh"
need_root
need rsync sshd sqlite3 python3

make_shop 30
plenty
sku=$(some_sku)
add_account
configure "user = $ACCOUNT"
start_shop '' "$CONF"
sides
chown "$ACCOUNT:" "$WORK/plain/orders/incoming"
mkdir -m 1777 "$WORK/temp"
start_sshd "$PLAIN"
start_rsyncd "$PLAIN"
remember plain SSH_PORT RSYNC_PORT RSYNC_CONF
start_sshd
start_rsyncd
remember mount SSH_PORT RSYNC_PORT RSYNC_CONF
SSH_HOST=$ACCOUNT@127.0.0.1

# to WHERE OPTION...: rsync of FILES there, FILE unless told otherwise
to() {
    local where=$1

    shift
    case $where in
    local) rsync "$@" "${FILES:-$FILE}" "$IN/" ;;
    ssh) rsync -e "ssh ${SSH_OPTIONS[*]} -p $SSH_PORT" "$@" "${FILES:-$FILE}" "$SSH_HOST:$IN/" ;;
    daemon) rsync "$@" "${FILES:-$FILE}" "rsync://127.0.0.1:$RSYNC_PORT/orders/" ;;
    esac
}
# Of the account, so that root's -a does not give the plain directory to another.
source_directory() {
    mkdir -p "$TMP/d/$1" && cp "$FILE" "$TMP/d/$1" && chown -R "$ACCOUNT:" "$TMP/d" && FILES=$TMP/d/
}
directory() { local FILES && source_directory . && to "$@"; }
tree() { local FILES && source_directory "sub-$ID" && to "$@"; }
# Two runs with --delay-updates into one directory, whatever it lies on, take away each other's .~tmp~.
alone() { (flock 9 && "$@") 9>"$WORK/alone"; }
three_times() { to "$@" && sleep 0.5 && to "$@" && to "$@"; }
over_half() { head -c 1500 "$FILE" >"$IN/$NAME" && chown "$ACCOUNT:" "$IN/$NAME" && to "$@"; }
to_and_gone() { to "$@" && [ ! -e "$FILE" ]; }
slow() {
    case $1 in
    local) cut_off TERM rsync "${@:2}" --bwlimit=200 "$FILE" "$IN/" ;;
    ssh) cut_off TERM rsync "${@:2}" --bwlimit=200 -e "ssh ${SSH_OPTIONS[*]} -p $SSH_PORT" "$FILE" "$SSH_HOST:$IN/" ;;
    daemon) cut_off KILL rsync "${@:2}" --bwlimit=200 "$FILE" "rsync://127.0.0.1:$RSYNC_PORT/orders/" ;;
    esac
}
# The receiver renames or removes what is broken off after closing it: it must have ended.
settled() {
    case $GROUP in
    R) ! pgrep -f -- "$FILE" ;;
    T) ! pgrep -f -- "rsync --server.* $IN/" ;;
    D) [ "$(pgrep -cf -- "$RSYNC_CONF")" = 1 ] ;;
    esac
}
# What is not in the source goes, and of the rest comes an order.
deleting() {
    local FILES

    mkdir "$IN/d-$ID" && half >"$IN/d-$ID/gone.xml" && source_directory . && rsync -r --delete "$FILES" "$IN/d-$ID/" &&
        [ ! -e "$IN/d-$ID/gone.xml" ]
}
half() { head -c 1500 "$FILE"; }

pushes() { # LETTER WHERE
    local option run

    group "$1"
    try "rsync $2" "-" to "$2"
    for option in -a -az --inplace "-a --inplace" --append --append-verify --partial "--partial-dir=.part-$1" --delay-updates \
        "-a --delay-updates" "--temp-dir=$WORK/temp" --checksum --fsync --sparse --whole-file --no-whole-file --preallocate \
        "-t --chmod=F640"; do
        # A daemon takes its temporary files' place below its module.
        [ "$2 ${option%=*}" != "daemon --temp-dir" ] || option=--temp-dir=/
        run=(to)
        [[ $option != *--delay-updates ]] || run=(alone to)
        # shellcheck disable=SC2086
        try "rsync $2" "${option/"$WORK"/TMP}" "${run[@]}" "$2" $option
    done
    try "rsync $2" "--remove-source-files" to_and_gone "$2" --remove-source-files
    try "rsync $2" "-a DIR/" directory "$2" -a
    try "rsync $2" "-a --delay-updates DIR/" alone directory "$2" -a --delay-updates
    try "rsync $2" "-a DIR/ with a directory in it" tree "$2" -a
    try "rsync $2" "-a, three times" three_times "$2" -a
    try "rsync $2" "-a over a half file" over_half "$2" -a
    try "rsync $2" "--inplace over a half file" over_half "$2" --inplace
    try "rsync $2" "--append over a half file" over_half "$2" --append
    broken "rsync $2" "ended" slow "$2"
    resumed "rsync $2" "  anew" to "$2"
    broken "rsync $2" "--partial, ended" slow "$2" --partial
    resumed "rsync $2" "  --partial" to "$2" --partial
    broken "rsync $2" "--inplace, ended" slow "$2" --inplace
    resumed "rsync $2" "  --append" to "$2" --append
    broken "rsync $2" "--partial-dir, ended" slow "$2" "--partial-dir=.part-$1"
    resumed "rsync $2" "  --partial-dir" to "$2" "--partial-dir=.part-$1"
}

pids=()
pushes R local & pids+=($!)
pushes T ssh & pids+=($!)
pushes D daemon & pids+=($!)
wait "${pids[@]}"
group X
try "rsync local" "-r --delete DIR/" deleting
report

finish
