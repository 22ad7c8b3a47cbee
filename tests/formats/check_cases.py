#!/usr/bin/env python3
"""check_cases.py MAPPING FILE: whatever has ever broken an export is in this one, unless it cannot be for a reason given here;
and where a reason is given the case is not there, so that the list stays true.

The golden shop has: quotes, separators and entities in a name (A-1), line breaks and an emoji in a description, variants
(B-2), one of them sold out, goods with nothing at all, no picture, maker, text or stock (C-3), long texts (D-4), forty
properties (K-11), other languages, a service (G-7), goods without a price (I-9), goods that are not active (F-6).
"""
import csv
import io
import re
import sys
import xml.etree.ElementTree as ET

CASES = {
    "name": ('Туфлі "Зоря"; червоні, 37 & <нові>', "Střevíce „Záře“; červené, 37 & <nové>"),
    "line break": ("<ul>\n  <li>", "<p>Řádek &amp; 1</p>\n<p>"),
    "emoji": ("🎁",) * 2,
    "variant": ("B-2-37/черв", "B-2-37/черв"),
    "sold out": ("B-2-38", "B-2-38"),
    "no picture": ("C-3", "C-3"),
    "long text": ("Дуже довга назва 🎁 слово слово слово", "Velmi dlouhý název 🎁 slůvko slůvko slůvko"),
    "many properties": ("значення 40", "значення 40"),
    "Russian": ('Туфли "Заря"; красные', None),
    "service": ("G-7", "G-7"),
    "without a price": ("I-9", "I-9"),
    "not active": ("F-6", "F-6"),
}
# in a file that numbers its goods, the numbers of what has these codes
NUMBERS = {"variant": "2-21", "sold out": "2-22", "no picture": "3", "service": "7", "without a price": "9", "not active": "6"}


def without(**reasons):
    # of several cases, parted by "|", the reason why they are not there
    return {case: reason.replace("_", " ") for reason, cases in reasons.items() for case in cases.split("|")}


FEED = without(one_language="Russian", not_sold="without a price|not active")
SHOWN = dict(FEED, **without(refused_without_one="no picture", no_goods="service", plain_text="line break"))
CODES = without(codes_alone="name|line break|emoji|long text|many properties|Russian", not_sold="not active")
NAMES = without(names_alone="line break|many properties")
MARKET = without(not_sold="without a price|not active")
EXCEPT = {
    "stock": dict(NAMES, **without(one_language="Russian", not_sold="not active")), "prices": dict(FEED, **NAMES), "price-tiers": dict(FEED, **CODES), "profit": dict(FEED, **NAMES),
    "yml": FEED, "rozetka": MARKET, "prom": MARKET, "maudau": MARKET, "epicentr": MARKET, "hotline": dict(FEED, **without(plain_text="line break")),
    "prom-csv": dict(MARKET, **without(thirty_of_them="many properties")), "google": dict(SHOWN, **without(some_of_them="many properties")),
    "google-tsv": dict(SHOWN, **without(some_of_them="many properties")), "commerceml-import": without(in_the_offers="variant|sold out", one_language="Russian", not_sold="not active"),
    "commerceml-offers": dict(FEED, **without(with_the_goods="line break|many properties")),
    "commerceml-prices": dict(FEED, **without(with_the_goods="line break|many properties", accounting_keys="variant")),
    "commerceml-rests": dict(CODES, **without(accounting_keys="variant")), "heureka": SHOWN, "heureka-availability": dict(SHOWN, **CODES),
    "zbozi": dict(FEED, **without(no_goods="service", plain_text="line break")), "shoptet": {}, "shoptet-supplier": without(not_sold="not active"),
    "shoptet-csv": without(two_of_them="many properties", not_sold="without a price|not active"), "joomshopping": without(one_language="Russian", no_goods="service"),
    "joomshopping-core": dict(FEED, **without(Latin_letters_alone="name|emoji|long text", one_line="line break", no_place_for_them="variant|sold out|many properties|service")),
    "woocommerce": without(one_language="Russian", thirty_of_them="many properties"),
    "prestashop-products": without(in_the_combinations="variant|sold out", refused_characters="name", one_language="Russian", not_sold="without a price"),
    "prestashop-combinations": without(variants_alone="|".join(k for k in CASES if k not in ("variant", "sold out"))),
    "magento-products": without(one_language="Russian", not_sold="without a price"),
    "magento-advanced-pricing": dict(CODES, **without(without_tiers="no picture|service|without a price")),
    "magento-stock-sources": dict(CODES, **without(without_stock="no picture|service|without a price")),
    "shopify-products": without(one_language="Russian", no_place_for_them="many properties", not_sold="without a price"),
    "shopify-inventory": dict(FEED, **NAMES, **without(without_stock="no picture|service")),
    "torgsoft-goods": without(code_of_the_product="variant|sold out", plain_text="line break", some_of_them="many properties", one_language="Russian"),
}


def texts(path):
    raw = open(path, "rb").read()
    if raw.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml"):
        for element in ET.fromstring(raw).iter():
            yield element.text or ""
            yield from (f"@id {v}" if k == "id" else v for k, v in element.attrib.items())
        return
    text = raw.decode("utf-8-sig", errors="replace")
    delimiter = max(";,\t", key=text[:text.index("\n")].count)
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting):
        yield from row


def main():
    mapping, path = sys.argv[1:3]
    czech = path.endswith(".cz")
    values = list(texts(path))
    exceptions = EXCEPT[mapping]
    wrong = []
    numbers = {v[4:] for v in values if v.startswith("@id ")} if "A-1" not in values else set()
    for case, needles in CASES.items():
        needle, number = needles[czech], NUMBERS.get(case)
        if needle is None:
            continue
        found = any(needle in v for v in values) or number in numbers or (number and "-" in number and number in values)
        if found == (case in exceptions):
            wrong.append(f"{case}: " + (f"is there, though excepted ({exceptions[case]})" if found else f"{needle!r} is not there"))
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)


main()
