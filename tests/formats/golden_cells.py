"""What every cell of every shipped CSV mapping must be over the golden shop: one function for each, giving its rows in
their order as {column: text}. A column that a row does not name is empty. Columns of the same name are NAME, NAME#2 ...
"""
import re

from golden_shop import address, escaped, gtin, money, one_line, plain, quantity, rounded, short


def plain_line(html, limit):
    return one_line(plain(html))[:limit]


def yes(flag, true="yes", false="no"):
    return true if flag else false


def joined(things, separator=","):
    return separator.join(t for t in things if t)


def images(pictures):
    return [i.url.replace(",", "%2C") for i in pictures]


def own_key(o):
    """The accounting program's key of the thing itself"""
    return o.external_id


def what(o):
    return ", ".join(one_line(a.value) for a in shop_values(o)) if o.variant_id else None


def shop_values(o):
    return [a for a in SHOP.values(o.product.id, o.variant_id) if a.value_no == 0]


def percent(e2):
    return None if e2 is None else short(e2, 2)


# -- our own layouts --

def stock(s):
    for o in s.offers():
        if o.is_active:
            yield dict(code=o.sku, product_code=o.product.sku, external_id=own_key(o), barcode=o.barcode, name=one_line(o.name), variant=what(o),
                       unit=o.unit and o.unit.name, stock=quantity(o.stock), available=yes(o.stock), delivery_days=o.delivery_days,
                       by_warehouse=" ".join(f"{s.warehouses[k.warehouse_id].code}={quantity(max(0, k.on_hand_e3 - k.reserved_e3))}" for k in s.stocks(o.product.id, o.variant_id)))


def prices(s):
    for o in s.offers():
        if o.is_active and o.price is not None:
            yield dict(code=o.sku, product_code=o.product.sku, external_id=own_key(o), name=one_line(o.name), variant=what(o), price=money(o.price), old_price=money(o.old),
                       currency=s.site.currency, vat_percent=percent(o.vat_e2), vat_included="yes", min_order=quantity(o.min_order_e3), unit=o.unit and o.unit.name)


def price_tiers(s):
    for o in s.offers():
        rows = [r for rows in o.lists.values() for r in rows] if o.is_active else []
        for r in sorted(rows, key=lambda r: (r.variant_id, r.price_list_id, r.min_qty_e3)):
            pl = s.lists[r.price_list_id]
            yield dict(code=o.sku, product_code=o.product.sku, price_list=pl.code, price_list_name=pl.name, min_qty=quantity(r.min_qty_e3), price=money(r.price_e4),
                       currency=pl.currency, vat_included=yes(pl.vat_included))


def categories(s):
    rows = []
    for c in s.categories.values():
        chain = s.chain(c.id)
        names = [s.text("category_text", "category_id", k, "name") for k in chain]
        rows.append((len(chain), c.position, c.id, dict(category_id=c.id, parent_id=c.parent_id, external_id=c.external_id, level=len(chain), position=c.position,
                     active=yes(all(s.categories[k].active for k in chain)), name=names[-1], path=" > ".join(escaped(n, ">") for n in names),
                     description=s.text("category_text", "category_id", c.id, "description"))))
    return [r[3] for r in sorted(rows, key=lambda r: r[:3])]


def customers(s):
    for c in s.rows("SELECT * FROM customer ORDER BY id"):
        known = s.rows("SELECT external_id FROM customer_site WHERE customer_id = ? AND site_id = ?", c.id, s.site.id)
        row = {k: c[k] for k in ("code", "kind", "name", "first_name", "last_name", "company", "tax_id", "vat_id", "email", "phone", "street", "city", "region", "zip", "country", "discount_card")}
        yield dict(row, customer_id=c.id, site_customer_id=known[0].external_id if known else None, discount_percent=percent(c.discount_percent_e2),
                   price_list=s.lists[c.price_list_id].code if c.price_list_id else None, bonus=money(c.bonus_e4), created=c.created[:10])


def certificates(s):
    for c in s.rows("SELECT * FROM certificate ORDER BY code"):
        yield dict(code=c.code, type=c.kind, amount=money(c.amount_e4), currency=c.currency, valid_from=(c.valid_from or "")[:10], valid_to=(c.valid_to or "")[:10],
                   used=money(c.used_e4), left=money(c.amount_e4 - c.used_e4) if c.kind == "amount" else None, customer_id=c.customer_id)


def order_status(s):
    for o in s.rows("SELECT * FROM orders WHERE site_id = ? AND kind = 'order' ORDER BY id", s.site.id):
        touched = o.handled or s.rows("SELECT 1 FROM order_status WHERE order_id = ? AND source <> 'intake'", o.id)
        yield dict(number=o.number, site_id=o.external_id, order_id=o.id,
                   state=o.status if o.status in ("cancelled", "returned") else "handled" if touched else "revised" if o.revision > 1 else "accepted",
                   revision=o.revision, status=o.status, site_status=one_line(o.status_text),
                   payment="refunded" if o.payment_status == "refunded" else "paid" if o.paid else "partly" if o.payment_status == "partly" else "unpaid",
                   paid_on=(o.paid_on or "")[:10], total=money(o.lines_total_e4), currency=o.currency, tracking=o.tracking,
                   updated=(o.modified or o.received).replace(" ", "T") + "Z",
                   warnings=len(s.rows("SELECT 1 FROM order_warning WHERE order_id = ?", o.id)))


