"""As golden_cells.py, for the CSV files of web shops."""
import re

from golden_shop import address, escaped, gtin, money, one_line, quantity, rounded, short
from golden_cells import images, yes


def listed(things, separator=", ", chars=","):
    return separator.join(escaped(one_line(t), chars) for t in things if t)


def slug_or_number(p, extra=""):
    plain = p.slug and re.fullmatch("[a-zA-Z0-9-]+", p.slug)
    return (p.slug.lower() if plain else f"product-{p.id}") + extra


def in_order(p):
    return sorted(p.variants, key=lambda v: (v.position, v.id))


# -- JoomShopping --

LIST = ",|:;"


def joomshopping(s):
    for p in s.products:
        if p.kind == "service":
            continue
        def fields():
            seen = []
            for a in s.values(p.id, 0):
                if a.attribute_id not in seen:
                    seen.append(a.attribute_id)
                    values = [b.value + (" " + b.unit if b.unit else "") for b in s.values(p.id, 0) if b.attribute_id == a.attribute_id]
                    yield (escaped(a.group, LIST) + ";" if a.group else "") + escaped(a.name, LIST) + ":" + ",".join(escaped(v, LIST) for v in values)
        def variants():
            for v in in_order(p):
                if not v.is_active:
                    continue
                own = s.images(p.id, v.id)
                yield ("".join(f"{escaped(a.name, LIST)}:{escaped(a.value, LIST)};" for a in s.values(p.id, v.id)) + f"price:{money(v.price)}" + (f";old_price:{money(v.old)}" if v.old else "")
                       + f";qty:{quantity(v.stock)};ean:{escaped(v.sku, LIST)}" + (f";weight:{quantity(v.weight_e3)}" if v.weight_e3 else "")
                       + (f";image:{escaped(own[0].name, LIST)}" if own else ""))
        tiers = p.tiers
        ranges = [f"{quantity(t.min_qty_e3)}:{quantity(tiers[n + 1].min_qty_e3 - 1000) if n + 1 < len(tiers) else 0}:{rounded(100 * (p.price - t.price_e4), p.price, 2, True)}:{money(t.price_e4)}"
                  for n, t in enumerate(tiers)]
        pictures = s.images(p.id, 0)
        every = [(c.category_id, [s.text("category_text", "category_id", k, "name") for k in s.chain(c.category_id)])
                 for c in s.rows("SELECT * FROM product_category WHERE product_id = ? ORDER BY position, category_id", p.id)]
        yield {"ean": p.sku, "name": p.name, "alias": p.slug, "short_description": p.short_description, "description": p.description, "meta_title": p.meta_title,
               "meta_description": p.meta_description, "meta_keyword": p.meta_keywords, "manufacturer_code": p.mpn, "qty": quantity(p.stock), "unlimited": yes(p.kind == "set", 1, 0), "publish": p.active,
               "categories": "|".join("/".join(escaped(n, LIST + "/") for n in names) for _, names in every), "tax": p.vat_e2 is not None and short(p.vat_e2, 2) or None,
               "currency": s.site.currency, "old_price": money(p.old or 0), "price": money(p.price), "add_price": (escaped(p.unit.name, LIST) + ";" if tiers else "") + "|".join(ranges),
               "weight": quantity(p.weight_e3), "unit": p.unit and p.unit.name, "image": pictures[0].name if pictures else None,
               "images": "|".join(escaped(i.name, LIST) + (":" + escaped(i.title, LIST) if i.title else "") for i in pictures), "manufacturer": escaped(p.maker, LIST),
               "attributes": "|".join(variants()), "extra_fields": "|".join(fields()), "related": "|".join(escaped(r.sku, LIST) for r in s.related(p.id, "related")), "vendor": s.site.company}


# -- WooCommerce --

