#!/bin/bash
# Pictures: the bytes of the files on disk and of the rows in the database; a long listing; replacement.
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/shop.sh"
need sqlite3 python3

mount_shop 700
PICTURES=$WORK/shop.images

# Compares the directory with what the database says; prints what differs.
compare() {
    python3 - "$DB" "$PICTURES" "$MNT/images" <<'END'
import os, sqlite3, sys
db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
want = {}
for name, path, content in db.execute("SELECT name, path, content FROM image LEFT JOIN image_data ON image_id = id"):
    if content is not None:
        want[name] = content
    elif path is not None and os.path.isfile(os.path.join(sys.argv[2], path)):
        want[name] = open(os.path.join(sys.argv[2], path), "rb").read()
have = os.listdir(sys.argv[3])
print(len(want), "pictures")
if len(have) != len(set(have)):
    print("listed twice:", [n for n in have if have.count(n) > 1][:3])
if set(have) != set(want):
    print("not listed:", sorted(set(want) - set(have))[:5], "too much:", sorted(set(have) - set(want))[:5])
for name, content in want.items():
    path = os.path.join(sys.argv[3], name)
    size = os.stat(path).st_size
    got = open(path, "rb").read()
    if got != content or size != len(content):
        print("differs:", name, "stat", size, "read", len(got), "want", len(content))
END
}
output=$(compare 2>&1)
check_match "every picture is what the file or the row has" '^[0-9]+ pictures$' "$output"

# As many as a directory of a real shop: rows added behind the program's back.
sql "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
     INSERT INTO image (product_id, name, position) SELECT (SELECT min(id) FROM product), printf('more-%05d.png', i), 100 + i FROM n;
     INSERT INTO image_data (image_id, content) SELECT id, CAST('picture ' || name AS BLOB) FROM image WHERE name LIKE 'more-%'"
output=$(compare 2>&1)
check_match "and with 1500 more" '^[0-9]+ pictures$' "$output"
many=$(sed -n 's/ pictures//p' <<<"$output" | head -n 1)
check "they are more than a thousand" test "$many" -gt 1500
check_equal "ls -l shows every one with its size" "$many" "$(ls -l "$MNT/images" | awk 'NR > 1 && $5 > 0' | wc -l)"
check_equal "a listing is in one order, twice the same" "$(ls -U "$MNT/images" | sha256sum)" "$(ls -U "$MNT/images" | sha256sum)"

# -- replaced --

name=$(sql "SELECT name FROM image JOIN image_data ON image_id = id WHERE name NOT LIKE 'more-%' LIMIT 1")
if [ -n "$name" ]; then
    cat "$MNT/images/$name" >/dev/null
    exec 5<"$MNT/images/$name"
    sql "SELECT writefile('$WORK/was', content) FROM image_data JOIN image ON image_id = id WHERE name = '$name'" >/dev/null
    time_before=$(stat -c %Y "$MNT/images/$name")
    head -c 5000 /dev/urandom >"$WORK/new.png"
    sql "UPDATE image_data SET content = readfile('$WORK/new.png') WHERE image_id = (SELECT id FROM image WHERE name = '$name')"
    check "a picture replaced in the database shows its new bytes" wait_for 10 cmp "$MNT/images/$name" "$WORK/new.png"
    check "with a later mtime" test "$(stat -c %Y "$MNT/images/$name")" -gt "$time_before"
    check_same "who had it open reads the old one" <(cat <&5) "$WORK/was"
    exec 5<&-
else
    fail "the demo shop has pictures in the database"
fi