# -- Google, Prom, Torgsoft --

def coded(values, codes, limit):
    return next((one_line(a.value, limit) for a in values if a.code in codes), None)


def google_tsv(s):
    never = lambda t: t and t.replace("\t", " ")
    for o in s.offers():
        if not (o.is_active and o.kind != "service" and o.price and s.pictures(o)):
            continue
        pictures, values, theirs = s.pictures(o), s.all_values(o), s.market("google", o.paths[0][0]) if o.paths else dict(code=None, name=None)
        known = o.maker and (o.mpn or gtin(o.barcode))
        name = one_line(o.name, 100) + (" " + ", ".join(one_line(a.value, 20) for a in s.values(o.product.id, o.variant_id)[:2]) if o.variant_id else "")
        yield dict(id=f"{o.product.id}-{o.variant_id}" if o.variant_id else o.product.id, title=never(name), description=never(plain_line(o.description or o.short_description or o.name, 5000)),
                   link=address(o.url), image_link=pictures[0].url, additional_image_link=",".join(images(pictures[1:11])), availability="in_stock" if o.stock else "out_of_stock",
                   price=f"{money(o.old or o.price)} {s.site.currency}", sale_price=f"{money(o.price)} {s.site.currency}" if o.old else None, condition=o.condition, brand=o.maker,
                   gtin=gtin(o.barcode), mpn=o.mpn, identifier_exists=None if known else "no", item_group_id=o.product.id if o.variant_id else None,
                   color=coded(values, ("color", "colour"), 100), size=coded(values, ("size",), 100), material=coded(values, ("material",), 100),
                   product_type=" > ".join(n[:100] for n in o.paths[0][1]) if o.paths else None, google_product_category=theirs["code"] or theirs["name"],
                   shipping=",".join(f"{d.country}::{re.sub('[:,]', ' ', d.name)}:{money(cost)} {s.site.currency}" for d, cost in s.deliveries(o) if d.country), shipping_weight=f"{quantity(o.weight_e3)} kg" if o.weight_e3 else None)


def prom_csv(s):
    for o in s.offers():
        if not (o.is_active and o.price):
            continue
        any_language = [x.code for x in s.rows("SELECT code FROM language ORDER BY CASE code WHEN 'ru' THEN 0 WHEN 'uk' THEN 1 ELSE 2 END, code")]
        russian, ukrainian = [lambda field, of=of: s.words(o.product.id, field, *of) for of in (any_language, ["uk"])]
        cut = lambda text, n: text and text[:n]
        main = o.paths[0] if o.paths else None
        row = {"Код_товару": o.sku, "Назва_позиції": cut(russian("name"), 100), "Назва_позиції_укр": cut(ukrainian("name"), 100), "Пошукові_запити": cut(russian("meta_keywords"), 255),
               "Пошукові_запити_укр": cut(ukrainian("meta_keywords"), 255), "Опис": cut(russian("description"), 12160), "Опис_укр": cut(ukrainian("description"), 12160),
               "Тип_товару": "s" if o.kind == "service" else "u" if o.tiers else "r", "Ціна": money(o.old or o.price), "Валюта": s.site.currency,
               "Одиниця_виміру": ("шт." if o.unit.code == "pcs" else o.unit.name) if o.unit else None, "Мінімальний_обсяг_замовлення": quantity(o.min_order_e3),
               "Оптова_ціна": ";".join(money(t.price_e4) for t in o.tiers), "Мінімальне_замовлення_опт": ";".join(quantity(t.min_qty_e3) for t in o.tiers),
               "Посилання_зображення": ", ".join(i.url for i in s.pictures(o)[:10]), "Наявність": "+" if o.stock else "-", "Кількість": quantity(o.stock),
               "Номер_групи": main and main[0], "Назва_групи": main and main[1][-1], "Ідентифікатор_товару": f"{o.product.id}-{o.variant_id}" if o.variant_id else o.product.id,
               "Ідентифікатор_підрозділу": s.market("prom", main[0])["code"] if main else None, "Ідентифікатор_групи": main and main[0], "Виробник": o.maker, "Країна_виробник": o.country_name,
               "Знижка": money(o.old - o.price) if o.old else None, "ID_групи_різновидів": o.product.id if o.variant_id else None, "Продукт_на_сайті": address(o.url),
               "HTML_заголовок": russian("meta_title"), "HTML_заголовок_укр": ukrainian("meta_title"), "HTML_опис": russian("meta_description"), "HTML_опис_укр": ukrainian("meta_description"),
               "Код_маркування_(GTIN)": o.barcode, "Номер_пристрою_(MPN)": o.mpn, "Вага,кг": quantity(o.weight_e3), "Ширина,см": short(o.width_mm, 1), "Висота,см": short(o.height_mm, 1),
               "Довжина,см": short(o.length_mm, 1)}
        for n, a in enumerate(s.all_values(o)[:30], 1):
            nth = "" if n == 1 else f"#{n}"
            row.update({"Назва_Характеристики" + nth: a.name, "Одиниця_виміру_Характеристики" + nth: a.unit, "Значення_Характеристики" + nth: a.value})
        yield row