def woocommerce(s):
    for p in s.products:
        paths = ", ".join(" > ".join(escaped(n.replace(">", "/"), ",") for n in names) for _, names in p.paths)
        single = not p.living
        row = {"Type": "variable" if p.living else "simple, virtual" if p.kind == "service" else "simple", "SKU": p.sku, "GTIN, UPC, EAN, or ISBN": gtin(p.barcode), "Name": one_line(p.name),
               "Published": yes(p.active, 1, -1), "Visibility in catalog": "visible", "Short description": p.short_description, "Description": p.description, "Tax status": "taxable",
               "In stock?": yes(p.stock or p.kind == "service", 1, 0), "Stock": quantity(p.stock) if single and p.kind != "service" else None, "Backorders allowed?": 0,
               "Weight (kg)": quantity(p.weight_e3), "Length (cm)": short(p.length_mm, 1), "Width (cm)": short(p.width_mm, 1), "Height (cm)": short(p.height_mm, 1),
               "Sale price": money(p.price) if single and p.old else None, "Regular price": money(p.old or p.price) if single else None, "Categories": paths,
               "Images": ", ".join(images(s.images(p.id, 0))), "Upsells": listed(r.sku for r in s.related(p.id, "upsell")),
               "Cross-sells": listed(r.sku for r in s.related(p.id, "related", "accessory")), "Position": 0}
        every = s.values(p.id, 0) + [a for v in sorted(p.variants, key=lambda v: v.id) for a in s.values(p.id, v.id)]
        every = [a for a in every if a.value]
        names = list(dict.fromkeys((a.place, a.attribute_id) for a in every))
        first = {}
        for a in sorted(every, key=lambda a: (a.variant_id, a.place, a.attribute_id, a.value_no)):
            first.setdefault(a.attribute_id, a)
        for n, a in enumerate(list(first.values())[:30], 1):
            values = list(dict.fromkeys(one_line(b.value) for b in every if b.attribute_id == a.attribute_id))
            row.update({f"Attribute {n} name": one_line(a.name), f"Attribute {n} value(s)": listed(values), f"Attribute {n} visible": 1, f"Attribute {n} global": 1})
        yield row
        for v in in_order(p):
            own = s.images(p.id, v.id)
            row = {"Type": "variation", "SKU": v.sku, "GTIN, UPC, EAN, or ISBN": gtin(v.barcode), "Name": one_line(p.name), "Published": yes(v.is_active, 1, 0), "Visibility in catalog": "visible",
                   "Tax status": "taxable", "In stock?": yes(v.stock, 1, 0), "Stock": quantity(v.stock), "Backorders allowed?": 0, "Weight (kg)": quantity(v.weight_e3),
                   "Sale price": money(v.price) if v.old else None, "Regular price": money(v.old or v.price), "Images": images(own)[0] if own else None, "Parent": p.sku, "Position": v.position}
            for n, a in enumerate(s.options(v)[:4], 1):
                row.update({f"Attribute {n} name": one_line(a.name), f"Attribute {n} value(s)": escaped(one_line(a.value), ","), f"Attribute {n} global": 1})
            yield row


# -- PrestaShop --

def safe(text, more="", limit=128):
    return None if text is None else one_line(re.sub("[<>;=#{}" + re.escape(more) + "]", " ", text), limit)


def without_vat(s, e4, vat):
    return None if e4 is None else rounded(e4, 10000 + (vat or 0), 6) if s.main.vat_included else money(e4, 6)


def prestashop_products(s):
    for p in s.products:
        if p.price is None:
            continue
        telling = s.telling(p)
        pictures = s.images(p.id, 0)
        features = [f"{safe(a.name, ':,')}:{safe(a.value, ':,', 255)}:{a.place}" for a in s.values(p.id, 0) if a.attribute_id not in telling]
        yield {"Product ID": p.id, "Active (0/1)": p.active, "Name *": safe(p.name), "Categories (x,y,z...)": ",".join("/".join(safe(n, ",/") for n in names) for _, names in p.paths),
               "Price tax excluded": without_vat(s, p.price, p.vat_e2), "On sale (0/1)": yes(p.old, 1, 0), "Reference #": p.sku, "Manufacturer": safe(p.maker, limit=64), "EAN13": gtin(p.barcode, (8, 13)),
               "UPC": gtin(p.barcode, (12,)), "MPN": p.mpn, "Width": short(p.width_mm, 1), "Height": short(p.height_mm, 1), "Depth": short(p.length_mm, 1), "Weight": quantity(p.weight_e3),
               "Quantity": 0 if p.living else p.stock // 1000, "Minimal quantity": max(1, p.min_order_e3 // 1000), "Visibility": "both", "Unity": p.unit and p.unit.name,
               "Summary": p.short_description[:800], "Description": p.description, "Tags (x,y,z...)": one_line(p.meta_keywords), "Meta title": one_line(p.meta_title, 128),
               "Meta description": one_line(p.meta_description, 255), "URL rewritten": p.slug if re.fullmatch("[a-zA-Z0-9_-]+", p.slug) else None, "Available for order": 1,
               "Product creation date": p.created[:10], "Show price": 1, "Image URLs (x,y,z...)": ",".join(images(pictures)),
               "Image alt texts (x,y,z...)": ",".join(one_line(i.title.replace(",", " ") or i.name) for i in pictures), "Delete existing images": 0, "Feature(Name:Value:Position)": ",".join(features),
               "Available online only": 0, "Condition": p.condition, "Virtual product": yes(p.kind == "service", 1, 0),
               "Acessories (x,y,z...)": ",".join(str(r.related_id) for r in s.related(p.id, "related", "accessory"))}


