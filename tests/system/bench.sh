#!/bin/bash
# asan: no
# tests/bench/run works: a tiny shop, every figure there and printed. How good they are is not asked: no test depends on
# the speed of a machine.
. "$(dirname "$0")/../lib/system.sh"
need_root
need sqlite3
need python3

[ -c /dev/fuse ] || skip_all "no /dev/fuse here"
export SHOPFS_BUILD
figures() {
    python3 - "$WORK/bench.json" <<'END'
import json, sys
figures = json.load(open(sys.argv[1]))["figures"]
names = " ".join(f["name"] for f in figures)
for part in ("cold catalog.csv", "sqlite3 -csv", "sqlite3_step", "fresh stat", "constant FUSE file", "restart", "ls -l", "peak resident"):
    assert part in names, part
assert all(f["value"] >= 0 for f in figures)
bounds = [f for f in figures if f["name"].startswith(("chunks rendered by the restarts", "peak resident"))]
assert bounds and all(f["met"] for f in bounds), bounds
END
}
check "the bench runs" "$ROOT/tests/bench/run" --dir "$WORK/bench" --products 500 --pictures 60 --runs 1 --edits 2 \
    --json "$WORK/bench.json"
check "every figure is there; memory and restarts keep their bounds" figures
formats() {
    python3 - "$WORK/formats.json" "$ROOT/mapping/export" <<'END'
import json, os, sys
names = {f["name"].split(":")[0] for f in json.load(open(sys.argv[1]))["figures"]}
assert names == {n[:-4] for n in os.listdir(sys.argv[2]) if n.endswith(".xml")}, names
END
}
check "every shipped mapping is rendered" "$ROOT/tests/bench/run" --dir "$WORK/bench" --products 500 --runs 1 --only formats --json "$WORK/formats.json"
check "and has its figure" formats
finish