def torgsoft_goods(s):
    for o in s.offers():
        values, p = s.all_values(o), o.product
        main = o.paths[0] if o.paths else None
        name = one_line(plain(o.name))
        yield dict(GoodID=1000000000 + o.variant_id if o.variant_id else p.id, GoodName=name[:500], Description=plain_line(o.short_description or o.description, 255), Country=o.country_name,
                   Articul=p.sku, RetailPrice=money(o.old or o.price or 0, sign=","), WholesalePrice=money(o.tiers[0].price_e4, sign=",") if o.tiers else None,
                   RetailPriceWithDiscount=money(o.price if o.old else 0, sign=","), MinQuantityForOrder=rounded(o.min_order_e3, 1000, 0, True), Category=main[0] if main else -1,
                   WarehouseQuantity=quantity(o.stock, ","), Display=yes(o.is_active, 1, 0), TheSize=coded(values, ("size",), 20), Color=coded(values, ("color", "colour"), 50),
                   Material=coded(values, ("material",), 200), FashionName=name[:500], ShortName=name[:255], GoodTypeFull=",".join(main[1]) if main else None,
                   ProducerCollectionFull=o.maker, Season=coded(values, ("season",), 50), Barcode=o.barcode, Closeout=0, RetailPricePerUnit=0, WholesalePricePerUnit=0, EqualSalePrice=0,
                   EqualWholesalePrice=0, EqualCurrencyName=s.site.currency, PrimeCost=0, Analogs=",".join(str(r.related_id) for r in s.related(p.id, "similar")),
                   WholesaleCount=quantity(o.tiers[0].min_qty_e3, ",") if o.tiers else None, MesUnit=o.unit and o.unit.name,
                   PriceDiscountPercent=rounded(100 * (o.old - o.price), o.old, 2).replace(".", ",") if o.old else "0,00", PCName=o.maker, ModelGoodID=p.id if o.variant_id else None,
                   GoodTypeName=main[1][-1] if main else None, GuaranteePeriod=o.warranty_months, GuaranteeMesUnit="міс" if o.warranty_months else None, MinWarehouseQuantity=0,
                   WarehouseQuantityForPartner=" ".join(f"{k.warehouse_id}={money(max(0, k.on_hand_e3 - k.reserved_e3) * 10, 3, ',')}" for k in s.stocks(p.id, o.variant_id)))


def torgsoft_clients(s):
    for c in s.rows("SELECT * FROM customer ORDER BY id"):
        yield {0: c.name, 1: c.email, 2: c.phone, 5: c.discount_card, 13: money(c.bonus_e4, sign=",")}


# -- the Czech table --

def shoptet_csv(s):
    for o in s.offers():
        if o.price is None:
            continue
        pictures = s.pictures(o)
        options = {a.code: a.value for a in s.options(o)} if o.variant_id else {}
        key = own_key(o)
        row = dict(code=o.sku, pairCode=o.product.sku if o.variant_id else None, name=one_line(o.name, 250), shortDescription=o.short_description, description=o.description,
                   manufacturer=o.maker, productVisibility="visible" if o.is_active else "hidden", price=money(o.price, sign=","), standardPrice=money(o.old, sign=","), currency=s.site.currency,
                   includingVat=1, percentVat=o.vat_e2 is not None and short(o.vat_e2, 2, sign=",") or None, stock=quantity(o.stock, ","), unit=o.unit and o.unit.name, weight=quantity(o.weight_e3, ","),
                   ean=o.barcode, externalCode=key if key and len(key) <= 32 else None, defaultCategory=" > ".join(n.replace(">", "/")[:60] for n in o.paths[0][1][:4]) if o.paths else None)
        row.update({"variant:Velikost": options.get("size"), "variant:Barva": options.get("color")})
        for n, name in enumerate(["defaultImage", "image"] + [f"image{k}" for k in range(2, 29)]):
            row[name] = pictures[n].url if n < len(pictures) else None
        yield row


# -- web shops: see also golden_shops.py --

def joomshopping_core(s):
    latin = lambda text: text and text  # what ISO-8859-1 lacks is told by the test of encodings
    for p in s.products:
        if p.is_active and p.kind != "service" and p.price is not None:
            tidy = lambda t: latin(one_line(t.replace("\t", " ")))
            yield dict(product_id=p.id, ean=p.sku, qty=quantity(p.stock), date=p.created, price=money(p.price, 6), tax=rounded(p.vat_e2 or 0, 100, 0, True),
                       category=tidy(p.paths[0][1][-1]) if p.paths else None, name=tidy(p.name), short_description=tidy(p.short_description), description=tidy(p.description))
