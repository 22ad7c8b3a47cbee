#!/bin/bash
# asan: no
# Downloads that are resumed after a change: which clients join two versions, that the checksum tells, and that the web
# host's jobs (shop-pull by lftp, shop-get by curl and sftp) notice, repair, and leave everything alone while the shop is
# not mounted. shop-pull by rsync is in contrib.sh.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
. "$(dirname "$0")/../lib/servers.sh"
need_root
need sshd sftp vsftpd rsync lftp curl sqlite3 flock

mount_shop 100
start_sshd
start_vsftpd
start_rsyncd
FTP=ftp://127.0.0.1:$FTP_PORT
SFTP=sftp://127.0.0.1:$SFTP_PORT
CURL_SFTP="--insecure --key $KEY --pubkey $KEY.pub -u $ACCOUNT:"
GOT=$WORK/got
mkdir "$GOT"
reprice() { sql "UPDATE price SET price_e4 = price_e4 + $((RANDOM % 1000 + 1)) * 10000"; }
fits() { (cd "$GOT" && cp "$MNT/feed.yml.sha256" . && sha256sum --status -c feed.yml.sha256); }

# -- what clients do by themselves --

curl_ftp() { ftp_curl -C - -o "$GOT/feed.yml" "$FTP/feed.yml"; }
# shellcheck disable=SC2086
curl_sftp() { curl -sS $CURL_SFTP -C - -o "$GOT/feed.yml" "$SFTP/feed.yml"; }
lftp_c() { lftp_ftp "lcd $GOT; get -c feed.yml"; }
lftp_pget() { lftp_ftp "lcd $GOT; set xfer:clobber yes; pget -n 3 feed.yml"; }
lftp_sftp_c() { lftp_sftp "lcd $GOT; get -c feed.yml"; }
sftp_reget() { sftp_batch <<<"reget /feed.yml $GOT/feed.yml"; }
rsync_with() { rsync "$@" "rsync://127.0.0.1:$RSYNC_PORT/shop/feed.yml" "$GOT/"; }
# joined WORD COMMAND...: half of one version, a change, and then the command; WORD is "two versions" or "whole"
joined() {
    local expected=$1 result='two versions'

    shift
    head -c 20000 "$MNT/feed.yml" >"$GOT/feed.yml"
    reprice
    "$@" >"$WORK/client.log" 2>&1 || result="an error: $(tail -n 1 "$WORK/client.log")"
    ! fits || result=whole
    check_equal "resumed after a change, $*: $expected, and the checksum tells" "$expected" "$result"
}
joined 'two versions' curl_ftp
joined 'two versions' curl_sftp
joined 'two versions' lftp_c
joined 'two versions' lftp_sftp_c
joined 'two versions' sftp_reget
joined 'two versions' rsync_with --append
joined whole rsync_with --append-verify
joined whole rsync_with -t
joined whole rsync_with -t --inplace
joined whole rsync_with -t --partial
joined whole lftp_pget

# -- shop-get --