row=$(sql "SELECT name || ' ' || path FROM image WHERE path IS NOT NULL ORDER BY id LIMIT 50" | while read -r n p; do
    [ ! -f "$PICTURES/$p" ] || { echo "$n $p"; break; }
done)
if [ -n "$row" ]; then
    name=${row%% *}
    path=${row#* }
    check_same "a picture kept as a file" "$MNT/images/$name" "$PICTURES/$path"
    head -c 7000 /dev/urandom >"$PICTURES/$path.new"
    cp "$PICTURES/$path.new" "$WORK/new.png"
    mv "$PICTURES/$path.new" "$PICTURES/$path"
    check "a file replaced on disk shows its new bytes" wait_for 10 cmp "$MNT/images/$name" "$WORK/new.png"
    rm "$PICTURES/$path"
    gone() { ! stat "$MNT/images/$name"; }
    check "a file removed from disk is gone" wait_for 10 gone
    ls "$MNT/images" >"$WORK/list"
    check_not "and not listed" grep -qxF "$name" "$WORK/list"
    check "the others are" test "$(wc -l <"$WORK/list")" = $((many - 1))
else
    fail "the demo shop has pictures kept as files"
fi

# -- listed while rows come and go --

output=$(python3 - "$DB" "$MNT/images" <<'END'
import os, sqlite3, sys, threading, time
path, images = sys.argv[1:]
stop = False
def churn():
    db = sqlite3.connect(path, timeout=20, isolation_level=None)
    product = db.execute("SELECT min(id) FROM product").fetchone()[0]
    i = 0
    while not stop:
        i += 1
        db.execute("INSERT INTO image (product_id, name) VALUES (?, ?)", (product, "zz-%05d.png" % (i * 7919 % 1500)))
        db.execute("INSERT INTO image_data SELECT id, x'00' FROM image WHERE name = ?", ("zz-%05d.png" % (i * 7919 % 1500),))
        if i > 40:
            db.execute("DELETE FROM image WHERE name = ?", ("zz-%05d.png" % ((i - 40) * 7919 % 1500),))
    db.execute("DELETE FROM image WHERE name LIKE 'zz-%.png'")
steady = {n for n in os.listdir(images) if n.startswith("more-")}
thread = threading.Thread(target=churn)
thread.start()
end = time.time() + 4
twice = missing = 0
while time.time() < end:
    names = os.listdir(images)
    twice += len(names) != len(set(names))
    missing += not steady <= set(names)
stop = True
thread.join()
print(len(steady), twice, missing)
END
)
check_equal "no name is listed twice, none that stays is left out" "1500 0 0" "$output"

# -- renamed --

# Held open, so that the kernel keeps the number of the old name.
first=$MNT/images/more-00001.png
exec 5<"$first"
sql "UPDATE image SET name = 'renamed.png' WHERE name = 'more-00001.png'"
check "a picture has its new name" wait_for 10 grep -qx "picture more-00001.png" "$MNT/images/renamed.png"
check_equal "who had it open reads on" "picture more-00001.png" "$(cat <&5)"
exec 5<&-
sql "UPDATE image SET name = 'swap' WHERE name = 'more-00002.png';
     UPDATE image SET name = 'more-00002.png' WHERE name = 'more-00003.png';
     UPDATE image SET name = 'more-00003.png' WHERE name = 'swap'"
check "two that change names" wait_for 10 grep -qx "picture more-00003.png" "$MNT/images/more-00002.png"

mkdir -p "$PICTURES"
printf 'one' >"$PICTURES/same-1"
printf 'two' >"$PICTURES/same-2"
touch -d 2020-02-02T02:02:02Z "$PICTURES/same-1" "$PICTURES/same-2"
sql "INSERT INTO image (product_id, name, path) SELECT min(id), 'same.png', 'same-1' FROM product"
check "a picture kept as a file, read" wait_for 10 grep -qx one "$MNT/images/same.png"
sql "UPDATE image SET path = 'same-2' WHERE name = 'same.png'"
check "another file with the size and time of the first" wait_for 10 grep -qx two "$MNT/images/same.png"

# -- a path in the database is not a way out --

echo secret >"$WORK/secret"
sql "INSERT INTO image (product_id, name, path) SELECT min(id), 'out.png', '../secret' FROM product;
     INSERT INTO image (product_id, name, path) SELECT min(id), 'absolute.png', '$WORK/secret' FROM product"
ln -s "$WORK/secret" "$PICTURES/link.png"
sql "INSERT INTO image (product_id, name, path) SELECT min(id), 'link.png', 'link.png' FROM product"
for name in out.png absolute.png link.png; do
    check_not "no way out of the pictures: $name" cat "$MNT/images/$name"
done

finish