def prestashop_combinations(s):
    for p in s.products:
        alive = [v for v in in_order(p) if v.is_active and s.values(p.id, v.id)]
        for v in alive:
            # the product's own values come first, then the variant's
            options = [a for a in s.all_values(v) if a.attribute_id in s.telling(p) and a.value_no == 0 and a.value]
            yield {"Product ID*": p.id, "Attribute (Name:Type:Position)*": ",".join(f"{safe(a.name, ':,')}:select:{a.place}" for a in options),
                   "Value (Value:Position)*": ",".join(f"{safe(a.value, ':,')}:0" for a in options), "Reference": v.sku, "EAN13": gtin(v.barcode, (8, 13)), "UPC": gtin(v.barcode, (12,)),
                   "Impact on price": without_vat(s, v.price - p.price, p.vat_e2), "Quantity": v.stock // 1000, "Minimal quantity": 1,
                   "Impact on weight": short((v.weight_e3 or 0) - (p.weight_e3 or 0), 3), "Default (0/1)": yes(v is alive[0], 1, 0), "Image URLs": ",".join(images(s.images(p.id, v.id)))}


# -- Magento --

def magento_products(s):
    flat = lambda t: one_line(re.sub("[,|]", " ", t))
    def common(p):
        return {"attribute_set_code": "Default", "product_websites": "base", "description": p.description, "short_description": p.short_description,
                "categories": ",".join("Default Category/" + "/".join(n.replace(",", " ").replace("/", " ") for n in names) for _, names in p.paths),
                "product_online": yes(p.is_active, 1, 2), "tax_class_name": "Taxable Goods" if p.vat_e2 else "None", "meta_title": one_line(p.meta_title, 255),
                "meta_keywords": one_line(p.meta_keywords), "meta_description": one_line(p.meta_description, 255)}
    def shown(pictures, p):
        first = pictures[0].url if pictures else None
        return {"base_image": first, "small_image": first, "thumbnail_image": first, "base_image_label": one_line(p.name, 255) if pictures else None, "additional_images": ",".join(images(pictures[1:]))}
    def others(p):
        return {"related_skus": ",".join(r.sku for r in s.related(p.id, "related")), "crosssell_skus": ",".join(r.sku for r in s.related(p.id, "accessory")),
                "upsell_skus": ",".join(r.sku for r in s.related(p.id, "similar", "upsell"))}
    for o in s.offers():
        if o.price is None:
            continue
        told = ", ".join(one_line(a.value, 30) for a in s.values(o.product.id, o.variant_id)[:2]) if o.variant_id else ""
        row = dict(common(o), **shown(s.pictures(o), o))
        row.update({} if o.variant_id else others(o))
        row.update({"sku": o.sku, "product_type": "virtual" if o.kind == "service" else "simple", "name": one_line(o.name, 180) + (" " + told if o.variant_id else ""), "weight": quantity(o.weight_e3),
                    "visibility": "Not Visible Individually" if o.variant_id else "Catalog, Search", "price": money(o.old or o.price), "special_price": money(o.price) if o.old else None,
                    "url_key": slug_or_number(o.product, f"-{o.variant_id}" if o.variant_id else ""),
                    "additional_attributes": ",".join(f"{a.code}={flat(a.value)}" for a in s.all_values(o) if a.value_no == 0 and a.value), "qty": quantity(o.stock),
                    "is_in_stock": yes(o.stock, 1, 0), "manage_stock": yes(o.kind != "service", 1, 0)})
        yield row
    for p in s.products:
        if not p.living or p.price is None:
            continue
        telling = s.telling(p)
        variations = []
        for v in in_order(p):
            if v.is_active and s.values(p.id, v.id):
                options = [a for a in s.all_values(v) if a.attribute_id in telling and a.value_no == 0 and a.value]
                variations.append("sku=" + v.sku + "".join(f",{a.code}={flat(a.value)}" for a in options))
        names = list(dict.fromkeys(f"{a.code}={flat(a.name)}" for v in sorted(p.variants, key=lambda v: v.id) for a in s.values(p.id, v.id)))
        yield dict(common(p), **shown(s.images(p.id, 0), p), **others(p), sku=p.sku, product_type="configurable", name=one_line(p.name, 255), visibility="Catalog, Search", url_key=slug_or_number(p),
                   additional_attributes=",".join(f"{a.code}={flat(a.value)}" for a in s.values(p.id, 0) if a.attribute_id not in telling and a.value_no == 0 and a.value), is_in_stock=1, manage_stock=1,
                   configurable_variations="|".join(variations), configurable_variation_labels=",".join(names))


