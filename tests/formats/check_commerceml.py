#!/usr/bin/env python3
"""check_commerceml.py DATABASE SITE: the goods and offers that a reader of our CommerceML files must find, from the tables,
in the form of importers.js. That reader knows neither from which quantity a price holds nor what distinguishes a variant,
and of the stock in a warehouse only whole pieces."""
import sys

from golden_shop import Shop, money, one_line, quantity


def line(*cells):
    escape = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
    print("\t".join(("" if c is None else str(c)).translate(escape) for c in cells))


def code(barcode):
    return barcode if barcode and 8 <= len(barcode) <= 14 else None


shop = Shop(sys.argv[1], sys.argv[2])
for p in shop.products:
    if p.active:
        values = {}
        for a in shop.values(p.id, 0):
            values.setdefault(a.code, []).append(a.value)
        groups = [shop.categories[number].external_id or number for number, _ in p.paths]
        line("goods", p.external_id or p.sku, p.sku, one_line(p.name, 255), code(p.barcode), "|".join(map(str, groups)), "|".join("import_files/" + i.name for i in shop.images(p.id, 0)),
             p.maker, "|".join(f"{k}={','.join(v)}" for k, v in values.items()), p.unit.okei if p.unit and len(p.unit.okei or "") in (3, 4) else "796")
for o in shop.offers():
    if o.is_active and o.price is not None:
        p = o.product
        key = (p.external_id or p.sku) + (f"#{o.external_id or o.sku}" if o.variant_id else "")
        prices = [f"{shop.lists[n].code}={money(r.price_e4)}" for n, rows in o.lists.items() for r in rows]
        stock = [f"{shop.warehouses[k.warehouse_id].external_id or shop.warehouses[k.warehouse_id].code}={max(0, k.on_hand_e3 - k.reserved_e3) // 1000}"
                 for k in shop.stocks(p.id, o.variant_id)]
        line("offer", key, o.sku, quantity(o.stock), "|".join(sorted(prices)), "|".join(stock))
