#!/bin/bash
# Notices of new and refused orders, with stand-ins for the program, the mailer and the desktop, and with names of files
# that want to be commands.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need inotifywait sqlite3 iconv

NOTIFY=$ROOT/contrib/notify/shopfs-notify
OUT=$WORK/out
mkdir "$OUT"

# stand_in NAME: writes its arguments, its environment and its input, each NUL-ended, to a file of its own
stand_in() {
    cat >"$WORK/$1" <<END
#!/bin/bash
to=\$(mktemp "$OUT/$1.XXXXXX")
{ printf '%s\\0' "arguments" "\$@" "environment"; env -0; printf 'input\\0'; cat; } >"\$to.part"
mv "\$to.part" "\$to.done"
rm "\$to"
END
    chmod +x "$WORK/$1"
}
stand_in program
stand_in mailer
stand_in desktop

# -- the configuration --

says() {
    local what=$1 code=$2 regex=$3 output rc=0

    shift 3
    output=$("$NOTIFY" "$@" 2>&1 </dev/null) || rc=$?
    check_equal "$what: exit code" "$code" "$rc"
    check_match "$what: the message" "$regex" "$output"
}
conf() { printf '%s\n' "$@" >"$WORK/notify.conf"; }
says "no configuration" 64 usage
says "a missing one" 66 nowhere "$WORK/nowhere"
conf 'STATE=/x' 'COLOUR=red' && says "an unknown key" 78 ':2: no key' "$WORK/notify.conf"
conf 'STATE=/x' 'PROGRAM=notify me' && says "a relative program" 78 ':2: PROGRAM must be an absolute' "$WORK/notify.conf"
conf 'STATE=/x' && says "nobody to tell" 78 'nobody would be told' "$WORK/notify.conf"
conf 'STATE=/x' "PROGRAM=/bin/true; touch $OUT/owned" && says "a value is no command" 78 'cannot be executed' "$WORK/notify.conf"
check "the example is understood but for its nobody" sh -c "'$NOTIFY' '$ROOT/contrib/notify/notify.conf.example' 2>&1 | grep -q 'nobody would be told'"

# -- told --

mount_shop 20
conf "STATE=$WORK/shop.state" 'ON=accepted revised refused' "PROGRAM=$WORK/program" 'MAIL=staff@shop.example' \
    "SENDMAIL=$WORK/mailer" DESKTOP=yes "NOTIFY_SEND=$WORK/desktop"
SECRET=of-our-own "$NOTIFY" "$WORK/notify.conf" >"$WORK/notify.log" 2>&1 </dev/null &
notifier=$!
on_exit kill $notifier
check "it watches" wait_for 20 grep -q '^watching' "$WORK/notify.log"
watches() { grep -q '^inotify wd:' "/proc/$(pgrep -P $notifier inotifywait)/fdinfo/"*; }
wait_for 10 watches
sleep 0.5 # for the last of its directories

# told N NAME: so many notices by NAME
told() { [ "$(find "$OUT" -name "$2.*.done" | wc -l)" = "$1" ]; }
field() { tr '\0' '\n' <"$(find "$OUT" -name "$1.*.done" | head -n 1)"; }
# All three have spoken, and what they said is thrown away.
forget() {
    wait_for 10 told 1 desktop
    rm -f "$OUT"/*
}

plain_order N1 "$(some_sku)" >"$IN/n1.xml"
check "an accepted order is told to the program" wait_for 20 told 1 program
check "by mail" wait_for 20 told 1 mailer
check "on the desktop" wait_for 20 told 1 desktop
check_equal "the program's arguments" "accepted main n1.xml accepted: order N1 " \
    "$(field program | sed -n '2,/^environment$/p' | sed '$d' | tr '\n' ' ')"
check "its environment" sh -c "tr '\\0' '\\n' <'$(find "$OUT" -name 'program.*')' | grep -qx SHOPFS_FILE=n1.xml"
check_not "nothing of ours in it" grep -aqE 'SECRET|HOME=|SHOPFS_BUILD' "$OUT"/program.*.done
check "the mail's receiver" grep -aq 'staff@shop.example' "$OUT"/mailer.*.done
check "the mail's words" grep -aq 'accepted: order N1' "$OUT"/mailer.*.done
check "the desktop's words" grep -aq 'Shop main: order accepted' "$OUT"/desktop.*.done
forget

echo '<order version="1"><number>N2</number></order>' >"$IN/n2.xml"
check "a refused one" wait_for 20 told 1 program
check_match "with its reason" '^refused: ' "$(field program | sed -n 5p)"
check_equal "is told once" "refused main n2.xml" "$(field program | sed -n 2,4p | xargs)"
wait_for 10 told 1 desktop
check "as urgent" grep -aq -- '--urgency=critical' "$OUT"/desktop.*.done
forget

plain_order N1 "$(some_sku)" >"$IN/n1-again.xml"
check_result "a duplicate" n1-again.xml duplicate
sleep 1
check "is not told" told 0 program

# -- hostile names --

cd "$WORK" || exit 1
n=0
# shellcheck disable=SC2016
for name in '$(touch owned).xml' '`touch owned`.xml' ';touch owned;.xml' '--help.xml' '-e touch owned.xml' \
    "'; touch owned; '.xml" '"; touch owned; ".xml' '<b>bold & co.xml' '*?[a-z].xml' 'a  b.xml' \
    $'right\u202eto left.xml' '%s%n%x.xml' '\x41\n.xml' 'Замовлення №5.xml'; do
    n=$((n + 1))
    shown=${name//$'\u202e'/}
    plain_order "H$n" "$(some_sku)" >"$IN/$name"
    if ! wait_for 20 told 1 program; then
        fail "told of: $name" "$(tail -n 5 "$WORK/notify.log")"
        continue
    fi
    check_equal "the name arrives as it is: $shown" "$shown" "$(field program | sed -n 4p)"
    forget
done
plain_order M1 "$(some_sku)" >"$IN/<i>M&M.xml"
wait_for 20 told 1 desktop
check "a name is no markup on the desktop" grep -aq '&lt;i&gt;M&amp;M.xml' "$OUT"/desktop.*.done
forget

# The mount refuses control characters; somebody else's tool may not.
printf x >"$WORK/shop.state/main/archive/"$'two\nlines\e[2J\x07\xff.xml'
check "control characters" wait_for 20 told 1 program
check_equal "are taken out" "twolines[2J.xml" "$(field program | sed -n 4p)"
check_equal "in the log, too" 0 "$(LC_ALL=C grep -c $'[\001-\010\013-\037]' "$WORK/notify.log")"
forget
ln -s /etc/passwd "$WORK/shop.state/main/refused/link.xml.error.txt"
check "a link" wait_for 20 told 1 program
check_not "is not followed" grep -aq root: "$OUT"/program.*.done
check_equal "no name was a command" "" "$(find "$WORK" "$ROOT/tests/system" -name 'owned*')"
forget
cd / || exit 1

# -- a program that fails does not end it --

printf '#!/bin/sh\nexit 3\n' >"$WORK/program"
plain_order E1 "$(some_sku)" >"$IN/e1.xml"
check "a program that fails is said" wait_for 20 grep -q 'program ended with 3' "$WORK/notify.log"
forget
stand_in program
plain_order E2 "$(some_sku)" >"$IN/e2.xml"
check "and the next notice comes" wait_for 20 told 1 program

watcher=$(pgrep -P "$notifier" inotifywait)
kill "$notifier"
check "SIGTERM ends it" wait_for 10 process_gone "$notifier"
check "and its watcher" wait_for 10 process_gone "${watcher:-1}"

finish
