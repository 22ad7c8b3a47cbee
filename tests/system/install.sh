#!/bin/bash
# cmake --install into a staging directory and under another prefix: everything is there, works from there, and what
# names paths names the right ones.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
need cmake mandoc

PREFIX=$WORK/opt/shop
check "cmake --install --prefix" cmake --install "$SHOPFS_BUILD" --prefix "$PREFIX"
DESTDIR=$WORK/stage cmake --install "$SHOPFS_BUILD" --prefix /usr >/dev/null 2>&1
check_equal "DESTDIR gives the same files" "$(cd "$PREFIX" && find . -type f | sort)" "$(cd "$WORK/stage/usr" && find . -type f | sort)"
check_equal "and nothing outside" usr "$(ls "$WORK/stage")"

for file in sbin/shopfs bin/shopctl share/man/man8/shopfs.8 share/man/man1/shopctl.1 share/man/man5/shop.conf.5 \
    share/bash-completion/completions/shopctl share/bash-completion/completions/shopfs share/shopfs/mapping/export.rng \
    lib/systemd/system/shopfs@.service lib/sysusers.d/shopfs.conf libexec/shopfs/shopfs-notify \
    share/doc/shopfs/examples/vsftpd/vsftpd.conf share/doc/shopfs/examples/webhost/shop-pull; do
    check "installed: $file" test -s "$PREFIX/$file"
done
check_equal "all mappings" "$(cd "$ROOT/mapping" && find . -type f | sort)" "$(cd "$PREFIX/share/shopfs/mapping" && find . -type f | sort)"
check_not "no unit with a placeholder left" grep -rE '@[A-Z_]+@' "$PREFIX/lib" "$WORK/stage/usr/lib"
check "units name the prefix" grep -q "^ExecStart=$PREFIX/sbin/shopfs -f" "$PREFIX/lib/systemd/system/shopfs@.service"
check "staged units name the final place" grep -q '^ExecStart=/usr/sbin/shopfs -f' "$WORK/stage/usr/lib/systemd/system/shopfs@.service"
check_not "and not the staging directory" grep -r "$WORK" "$WORK/stage/usr/lib"
for page in "$PREFIX"/share/man/man*/*; do
    check "mandoc: ${page##*/}" mandoc -T lint -W warning "$page"
done
for words in "$PREFIX"/share/bash-completion/completions/*; do
    check "bash reads ${words##*/}'s completion" bash -n "$words"
done

# -- it works from there, also after it was moved --

unset SHOPFS_MAPPING_DIR
"$PREFIX/bin/shopctl" init "$DB" --demo=5 >/dev/null
check "shopctl finds its mappings" "$PREFIX/bin/shopctl" render "$DB" catalog.csv
mv "$WORK/opt/shop" "$WORK/moved"
echo '<!-- broken' >>"$WORK/moved/share/shopfs/mapping/export/joomshopping.xml"
check_not "they are those beside the program" "$WORK/moved/bin/shopctl" render "$DB" catalog.csv
cp "$ROOT/mapping/export/joomshopping.xml" "$WORK/moved/share/shopfs/mapping/export/"
check "shopctl, moved" "$WORK/moved/bin/shopctl" render "$DB" catalog.csv
ln -s "$WORK/moved/bin/shopctl" "$WORK/link"
check "shopctl by a link" "$WORK/link" render "$DB" catalog.csv
if [ -c /dev/fuse ]; then
    SHOPFS=$WORK/moved/sbin/shopfs
    start_shop
    check "shopfs, moved" test -s "$MNT/catalog.csv"
fi

# -- units --

if PATH=$PATH:/usr/bin command -v systemd-analyze >/dev/null; then
    # The verifier wants the programs to be where the unit says.
    sed "s|/usr/sbin/shopfs|$WORK/moved/sbin/shopfs|; s|^Documentation=.*||" "$WORK/stage/usr/lib/systemd/system/shopfs@.service" >"$WORK/shopfs@main.service"
    sed "s|/usr/libexec/|$WORK/moved/libexec/|; s|^Documentation=.*||" "$WORK/stage/usr/lib/systemd/system/shopfs-notify@.service" >"$WORK/shopfs-notify@main.service"
    sed 's|^Documentation=.*||' "$ROOT/contrib/systemd/srv-shopfs-main.mount" >"$WORK/srv-shopfs-main.mount"
    for unit in shopfs@main.service shopfs-notify@main.service srv-shopfs-main.mount; do
        check "systemd-analyze verify $unit" systemd-analyze verify --man=no "$WORK/$unit"
    done
else
    skip "units" "no systemd-analyze here"
fi
unit=$WORK/stage/usr/lib/systemd/system/shopfs@.service
check_not "no namespace that would hide the mount" grep -E '^(Protect|Private|ReadOnly|ReadWrite|Inaccessible|Temporary|Bind|Root|DynamicUser|Mount)' "$unit"

finish