def magento_advanced_pricing(s):
    for o in s.offers():
        if not (o.is_active and o.price is not None):
            continue
        row = dict(sku=o.sku, tier_price_website=f"All Websites [{s.site.currency}]", tier_price_value_type="Fixed")
        for t in o.tiers:
            yield dict(row, tier_price_customer_group="ALL GROUPS", tier_price_qty=quantity(t.min_qty_e3), tier_price=money(t.price_e4))
        for number, rows in o.lists.items():
            if number != s.main.id and s.lists[number].currency == s.site.currency:
                for t in rows:
                    yield dict(row, tier_price_customer_group=s.lists[number].code, tier_price_qty=quantity(max(1000, t.min_qty_e3)), tier_price=money(t.price_e4))


def magento_stock_sources(s):
    for o in s.offers():
        for k in s.stocks(o.product.id, o.variant_id) if o.is_active and o.kind != "service" else []:
            free = max(0, k.on_hand_e3 - k.reserved_e3)
            yield dict(source_code=s.warehouses[k.warehouse_id].code, sku=o.sku, status=yes(free, 1, 0), quantity=quantity(free))


# -- Shopify --

def shopify_options(s, v, name="name", value="value"):
    row = {}
    for n, a in enumerate(s.options(v)[:3], 1):
        row.update({f"Option{n} {name}": one_line(a.name, 255), f"Option{n} {value}": one_line(a.value, 255)})
    return row


def shopify_products(s):
    for p in s.products:
        if p.price is None:
            continue
        pictures = s.images(p.id, 0)
        alive = [v for v in in_order(p) if v.is_active]
        sold = alive[0] if alive else p
        service = p.kind == "service"
        def variant(o):
            own = s.images(p.id, o.id) if o.variant_id else []
            return dict(shopify_options(s, o) if o.variant_id else {"Option1 name": "Title", "Option1 value": "Default Title"}, **{
                "URL handle": slug_or_number(p), "SKU": o.sku, "Barcode": gtin(o.barcode), "Price": money(o.price), "Compare-at price": money(o.old), "Charge tax": yes(p.vat_e2, "TRUE", "FALSE"),
                "Inventory tracker": None if service else "shopify", "Inventory quantity": None if service else o.stock // 1000,
                "Continue selling when out of stock": yes(service, "CONTINUE", "DENY"), "Weight value (grams)": o.weight_e3, "Weight unit for display": "kg",
                "Requires shipping": yes(not service, "TRUE", "FALSE"), "Fulfillment service": "manual", "Variant image URL": own[0].url if own else None})
        yield dict(variant(sold), **{
            "Title": one_line(p.name, 255), "Description": p.description, "Vendor": one_line(p.maker, 255), "Type": p.paths[0][1][-1] if p.paths else None,
            "Tags": ", ".join(n.replace(",", " ") for _, names in p.paths for n in names), "Published on online store": yes(p.active, "TRUE", "FALSE"), "Status": yes(p.active, "Active", "Draft"),
            "Product image URL": pictures[0].url if pictures else None, "Image position": 1 if pictures else None, "Image alt text": one_line(p.name, 500) if pictures else None,
            "Gift card": "FALSE", "SEO title": one_line(p.meta_title, 70), "SEO description": one_line(p.meta_description, 320)})
        for v in alive[1:]:
            yield variant(v)
        for i in pictures[1:]:
            yield {"URL handle": slug_or_number(p), "Product image URL": i.url, "Image alt text": one_line(i.title)}


def shopify_inventory(s):
    for o in s.offers():
        for k in s.stocks(o.product.id, o.variant_id) if o.is_active and o.kind != "service" and o.price is not None else []:
            w = s.warehouses[k.warehouse_id]
            yield dict(shopify_options(s, o, "Name", "Value") if o.variant_id else {"Option1 Name": "Title", "Option1 Value": "Default Title"}, **{
                "Handle": slug_or_number(o.product), "Title": one_line(o.name, 255), "SKU": o.sku, "COO": o.country, "Location": w.name or w.code, "Committed": k.reserved_e3 // 1000,
                "Available": max(0, k.on_hand_e3 - k.reserved_e3) // 1000, "On hand": k.on_hand_e3 // 1000})
