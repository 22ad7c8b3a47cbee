#!/usr/bin/env python3
"""catalog.py DATABASE: the catalogue as shops' own scripts write it: one query for the products, one for each thing that
belongs to a product, the csv module. To the standard output."""
import csv
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
out = csv.writer(sys.stdout, delimiter=";")
out.writerow("ean name alias short_description description qty publish categories tax currency price weight unit image "
             "images manufacturer extra_fields".split())
names = dict(db.execute("SELECT category_id, name FROM category_text WHERE language = 'uk'"))
parents = dict(db.execute("SELECT id, parent_id FROM category"))


def way(category):
    steps = []
    while category:
        steps.insert(0, names.get(category, ""))
        category = parents[category]
    return "/".join(steps)


for p in db.execute("""SELECT p.id, p.sku, t.name, t.slug, t.short_description, t.description, p.active, r.percent_e2, pr.price_e4,
                              p.weight_e3, u.name, m.name
                         FROM product p JOIN product_text t ON t.product_id = p.id AND t.language = 'uk'
                         LEFT JOIN vat_rate r ON r.id = p.vat_rate_id LEFT JOIN unit u ON u.id = p.unit_id
                         LEFT JOIN manufacturer m ON m.id = p.manufacturer_id
                         LEFT JOIN price pr ON pr.product_id = p.id AND pr.variant_id = 0 AND pr.price_list_id = 1 AND pr.min_qty_e3 = 0
                        WHERE p.kind <> 'service' ORDER BY p.id"""):
    (qty,) = db.execute("SELECT sum(on_hand_e3 - reserved_e3) / 1000.0 FROM stock WHERE product_id = ?", p[:1]).fetchone()
    categories = "|".join(way(c) for (c,) in db.execute(
        "SELECT category_id FROM product_category WHERE product_id = ? ORDER BY position", p[:1]))
    images = [i for (i,) in db.execute("SELECT name FROM image WHERE product_id = ? AND variant_id = 0 ORDER BY position", p[:1])]
    fields = "|".join(f"{n}:{v}" for n, v in db.execute(
        "SELECT t.name, a.value FROM product_attribute a JOIN attribute_text t ON t.attribute_id = a.attribute_id"
        " AND t.language = 'uk' WHERE a.product_id = ? ORDER BY a.attribute_id", p[:1]))
    out.writerow([*p[1:6], qty, p[6], categories, p[7] / 100, "UAH", f"{p[8] / 10000:.2f}", p[9] / 1000, p[10],
                  images[0] if images else "", "|".join(images), p[11], fields])
