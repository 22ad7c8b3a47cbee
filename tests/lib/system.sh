# shellcheck shell=bash
# For the system tests: a real mount, real clients, counted checks. A test reads like this:
#
#     #!/bin/bash
#     # asan: no                (only if it makes no sense with sanitizers)
#     . "$(dirname "$0")/../lib/system.sh"
#     need rsync
#     mount_shop 100
#     check "the catalogue is there" test -s "$MNT/catalog.csv"
#     finish
#
# Set by tests/run: SHOPFS_BUILD, the build directory. Set here:
#
#     SHOPFS, SHOPCTL   the programs           ROOT   the source tree
#     WORK              a directory of this test alone, removed at the end
#     DB, MNT           the database and the mount point of mount_shop
#     SHOPFS_PID        the process that serves the mount ("" while there is none)
#     SHOPFS_LOG        what it says
#
# No check stops the script. A script that ends without finish has failed.
set -u -o pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || exit 1
SHOPFS_BUILD=${SHOPFS_BUILD:-$ROOT/build/release}
SHOPFS=$SHOPFS_BUILD/shopfs
SHOPCTL=$SHOPFS_BUILD/shopctl
TEST_NAME=$(basename "$0" .sh)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/shopfs-$TEST_NAME.XXXXXX") || exit 1
chmod 755 "$WORK"
DB=$WORK/shop.db
MNT=$WORK/mnt
SHOPFS_PID=
SHOPFS_LOG=$WORK/shopfs.log

checks_passed=0
checks_failed=0
checks_skipped=0
finished=no
exit_commands=()

# -- verdicts --

# pass WHAT
pass() {
    checks_passed=$((checks_passed + 1))
    printf 'ok   %s\n' "$1"
}

# fail WHAT [DETAILS]
fail() {
    checks_failed=$((checks_failed + 1))
    printf 'FAIL %s\n' "$1"
    [ -z "${2-}" ] || printf '%s\n' "$2" | head -n 30 | sed 's/^/     | /'
}

# skip WHAT REASON: one check
skip() {
    checks_skipped=$((checks_skipped + 1))
    printf 'skip %s: %s\n' "$1" "$2"
}

# skip_all REASON: the whole script, at once
skip_all() {
    printf 'skip %s: %s\n' "$TEST_NAME" "$1"
    finished=yes
    exit 77
}

# check WHAT COMMAND...: passes if the command succeeds; what it prints is shown if not
check() {
    local what=$1 output rc=0

    shift
    "$@" >"$WORK/.check" 2>&1 || rc=$?
    if [ $rc = 0 ]; then
        pass "$what"
        return 0
    fi
    output=$(cat "$WORK/.check")
    fail "$what" "$* (exit code $rc)${output:+
$output}"
    return 1
}

# check_not WHAT COMMAND...: passes if the command fails by its own verdict. Not being there, not being
# executable and dying of a signal is none.
check_not() {
    local what=$1 rc=0

    shift
    "$@" >"$WORK/.check" 2>&1 || rc=$?
    if [ $rc != 0 ] && [ $rc -lt 126 ]; then
        pass "$what"
        return 0
    fi
    fail "$what" "$* (exit code $rc)
$(cat "$WORK/.check")"
    return 1
}

# check_equal WHAT EXPECTED ACTUAL
check_equal() {
    if [ "$2" = "$3" ]; then
        pass "$1"
        return 0
    fi
    fail "$1" "expected: $2
actual:   $3"
    return 1
}

# check_match WHAT REGEX TEXT: extended regular expression, anywhere in the text
check_match() {
    if [[ $3 =~ $2 ]]; then
        pass "$1"
        return 0
    fi
    fail "$1" "no match of: $2
in: $3"
    return 1
}

# check_same WHAT FILE FILE: byte for byte
check_same() {
    check "$1" cmp "$2" "$3"
}

# Prints the summary and exits with the verdict.
finish() {
    end_all
    finished=yes
    printf 'system/%s: %d passed, %d failed, %d skipped\n' \
        "$TEST_NAME" "$checks_passed" "$checks_failed" "$checks_skipped"
    [ $checks_failed = 0 ] || exit 1
    [ $checks_passed != 0 ] || [ $checks_skipped = 0 ] || exit 77
    [ $checks_passed != 0 ] || exit 1 # nothing was checked at all
    exit 0
}

# -- waiting, needing, cleaning --