export HOME=$WORK/web
mkdir "$HOME"
SSH_WORDS="${SSH_OPTIONS[*]} -P $SFTP_PORT"
job() { # NAME LINE...: an environment file of contrib's keys
    local file=$WORK/$1.env

    shift
    printf '%s\n' "$@" >"$file"
}
job get-ftp "GET_SOURCE=$FTP" "GET_TARGET=$HOME/get-ftp" "GET_FILES='catalog.csv feed.yml'" "GET_OPTIONS='-u $ACCOUNT:$ACCOUNT_PASSWORD'"
job get-sftp "GET_SOURCE=$SFTP" "GET_TARGET=$HOME/get-sftp" "GET_FILES='catalog.csv feed.yml'" "GET_OPTIONS='$CURL_SFTP'"
job get-openssh "GET_SOURCE=$ACCOUNT@127.0.0.1" "GET_TARGET=$HOME/get-openssh" "GET_FILES='catalog.csv feed.yml'" "GET_OPTIONS='$SSH_WORDS'"
# Its verdict: exit code 0, and both files are the mount's.
pull_job() {
    case $1 in
    get-*) "$ROOT/contrib/webhost/shop-get" "$WORK/$1.env" ;;
    *) "$ROOT/contrib/webhost/shop-pull" "$WORK/$1.env" ;;
    esac
}
current() { # JOB
    pull_job "$1" && cmp "$HOME/$1/catalog.csv" "$MNT/catalog.csv" && cmp "$HOME/$1/feed.yml" "$MNT/feed.yml" &&
        cmp "$HOME/$1/feed.yml.sha256" "$MNT/feed.yml.sha256"
}
for by in get-ftp get-sftp get-openssh; do
    check "$by" current $by
    touch -d '2001-01-01' "$HOME/$by/feed.yml"
    check "$by: again" current $by
    check_equal "$by: what is here is not fetched again" 978307200 "$(stat -c %Y "$HOME/$by/feed.yml")"
    reprice
    check "$by: after a change" current $by
    # cut off in the middle, continued
    reprice
    head -c 20000 "$MNT/feed.yml" >"$HOME/$by/.feed.yml.part"
    check "$by: continues what was cut off" current $by
    # cut off in the middle, then a change
    reprice
    head -c 20000 "$MNT/feed.yml" >"$HOME/$by/.feed.yml.part"
    reprice
    check "$by: two versions are noticed and fetched anew" current $by
    cat "$MNT/feed.yml" "$MNT/feed.yml" >"$HOME/$by/.feed.yml.part"
    reprice
    check "$by: a part that is too long, too" current $by
    check "$by: leaves no parts" test -z "$(find "$HOME/$by" -name '.*.part')"
done

# -- shop-pull by lftp --

LFTP="set net:max-retries 2; set net:timeout 20; set ftp:ssl-allow no; set sftp:auto-confirm yes; set sftp:connect-program \"ssh -a -x ${SSH_OPTIONS[*]}\""
job pull-ftp "SOURCE=ftp://$ACCOUNT:$ACCOUNT_PASSWORD@127.0.0.1:$FTP_PORT" "TARGET=$HOME/pull-ftp" "LFTP_SETTINGS='$LFTP'" MAX_DELETE=2
job pull-sftp "SOURCE=sftp://$ACCOUNT:@127.0.0.1:$SFTP_PORT" "TARGET=$HOME/pull-sftp" "LFTP_SETTINGS='$LFTP'" MAX_DELETE=2
for by in pull-ftp pull-sftp; do
    check "$by" current $by
    check_equal "$by: pictures" "$(find "$MNT/images" -type f | wc -l)" "$(find "$HOME/$by/images" -type f | wc -l)"
    check_not "$by: no orders" test -e "$HOME/$by/orders"
    check_equal "$by: silent when all is well" "" "$(pull_job $by 2>&1)"
    reprice
    check "$by: after a change" current $by
    # of another version than its checksum, with the right size and time
    touch -r "$HOME/$by/catalog.csv" "$WORK/time"
    tr 0-4 5-9 <"$MNT/catalog.csv" >"$HOME/$by/catalog.csv"
    touch -r "$WORK/time" "$HOME/$by/catalog.csv"
    check "$by: a damaged file is noticed and fetched" current $by
    touch "$HOME/$by/images/gone1.png" "$HOME/$by/images/gone2.png"
    check "$by: deletes what is no more" current $by
    check_equal "$by: all of it" "" "$(find "$HOME/$by" -name 'gone*')"
    touch "$HOME/$by/images/gone1.png" "$HOME/$by/images/gone2.png" "$HOME/$by/images/gone3.png"
    pull_job $by 2>/dev/null
    check_equal "$by: more deletions than allowed are refused" 1 $?
    check "$by: and nothing is deleted" test -e "$HOME/$by/images/gone3.png"
    rm "$HOME/$by"/images/gone*
done

# -- while the shop is not mounted, also where a careless server shows the empty directory --

unmount_shop
for mode in 0 755; do
    chmod $mode "$MNT"
    for by in get-ftp get-sftp get-openssh pull-ftp pull-sftp; do
        (cd "$HOME/$by" && find . -type f ! -name '.*' -exec sha256sum {} +) | sort >"$WORK/before"
        pull_job $by 2>/dev/null
        check_equal "$by, directory $mode: try again later" 75 $?
        (cd "$HOME/$by" && find . -type f ! -name '.*' -exec sha256sum {} +) | sort >"$WORK/after"
        check_same "$by, directory $mode: nothing is changed" "$WORK/before" "$WORK/after"
    done
done

finish
