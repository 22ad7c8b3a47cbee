"""What 200 web shops on one database cost: --only sites of tests/bench/run.

The shops differ in name, title and address, as web shops do. Their catalogue does not (joomshopping: prices, stock, texts);
their feed does (yml: addresses). Every figure stands beside that of a mount of one shop.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import time

SITES = 200
PRODUCTS = 2000


def process_status(pid, field):
    return int(re.search(field + r":\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1))


def configure(path, count, exports):
    with open(path, "w", encoding="utf-8") as f:
        f.write("[shop]\ndatabase = shop.db\n")
        for i in range(1, count + 1):
            f.write(f"[site {'main' if i == 1 else f's{i}'}]\nexports = {exports}\n")


def make(bench, directory):
    db = os.path.join(directory, "shop.db")
    subprocess.run([bench.program("shopctl"), "init", db, f"--demo={PRODUCTS}"], check=True, stdout=subprocess.DEVNULL)
    connection = sqlite3.connect(db)
    connection.executescript(f"""
        DELETE FROM site_product;
        WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {SITES})
        INSERT INTO site (name, title, company, url, language, fallback_language, currency, price_list_id)
          SELECT 's' || i, 'Shop ' || i, company, 'https://s' || i || '.example/', language, fallback_language, currency,
                 price_list_id FROM n, site WHERE name = 'main';""")
    connection.close()
    return db


def measure(bench, directory, count, exports, file, log):
    """One mount: start, first and second look at all, an edit and a look at all, memory, files, spool."""
    conf, point, state = (os.path.join(directory, n) for n in ("shop.conf", "mnt", "shop.state"))
    shutil.rmtree(state, ignore_errors=True)
    configure(conf, count, exports)
    start = time.monotonic()
    process = bench.mount([bench.program("shopfs"), "-f", conf, point], point, log)
    out = {"mount": time.monotonic() - start}
    paths = [os.path.join(point, file)] if count == 1 else [os.path.join(point, n, file) for n in os.listdir(point)]

    def look():
        before = bench.process_cpu(process.pid)
        for path in paths:
            os.stat(path)
        return bench.process_cpu(process.pid) - before

    out["idle"] = process_status(process.pid, "VmRSS") / 1024
    out["cold"] = look()
    repeats = 5
    out["again"] = sum(look() for _ in range(repeats)) / repeats
    connection = sqlite3.connect(os.path.join(directory, "shop.db"))
    edits = []
    for i in range(repeats):
        connection.execute("UPDATE price SET price_e4 = price_e4 + 100 WHERE product_id = ?", (100 + i,))
        connection.commit()
        edits.append(look())
        time.sleep(1.1)
    connection.close()
    out["edit"] = sum(edits) / repeats
    out["memory"] = process_status(process.pid, "VmRSS") / 1024
    out["threads"] = process_status(process.pid, "Threads")
    out["files"] = len(os.listdir(f"/proc/{process.pid}/fd"))
    out["spool"] = sum(os.stat(os.path.join(d, f)).st_blocks * 512 for d, _, files in os.walk(state) for f in files) / 1e6
    bench.unmount(process, point)
    return out


def run(bench, directory, log):
    directory = os.path.join(directory, "sites")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    make(bench, directory)
    for exports, file, same in (("joomshopping", "catalog.csv", True), ("yml", "feed.yml", False)):
        one = measure(bench, directory, 1, exports, file, log)
        many = measure(bench, directory, SITES, exports, file, log)
        bench.say(f"\n{file}, {PRODUCTS} products; {'the same for all' if same else 'another for each'}")
        for key, what, unit, goal in (
                ("mount", "mount", "s", 2), ("idle", "memory before anybody looks", "MiB", 64),
                ("cold", "first look at all, processor", "s", None), ("again", "second look, processor", "s", None),
                ("edit", "look at all after one edit, processor", "s", 0.1 if same else None),
                ("memory", "memory", "MiB", 96), ("threads", "threads", "", 32), ("files", "open files", "", None),
                ("spool", "spool on disk", "MB", one["spool"] * 1.1 + 1 if same else None)):
            bench.record(f"{SITES} sites, {file}: {what}", many[key], unit, goal, note=f"one site: {one[key]:.3f}")