# wait_for SECONDS COMMAND...: until it succeeds; false if it does not in that time, nor in a minute: a busy machine is no
# failure, and who waits for what happens loses nothing
wait_for() {
    local end=$((SECONDS + ($1 > 60 ? $1 : 60)))

    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

# need PROGRAM...: skips the script where one is missing
need() {
    local program

    for program in "$@"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || skip_all "no $program here"
    done
}

# need_root: skips the script for other users
need_root() {
    [ "$(id -u)" = 0 ] || skip_all "needs root"
}

# on_exit COMMAND...: runs it at the end, the last one first, before the shop is unmounted
on_exit() {
    exit_commands+=("$(printf '%q ' "$@")")
}

# A TCP port nobody listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

end_all() {
    local i

    for ((i = ${#exit_commands[@]} - 1; i >= 0; i--)); do
        eval "${exit_commands[i]}" >/dev/null 2>&1
    done
    exit_commands=()
    [ -z "$SHOPFS_PID" ] || unmount_shop
}

on_exit_trap() {
    local rc=$?

    trap - EXIT
    end_all
    mountpoint -q "$MNT" 2>/dev/null && detach_mount
    rm -rf --one-file-system "$WORK"
    if [ $finished = no ]; then
        printf 'FAIL the script ended without finish (exit code %d)\n' $rc
        printf 'system/%s: %d passed, %d failed, %d skipped\n' \
            "$TEST_NAME" "$checks_passed" $((checks_failed + 1)) "$checks_skipped"
        rc=1
    fi
    exit $rc
}
trap on_exit_trap EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# -- the mount --

# mount_shop [PRODUCTS [OPTIONS]]: a new demo shop of so many products (10), mounted
mount_shop() {
    make_shop "${1:-10}" && start_shop "${2-}"
}

# make_shop PRODUCTS: the database alone
make_shop() {
    local output

    if [ ! -x "$SHOPFS" ] || [ ! -x "$SHOPCTL" ]; then
        give_up "no programs in $SHOPFS_BUILD"
    fi
    output=$("$SHOPCTL" init "$DB" --demo="$1" 2>&1) || give_up "cannot make the shop" "$output"
}

# start_shop [OPTIONS [SOURCE]]: mounts the shop that is there (DB, or a configuration file) and waits for it
start_shop() {
    local options=${1-} source=${2:-$DB}

    [ -c /dev/fuse ] || skip_all "no /dev/fuse here"
    mkdir -p "$MNT"
    "$SHOPFS" -f ${options:+-o "$options"} "$source" "$MNT" >>"$SHOPFS_LOG" 2>&1 </dev/null &
    SHOPFS_PID=$!
    wait_for 30 mount_settled
    mount_answers || give_up "the mount does not answer" "$(cat "$SHOPFS_LOG")"
}

mount_answers() {
    mountpoint -q "$MNT" && stat "$MNT/." >/dev/null 2>&1
}

# Up, or dead before it came up: both end the waiting.
mount_settled() {
    mount_answers || ! kill -0 "$SHOPFS_PID" 2>/dev/null
}

# Ends the mount as an administrator does; a server that does not end well is a failed check.
unmount_shop() {
    local rc=0

    wait_for 10 detach_mount_once || detach_mount
    if ! wait_for 30 process_gone "$SHOPFS_PID"; then
        fail "the server ends after unmounting" "$(tail -n 20 "$SHOPFS_LOG")"
        kill -KILL "$SHOPFS_PID" 2>/dev/null
    fi
    wait "$SHOPFS_PID" 2>/dev/null || rc=$?
    SHOPFS_PID=
    [ $rc = 0 ] || fail "the server ends with exit code 0, not $rc" "$(tail -n 20 "$SHOPFS_LOG")"
}

# kill_shop [SIGNAL]: as a crash does (KILL unless told otherwise), and clears the dead mount away
kill_shop() {
    kill -s "${1:-KILL}" "$SHOPFS_PID"
    wait_for 30 process_gone "$SHOPFS_PID" || kill -KILL "$SHOPFS_PID"
    wait "$SHOPFS_PID" 2>/dev/null
    SHOPFS_PID=
    detach_mount
}

# A zombie is gone too: nobody waits for it before us.
process_gone() {
    [ ! -d "/proc/$1" ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

detach_mount_once() {
    fusermount3 -u "$MNT" || ! is_mounted
}

detach_mount() {
    is_mounted || return 0
    fusermount3 -uz "$MNT" 2>/dev/null || umount -l "$MNT"
}

# By the table: asking the mount itself fails when its server is dead.
is_mounted() {
    awk -v mnt="$MNT" '$2 == mnt { found = 1 } END { exit !found }' /proc/self/mounts
}

# give_up WHAT [DETAILS]: without this nothing that follows makes sense
give_up() {
    fail "$@"
    finish
}
