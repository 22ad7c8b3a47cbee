"""The golden shop as its tables say it, for expectations that owe nothing to the views and mappings of the program.

Only the rules of mapping/DATABASE.md and mapping/MANUAL.md are in here: which text, price, picture or stock counts for what
is sold, and how a number, an address or a list is written. Money is in ten-thousandths, quantities in thousandths: whole
numbers throughout.
"""
import re
import sqlite3
import urllib.parse
from collections import defaultdict


class Row(dict):
    __getattr__ = dict.__getitem__


def clean(s):
    """Without what no file holds: control characters, U+FFFE, U+FFFF; ill-formed bytes are U+FFFD."""
    if isinstance(s, bytes):
        s = s.decode("utf-8", errors="replace")
    s = re.sub("\ufffd+", "\ufffd", s)
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]", "", s)


def one_line(s, limit=None):
    return None if s is None else re.sub("\r\n|\r|\n", " ", s)[:limit]


def money(e4, places=2, sign="."):
    if e4 is None:
        return None
    unit = 10 ** (4 - places) if places < 4 else 1
    whole = (abs(e4) + unit // 2) // unit * 10 ** max(0, places - 4) * (-1 if e4 < 0 else 1)
    return f"{'-' if whole < 0 else ''}{abs(whole) // 10 ** places}{sign}{abs(whole) % 10 ** places:0{places}d}"


def short(units, scale, places=None, sign="."):
    """units of 10^-scale with at most `places` decimals"""
    if units is None:
        return None
    places = scale if places is None else places
    units = (abs(units) + 10 ** (scale - places) // 2) // 10 ** (scale - places) * (-1 if units < 0 else 1)
    digits = f"{abs(units):0{places + 1}d}"
    text = (digits[:-places] + sign + digits[-places:]).rstrip("0").rstrip(sign) if places else digits
    return ("-" if units < 0 else "") + text


def rounded(numerator, denominator, places, trim=False):
    """numerator / denominator, half away from zero"""
    scaled = abs(numerator) * 10 ** places
    units = (2 * scaled + denominator) // (2 * denominator) * (-1 if numerator < 0 else 1)
    return short(units, places) if trim else money(units * 10 ** (4 - places)) if places <= 4 else \
        f"{'-' if units < 0 else ''}{abs(units) // 10 ** places}.{abs(units) % 10 ** places:0{places}d}"


def quantity(e3, sign="."):
    return short(e3, 3, sign=sign)


def address(s):
    return None if s is None else urllib.parse.quote(s, safe="-._~:/?#[]@!$&'()*+,;=%")


def escaped(s, chars, by="\\"):
    return None if s is None else "".join(by + c if c in chars + by else c for c in s)


def plain(html):
    """Tags out, the ends of blocks as line breaks, references as characters, runs of blanks and of line breaks as one."""
    import html as h
    html = re.sub(r"(?i)</?(br|p|div|li|tr|h[1-6]|ul|ol|table)\b[^>]*>", "\n", html)
    html = re.sub(r"<[/!?a-zA-Z][^>]*>", "", html)
    out = re.sub(r"[ \t]*[\r\n][ \t\r\n]*", "\n", html)
    out = re.sub(r"[ \t]+", " ", out).strip(" \t\r\n")
    return h.unescape(out)


def gtin(code, lengths=(8, 12, 13, 14)):
    return code if code and len(code) in lengths and re.fullmatch("[0-9]+", code) else None


class Shop:
    def __init__(self, database, site):
        db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        db.row_factory = lambda cursor, values: Row(zip([d[0] for d in cursor.description], values))
        db.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
        self.rows = lambda sql, *args: db.execute(sql, args).fetchall()
        self.site = self.rows("SELECT * FROM site WHERE name = ?", site)[0]
        self.lists = {p.id: p for p in self.rows("SELECT * FROM price_list WHERE kind = 'sale' ORDER BY id")}
        self.main = self.lists[self.site.price_list_id]
        self.languages = [self.site.language, self.site.fallback_language]
        self.warehouses = {w.id: w for w in self.rows("SELECT * FROM warehouse ORDER BY id")}
        own = {w.warehouse_id for w in self.rows("SELECT * FROM site_warehouse WHERE site_id = ?", self.site.id)}
        if own:
            self.warehouses = {k: w for k, w in self.warehouses.items() if k in own}
        self.categories = {c.id: c for c in self.rows("SELECT * FROM category")}
        self.makers = {m.id: m for m in self.rows("SELECT * FROM manufacturer")}
        self.units = {u.id: u for u in self.rows("SELECT * FROM unit")}
        self.vat = {r.id: r for r in self.rows("SELECT * FROM vat_rate")}
        self.properties = {a.id: a for a in self.rows("SELECT * FROM attribute")}
        self.products = [self.product(p) for p in self.rows("SELECT * FROM product ORDER BY id")]

    def text(self, table, key, value, field):
        """in the site's language, else in its fallback language"""
        for language in self.languages:
            for row in self.rows(f"SELECT {field} AS v FROM {table} WHERE {key} = ? AND language = ?", value, language):
                if row.v is not None:
                    return clean(row.v)
        return None

    def product(self, p):
        for field in ("name", "short_description", "description", "slug", "meta_title", "meta_description", "meta_keywords"):
            p[field] = self.text("product_text", "product_id", p.id, field)
        p.update(name=p.name or p.sku, short_description=p.short_description or "", description=p.description or "", slug=p.slug or str(p.id))
        p.update(maker=self.makers[p.manufacturer_id].name if p.manufacturer_id else None, unit=self.units.get(p.unit_id),
                 vat_e2=self.vat[p.vat_rate_id].percent_e2 if p.vat_rate_id else None, product=p, variant_id=0)
        p["country_name"] = self.text("country_text", "country", p.country, "name") or p.country
        p["url"] = (self.site.product_url or self.site.url) + p.slug
        variants = self.rows("SELECT * FROM variant WHERE product_id = ? ORDER BY id", p.id)
        p["variants"] = variants
        for v in variants:
            v.update({k: x for k, x in p.items() if k not in v or (v[k] is None and k in ("mpn", "weight_e3"))})
            v.update(product=p, variant_id=v.id, own_weight=v.weight_e3, is_active=v.active and p.active)
        p["is_active"] = p.active
        self.prices(p)
        for v in variants:
            self.prices(v)
            v["barcode"] = self.barcode(p.id, v.id)
            v["stock"] = self.stock(p.id, [v.id])
        on = [v for v in variants if v.active]
        p["living"] = on
        p["barcode"] = self.barcode(p.id, 0)
        p["stock"] = self.stock(p.id, [0] + [v.id for v in on])
        if p.price is None:
            p["price"] = min([v.price for v in on if v.price is not None], default=None)
        p["paths"] = self.paths(p.id)
        for v in variants:
            v["paths"] = p.paths
        return p

    def prices(self, item):
        """The item's prices in each list, (quantity, price, old price): its own where it has any, else its product's."""
        p = item.product
        item["lists"] = {}
        for number in self.lists:
            for variant in dict.fromkeys((item.variant_id, 0)):
                found = self.rows("SELECT * FROM price WHERE product_id = ? AND variant_id = ? AND price_list_id = ? ORDER BY min_qty_e3", p.id, variant, number)
                if found:
                    item["lists"][number] = found
                    break
        item["price"] = item["old"] = None
        for variant in dict.fromkeys((item.variant_id, 0)):
            for row in self.rows("SELECT * FROM price WHERE product_id = ? AND variant_id = ? AND price_list_id = ? AND min_qty_e3 = 0", p.id, variant, self.main.id):
                if item["price"] is None:
                    item["price"] = row.price_e4
                    item["old"] = row.old_price_e4 if (row.old_price_e4 or 0) > row.price_e4 else None
        item["tiers"] = []
        for variant in dict.fromkeys((item.variant_id, 0)):
            item["tiers"] = item["tiers"] or self.rows("SELECT * FROM price WHERE product_id = ? AND variant_id = ? AND price_list_id = ? AND min_qty_e3 > 0 ORDER BY min_qty_e3",
                                                      p.id, variant, self.main.id)

    def barcode(self, product, variant):
        found = self.rows("SELECT barcode FROM barcode WHERE product_id = ? AND variant_id = ? ORDER BY position, barcode", product, variant)
        return found[0].barcode if found else None

    def stocks(self, product, variant):
        return [k for k in self.rows("SELECT * FROM stock WHERE product_id = ? AND variant_id = ? ORDER BY warehouse_id", product, variant) if k.warehouse_id in self.warehouses]

    def stock(self, product, variants):
        return max(0, sum(k.on_hand_e3 - k.reserved_e3 for v in variants for k in self.stocks(product, v)) - self.site.stock_buffer_e3)

    def chain(self, category):
        up = []
        while category is not None:
            up.insert(0, category)
            category = self.categories[category].parent_id
        return up

    def paths(self, product):
        """The active categories of a product, the main one first: [(id, [names from the top])]"""
        out = []
        for c in self.rows("SELECT * FROM product_category WHERE product_id = ? ORDER BY position, category_id", product):
            chain = self.chain(c.category_id)
            if all(self.categories[k].active for k in chain):
                out.append((c.category_id, [self.text("category_text", "category_id", k, "name") or "" for k in chain]))
        return out

    def offers(self):
        return [o for p in self.products for o in (p.variants or [p])]

    def values(self, product, variant):
        """The values that are written for it itself, in the site's language, else for all, else in the fallback language."""
        found = defaultdict(dict)
        for a in self.rows("SELECT * FROM product_attribute WHERE product_id = ? AND variant_id = ? ORDER BY value_no", product, variant):
            found[a.attribute_id].setdefault(a.language, []).append(a)
        out = []
        for number, by_language in found.items():
            for language in (self.languages[0], "", self.languages[1]):
                if language in by_language:
                    for a in by_language[language]:
                        a.update(code=self.properties[number].code, place=self.properties[number].position, unit=self.text("attribute_text", "attribute_id", number, "unit") or "",
                                 group=self.text("attribute_text", "attribute_id", number, "group_name") or "",
                                 name=self.text("attribute_text", "attribute_id", number, "name") or self.properties[number].code, value=clean(a.value))
                        out.append(a)
                    break
        return sorted(out, key=lambda a: (a.place, a.attribute_id, a.value_no))

    def all_values(self, item):
        """An item's values: those of its product for which it has none, then its own."""
        own = self.values(item.product.id, item.variant_id) if item.variant_id else []
        mine = {a.attribute_id for a in own}
        return [a for a in self.values(item.product.id, 0) if a.attribute_id not in mine] + own

    def telling(self, product):
        """The properties in which the variants of a product differ, in their order."""
        numbers = {a.attribute_id for v in product.variants for a in self.rows("SELECT attribute_id FROM product_attribute WHERE product_id = ? AND variant_id = ?", product.id, v.id)}
        return sorted(numbers, key=lambda k: (self.properties[k].position, k))

    def options(self, variant):
        """Name and value for each property that tells the variants apart."""
        all_of_it = {a.attribute_id: a for a in reversed(self.all_values(variant)) if a.value_no == 0 and a.value}
        return [all_of_it[k] for k in self.telling(variant.product) if k in all_of_it]

    def images(self, product, variant):
        base = self.site.image_url or self.site.url + "images/"
        found = self.rows("SELECT * FROM image WHERE product_id = ? AND variant_id = ? ORDER BY position, id", product, variant)
        for i in found:
            i["url"] = address(base + i.name.replace("%", "%25").replace("#", "%23").replace("?", "%3F"))
        return found

    def pictures(self, item):
        return (self.images(item.product.id, item.variant_id) if item.variant_id else []) or self.images(item.product.id, 0)

    def related(self, product, *kinds):
        return self.rows(f"SELECT r.*, p.sku FROM product_relation r JOIN product p ON p.id = r.related_id WHERE product_id = ? AND r.kind IN ({','.join('?' * len(kinds))})"
                         " ORDER BY r.kind, r.position, related_id", product, *kinds)

    def words(self, product, field, *languages):
        """Its text in the first of these languages that has one"""
        for language in languages:
            for row in self.rows(f"SELECT {field} AS v FROM product_text WHERE product_id = ? AND language = ? AND {field} <> ''", product, language):
                return clean(row.v)
        return None

    def market(self, market, category):
        for step in reversed(self.chain(category)):
            for c in self.rows("SELECT * FROM category_code WHERE category_id = ? AND market = ?", step, market):
                return c
        return Row(code=None, name=None)

    def deliveries(self, item):
        """(row, cost) of each that takes it"""
        out = []
        for d in self.rows("SELECT * FROM delivery WHERE site_id = ? ORDER BY position, id", self.site.id):
            if d.max_weight_e3 is None or (item.weight_e3 or 0) <= d.max_weight_e3:
                free = d.free_from_e4 is not None and item.price is not None and item.price >= d.free_from_e4
                out.append((d, 0 if free else d.price_e4))
        return out
