#!/bin/bash
# Feeds for marketplaces, CommerceML, Torgsoft and Google over the golden shop: valid by the consumers' schemas where
# there is one, and holding what the database holds, as parsers of another language read them.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/formats.sh"
need sqlite3 python3

golden_shop
formats=(rozetka prom maudau epicentr hotline google google-tsv prom-csv torgsoft-goods torgsoft-clients
    commerceml-import commerceml-offers commerceml-prices commerceml-rests
    commerceml-import-changes commerceml-offers-changes commerceml-prices-changes commerceml-rests-changes)
for name in "${formats[@]}"; do
    write_format "$name" main "$WORK/$name" || give_up "$name cannot be written"
done

# What follows is asked of the tables, not of the views that the mappings read.
# offers: each product without variants and each variant that is active, with what is the same in all formats
offers="WITH offers AS (
    SELECT p.id AS product, coalesce(v.id, 0) AS variant, p.id || coalesce('-' || v.id, '') AS id, coalesce(v.sku, p.sku) AS sku, p.kind,
           coalesce(pv.price_e4, pr.price_e4) AS price, CASE WHEN pv.price_e4 IS NOT NULL THEN pv.old_price_e4 ELSE pr.old_price_e4 END AS old,
           coalesce((SELECT sum(k.on_hand_e3 - k.reserved_e3) FROM stock k WHERE k.product_id = p.id AND k.variant_id = coalesce(v.id, 0)
                        AND k.warehouse_id <> 3), 0) AS stock,
           coalesce(u.name, e.name, p.sku) AS name, coalesce(u.description, '') AS description, m.name AS maker, p.mpn,
           (SELECT c.category_id FROM product_category c WHERE c.product_id = p.id AND c.category_id < 5 ORDER BY c.position LIMIT 1) AS category,
           (SELECT b.barcode FROM barcode b WHERE b.product_id = p.id AND b.variant_id = coalesce(v.id, 0) ORDER BY b.position LIMIT 1) AS barcode
      FROM product p LEFT JOIN variant v ON v.product_id = p.id AND v.active = 1
      LEFT JOIN product_text u ON u.product_id = p.id AND u.language = 'uk' LEFT JOIN product_text e ON e.product_id = p.id AND e.language = 'en'
      LEFT JOIN manufacturer m ON m.id = p.manufacturer_id
      LEFT JOIN price pr ON pr.product_id = p.id AND pr.variant_id = 0 AND pr.price_list_id = 1 AND pr.min_qty_e3 = 0
      LEFT JOIN price pv ON pv.product_id = p.id AND pv.variant_id = v.id AND pv.price_list_id = 1 AND pv.min_qty_e3 = 0
     WHERE p.active = 1 ORDER BY p.id, v.id)"
sold="price > 0 AND category IS NOT NULL"
price="printf('%d.%02d', price / 10000, (price % 10000 + 50) / 100)"
old="CASE WHEN old > price THEN printf('%d.%02d', old / 10000, (old % 10000 + 50) / 100) END"
available="CASE WHEN stock > 0 THEN 'true' ELSE 'false' END"
# a name as a parser gives it back: tabs stay, line breaks are blanks, what XML cannot hold is gone
one_line="replace(replace(replace(replace(replace(name, char(13, 10), ' '), char(10), ' '), char(1), ''), char(8), ''), char(27), '')"

# what distinguishes a variant
values="(SELECT group_concat(value, '|') FROM (SELECT value FROM product_attribute WHERE product_id = product AND variant_id = variant AND variant > 0
    AND language IN ('', 'uk') ORDER BY attribute_id))"

# market_code MARKET CATEGORY COLUMN: a marketplace's code for a category: its own, else that of the nearest above it
market_code() {
    echo "(WITH RECURSIVE up (id, step) AS (SELECT $2, 0 UNION ALL SELECT c.parent_id, step + 1 FROM up JOIN category c ON c.id = up.id WHERE c.parent_id IS NOT NULL)
        SELECT k.$3 FROM up JOIN category_code k ON k.category_id = up.id AND k.market = '$1' ORDER BY step LIMIT 1)"
}

# -- YML and its flavours --

extras="stock_quantity|quantity_in_stock|price_old|article|state|name_ua|description_ua|keywords|keywords_ua|@rz_id|@portal_id|@paramid|@valueid"
for name in rozetka prom; do
    check_xml "$name: extras taken out" "$WORK/$name" --strip "$extras" --out "$WORK/$name.plain"
    check_xsd "$name is YML" yml/shops_with_byn.xsd "$WORK/$name.plain"
done
for name in rozetka prom maudau; do
    check_xml "$name: ids are unique" "$WORK/$name" --each .//offer --unique @id
    check_xml "$name: categories exist" "$WORK/$name" --each .//offer --column categoryId --among .//categories/category/@id
    check_xml "$name: their parents exist" "$WORK/$name" --each .//categories/category --column @parentId --among .//categories/category/@id
done
check_values "rozetka: offers" "$WORK/rozetka" "$offers SELECT id, $available, $price, $old, category, maker, sku, max(0, stock / 1000) FROM offers WHERE $sold" \
    --each .//offer --columns "@id|@available|price|price_old|categoryId|vendor|article|stock_quantity"
check_values "rozetka: names" "$WORK/rozetka" "$offers SELECT id, CASE WHEN EXISTS (SELECT 1 FROM product_text t WHERE t.product_id = product AND t.language = 'uk')
    THEN substr($one_line, 1, 200) || CASE WHEN variant > 0 THEN ' (' || replace($values, '|', ', ') || ')' ELSE '' END END FROM offers WHERE $sold" \
    --each .//offer --columns "@id|name_ua"
check_values "prom: offers" "$WORK/prom" "$offers SELECT id, $available, $price, $old, category, maker, sku, max(0, stock / 1000),
    CASE WHEN variant > 0 THEN product END, barcode FROM offers WHERE $sold" \
    --each .//offer --columns "@id|@available|price|oldprice|categoryId|vendor|vendorCode|quantity_in_stock|@group_id|barcode"
for market in rozetka:rz_id prom:portal_id maudau:portal_id; do
    name=${market%:*}
    check_values "$name: the marketplace's numbers of categories" "$WORK/$name" "SELECT id, $(market_code "$name" category.id code) FROM category WHERE active = 1 AND id < 5
        ORDER BY (SELECT count(*) FROM category_path p WHERE p.category_id = id), position, id" --each .//categories/category --columns "@id|@${market#*:}"
done
# each offer has the properties of its product which it has no value of, and its own
params="params AS (SELECT offers.*, a.variant_id, a.attribute_id AS property, a.value FROM offers JOIN product_attribute a ON a.product_id = product AND a.language IN ('', 'uk')
    AND (a.variant_id = variant OR (a.variant_id = 0 AND NOT EXISTS (SELECT 1 FROM product_attribute b WHERE b.product_id = product AND b.variant_id = variant AND b.attribute_id = a.attribute_id
    AND b.language IN ('', 'uk')))) WHERE $sold AND kind <> 'none' ORDER BY product, variant, a.variant_id, a.attribute_id, a.value_no)"
check_values "rozetka: the marketplace's numbers of properties and values" "$WORK/rozetka" "$offers, $params SELECT value,
    (SELECT code FROM attribute_code c WHERE c.attribute_id = property AND market = 'rozetka' AND c.value = ''),
    (SELECT code FROM attribute_code c WHERE c.attribute_id = property AND market = 'rozetka' AND c.value = params.value) FROM params" --each .//offer/param --columns ".|@paramid|@valueid"
check_values "prom: names of countries" "$WORK/prom" "$offers SELECT offers.id, CASE p.country WHEN 'UA' THEN 'Україна' WHEN 'CZ' THEN 'Чехія' WHEN 'DE' THEN 'Німеччина' ELSE p.country END
    FROM offers JOIN product p ON p.id = product WHERE $sold" --each .//offer --columns "@id|country"
check_values "maudau: offers" "$WORK/maudau" "$offers SELECT id, $price, category, max(0, stock / 1000) FROM offers WHERE $sold" \
    --each .//offer --columns "@id|price|categoryId|quantity_in_stock"
check_values "epicentr: offers" "$WORK/epicentr" "$offers SELECT offers.id, $available, $price, $old, coalesce($(market_code epicentr category code), c.external_id, c.id),
    CASE WHEN maker LIKE 'O%' THEN '38bc621b9f424403844ad267856b2f4b' WHEN maker IS NOT NULL THEN '2' END, lower((SELECT code3 FROM country k JOIN product p ON p.country = k.code WHERE p.id = product)),
    CASE product WHEN 1 THEN 250 WHEN 2 THEN CASE variant WHEN 21 THEN 1400 ELSE 1500 END WHEN 4 THEN 999 WHEN 11 THEN 2500 END
    FROM offers JOIN category c ON c.id = category WHERE $sold ORDER BY product, variant" --each .//offer --columns "@id|@available|price|price_old|category/@code|vendor/@code|country_of_origin/@code|weight"
check_xml "epicentr: measure and ratio" "$WORK/epicentr" --each .//offer --required "param[@paramcode='measure']|param[@paramcode='ratio']|attribute_set/@code"

# -- Hotline --

check_xml "hotline: what is required" "$WORK/hotline" --each ./items/item --required "id|categoryId|vendor|name|priceRUAH"
check_xml "hotline: ids are unique" "$WORK/hotline" --each ./items/item --unique id
check_xml "hotline: categories exist" "$WORK/hotline" --each ./items/item --column categoryId --among ./categories/category/id
check_xml "hotline: their parents exist" "$WORK/hotline" --each ./categories/category --column parentId --among ./categories/category/id
check_values "hotline: items" "$WORK/hotline" "$offers SELECT id, $price, $old, coalesce(maker, ''), CASE WHEN stock > 0 THEN 'В наявності' ELSE 'Нет' END, barcode
    FROM offers WHERE $sold" --each ./items/item --columns "id|priceRUAH|oldprice|vendor|stock|barcode"

# -- Google --

check_rng "google is what Google says" google/google-rss-derived.rng "$WORK/google"
shown="price > 0 AND kind <> 'service' AND EXISTS (SELECT 1 FROM image i WHERE i.product_id = product AND i.variant_id IN (0, variant))"
google="$offers SELECT id, CASE WHEN stock > 0 THEN 'in_stock' ELSE 'out_of_stock' END, coalesce($old, $price) || ' UAH', CASE WHEN old > price THEN $price || ' UAH' END,
    maker, CASE WHEN variant > 0 THEN product END, CASE WHEN barcode GLOB '[0-9]*' THEN barcode END FROM offers WHERE $shown"
g=$(sed 's/|/|{http:\/\/base.google.com\/ns\/1.0}/g' <<<"|id|availability|price|sale_price|brand|item_group_id|gtin")
check_values "google: items" "$WORK/google" "$google" --each ./channel/item --columns "${g#|}"
check_cells "google-tsv: rows" "$WORK/google-tsv" "$google" --delimiter tab --no-quotes \
    --header "id|title|description|link|image_link|additional_image_link|availability|price|sale_price|condition|brand|gtin|mpn|identifier_exists|item_group_id|color|size|material|gender|age_group|product_type|google_product_category|shipping|shipping_weight" \
    --columns "id|availability|price|sale_price|brand|item_group_id|gtin"
check_values "google: Google's categories" "$WORK/google" "$offers SELECT id, coalesce($(market_code google category code), $(market_code google category name)) FROM offers WHERE $shown" \
    --each ./channel/item --columns "{http://base.google.com/ns/1.0}id|{http://base.google.com/ns/1.0}google_product_category"
check_values "google: shipping" "$WORK/google" "$offers SELECT country, name, printf('%d.%02d UAH', cost / 10000, cost % 10000 / 100) FROM (
    SELECT product, variant, d.position, d.country, d.name, CASE WHEN offers.price >= d.free_from_e4 THEN 0 ELSE d.price_e4 END AS cost FROM offers, delivery d WHERE d.site_id = 1 AND $shown ORDER BY product, variant, d.position)" \
    --each "./channel/item/{http://base.google.com/ns/1.0}shipping" --columns "$(sed 's/|/|{http:\/\/base.google.com\/ns\/1.0}/g; s/^|//' <<<"|country|service|price")"
# A price list without VAT: the customer's price is still said.
sqlite3 "$DB" "UPDATE price_list SET vat_included = 0 WHERE id = 1"
for name in google google-tsv; do
    write_format "$name" main "$WORK/net" || give_up "$name cannot be written"
    check "$name: VAT is added" grep -q '1440.00 UAH' "$WORK/net"
done
sqlite3 "$DB" "UPDATE price_list SET vat_included = 1 WHERE id = 1"

# -- CommerceML --

cml=urn:1C.ru:commerceml_2
for name in import offers prices import-changes offers-changes prices-changes; do
    check_xsd "commerceml-$name is CommerceML" commerceml/commerceml-2.10.xsd "$WORK/commerceml-$name"
done
check_values "commerceml: groups as a tree" "$WORK/commerceml-import" "WITH RECURSIVE tree (id, path) AS (
    SELECT id, printf('%05d.%05d', position, id) FROM category WHERE parent_id IS NULL AND active = 1
    UNION ALL SELECT c.id, path || printf('/%05d.%05d', c.position, c.id) FROM category c JOIN tree t ON t.id = c.parent_id WHERE c.active = 1)
    SELECT coalesce(c.external_id, c.id), x.name, (SELECT group_concat(coalesce(k.external_id, k.id), '|') FROM category k WHERE k.parent_id = c.id AND k.active = 1)
      FROM tree t JOIN category c ON c.id = t.id JOIN category_text x ON x.category_id = c.id AND x.language = 'uk' ORDER BY path" \
    --namespace $cml --each .//Группа --columns "Ид|Наименование|Группы/Группа/Ид*"
check_values "commerceml: goods" "$WORK/commerceml-import" "SELECT coalesce(p.external_id, p.sku), p.sku,
    (SELECT group_concat('import_files/' || i.name, '|') FROM (SELECT name FROM image WHERE product_id = p.id AND variant_id = 0 ORDER BY position) i),
    m.name, (SELECT CASE WHEN length(u.okei) > 2 THEN u.okei ELSE '796' END) FROM product p LEFT JOIN manufacturer m ON m.id = p.manufacturer_id LEFT JOIN unit u ON u.id = p.unit_id
    WHERE p.active = 1 ORDER BY p.id" --namespace $cml --each .//Товар --columns "Ид|Артикул|Картинка*|Изготовитель/Наименование|БазоваяЕдиница/@Код"
check_xml "commerceml: goods are in groups that exist" "$WORK/commerceml-import" --namespace $cml --each .//Товар/Группы/Ид --column . --among .//Группа/Ид
check_xml "commerceml: values of properties that exist" "$WORK/commerceml-import" --namespace $cml --each .//ЗначенияСвойства --column Ид --among .//Свойство/Ид
check_xml "commerceml: prices of types that exist" "$WORK/commerceml-offers" --namespace $cml --each .//Цена --column ИдТипаЦены --among .//ТипЦены/Ид
check_xml "commerceml: stock of warehouses that exist" "$WORK/commerceml-offers" --namespace $cml --each .//Предложение/Склад --column @ИдСклада --among .//Склады/Склад/Ид
cml_id="(SELECT coalesce(p.external_id, p.sku) FROM product p WHERE p.id = product) || coalesce((SELECT '#' || coalesce(v.external_id, v.sku) FROM variant v WHERE v.id = variant), '')"
# The prices of an offer in each list for selling: its own, else the product's.
cml_price() {
    echo "(SELECT max(printf('%d.%02d', x.price_e4 / 10000, (x.price_e4 % 10000 + 50) / 100)) FROM price x WHERE x.product_id = product AND x.price_list_id = $1 AND x.min_qty_e3 = 0
        AND x.variant_id = (SELECT max(y.variant_id) FROM price y WHERE y.product_id = product AND y.variant_id IN (0, variant) AND y.price_list_id = $1))"
}
for name in offers prices; do
    for list in 1:retail 2:wholesale 3:czk; do
        check_values "commerceml-$name: ${list#*:}" "$WORK/commerceml-$name" "$offers SELECT $cml_id, $(cml_price "${list%:*}") FROM offers WHERE price IS NOT NULL" \
            --namespace $cml --each .//Предложение --columns "Ид|Цены/Цена[{$cml}ИдТипаЦены='${list#*:}']/ЦенаЗаЕдиницу"
    done
done
check_values "commerceml-offers: characteristics of variants alone" "$WORK/commerceml-offers" "$offers SELECT $cml_id,
    $values
    FROM offers WHERE price IS NOT NULL" --namespace $cml --each .//Предложение --columns "Ид|ХарактеристикиТовара/ХарактеристикаТовара/Значение*"
check_values "commerceml-rests: stock by warehouse" "$WORK/commerceml-rests" "$offers SELECT $cml_id, (SELECT group_concat(n, '|') FROM (
    SELECT rtrim(rtrim(printf('%.3f', coalesce(max(0, k.on_hand_e3 - k.reserved_e3), 0) / 1000.0), '0'), '.') AS n FROM warehouse w LEFT JOIN stock k
       ON k.warehouse_id = w.id AND k.product_id = product AND k.variant_id = variant WHERE w.id <> 3 ORDER BY w.id)) FROM offers" --namespace $cml --each .//Предложение --columns "Ид|Остатки/Остаток/Склад/Количество*"

# -- Prom, the sheet --

prom_header="Код_товару|Назва_позиції|Назва_позиції_укр|Пошукові_запити|Пошукові_запити_укр|Опис|Опис_укр|Тип_товару|Ціна|Валюта|Одиниця_виміру|Мінімальний_обсяг_замовлення|Оптова_ціна|Мінімальне_замовлення_опт|Посилання_зображення|Наявність|Кількість|Номер_групи|Назва_групи|Посилання_підрозділу|Можливість_поставки|Термін_поставки|Спосіб_пакування|Спосіб_пакування_укр|Унікальний_ідентифікатор|Ідентифікатор_товару|Ідентифікатор_підрозділу|Ідентифікатор_групи|Виробник|Країна_виробник|Знижка|ID_групи_різновидів|Особисті_нотатки|Продукт_на_сайті|Термін_дії_знижки_від|Термін_дії_знижки_до|Ціна_від|Ярлик|HTML_заголовок|HTML_заголовок_укр|HTML_опис|HTML_опис_укр|Код_маркування_(GTIN)|Номер_пристрою_(MPN)|Вага,кг|Ширина,см|Висота,см|Довжина,см|Де_знаходиться_товар"
for ((i = 0; i < 30; i++)); do
    prom_header+="|Назва_Характеристики|Одиниця_виміру_Характеристики|Значення_Характеристики"
done
check_cells "prom-csv: rows" "$WORK/prom-csv" "$offers SELECT sku, coalesce($old, $price), CASE WHEN kind = 'service' THEN 's' WHEN product = 1 THEN 'u' ELSE 'r' END,
    CASE WHEN product = 1 THEN '1100.00;1000.51' END, CASE WHEN product = 1 THEN '5;10' END, CASE WHEN stock > 0 THEN '+' ELSE '-' END, id, maker, barcode,
    CASE WHEN variant > 0 THEN product END, category FROM offers WHERE price > 0" --header "$prom_header" \
    --columns "Код_товару|Ціна|Тип_товару|Оптова_ціна|Мінімальне_замовлення_опт|Наявність|Ідентифікатор_товару|Виробник|Код_маркування_(GTIN)|ID_групи_різновидів|Номер_групи"
# Several properties stand beside one another in the order of the properties.
check_cells "prom-csv: properties" "$WORK/prom-csv" "SELECT 'Розмір', 'EU', '37', 'Сезон', 'літо', 'Сезон', 'весна', 'Матеріал', 'шкіра; \"замша\", <інше>'
    UNION ALL SELECT 'Сезон', NULL, 'зима', 'Розмір', '37', 'Колір', 'червоний', NULL, NULL UNION ALL SELECT 'Колір', NULL, 'чорний', 'Сезон', 'зима', 'Розмір', '38', NULL, NULL
    UNION ALL SELECT 'Колір', NULL, 'чорний', 'Сезон', 'зима', 'Розмір', '40', NULL, NULL
    UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM product WHERE id IN (3, 4, 5, 7, 8, 10)
    UNION ALL SELECT 'Ознака 1', NULL, 'значення 1', 'Ознака 2', 'значення 2', 'Ознака 3', 'значення 3', 'Ознака 4', 'значення 4'" --columns "49|50|51|52|54|55|57|58|60"

# -- Torgsoft --

goods_header="GoodID|GoodName|Description|Country|Articul|RetailPrice|WholesalePrice|RetailPriceWithDiscount|MinQuantityForOrder|Category|WarehouseQuantity|Display|TheSize|Color|Material|FashionName|Sex|ShortName|GoodTypeFull|ProducerCollectionFull|Season|Barcode|Pack|PackSize|PowerSupply|CountUnitsPerBox|Age|Measure|MeasureUnit|Closeout|RetailPricePerUnit|WholesalePricePerUnit|EqualSalePrice|EqualWholesalePrice|EqualCurrencyName|PrimeCost|SuppLierCode|Analogs|WholesaleCount|MesUnit|PriceDiscountPercent|PCName|ModelGoodID|GoodTypeName|SynchronizationSection|GuaranteePeriod|GuaranteeMesUnit|SynchronizationSectionFull|MinWarehouseQuantity|WarehouseQuantityForPartner"
comma() { echo "replace($1, '.', ',')"; }
check_cells "torgsoft-goods: the header" "$WORK/torgsoft-goods" "SELECT CASE WHEN v.id IS NULL THEN p.id ELSE v.id + 1000000000 END, p.sku,
    coalesce(v.active, 1) * p.active, (SELECT b.barcode FROM barcode b WHERE b.product_id = p.id AND b.variant_id = coalesce(v.id, 0) ORDER BY b.position LIMIT 1), '0',
    CASE WHEN v.id > 0 THEN p.id END, (SELECT max(a.value) FROM product_attribute a WHERE a.attribute_id = 1 AND a.product_id = p.id AND a.variant_id = coalesce(v.id, 0))
    FROM product p LEFT JOIN variant v ON v.product_id = p.id ORDER BY p.id, v.id" --delimiter ';' --bom --crlf --header "$goods_header" \
    --columns "GoodID|Articul|Display|Barcode|PrimeCost|ModelGoodID|TheSize"
sed 1,1d "$WORK/torgsoft-goods" | grep -vaE '^10000000(23)|^(6);' >"$WORK/torgsoft-active"
check_cells "torgsoft-goods: prices and stock" "$WORK/torgsoft-active" "$offers SELECT $(comma "coalesce($old, $price, '0.00')"),
    $(comma "CASE WHEN old > price THEN $price ELSE '0.00' END"), $(comma "rtrim(rtrim(printf('%.3f', max(0, stock) / 1000.0), '0'), '.')") FROM offers" \
    --delimiter ';' --crlf --no-header --columns "5|7|10"
check_cells "torgsoft-clients: rows" "$WORK/torgsoft-clients" "SELECT name, email, phone, NULL, NULL, discount_card, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    replace(printf('%.2f', round(bonus_e4 / 10000.0 + 0.000001, 2)), '.', ',') FROM customer ORDER BY id" --delimiter ';' --bom --crlf --no-header

# -- in a mount: only what is named, and what is private for nobody else --

for name in default all; do
    {
        echo "[shop]"
        echo "database = $DB"
        echo "state = $WORK/state-$name"
        echo "[site main]"
        [ $name = default ] || { echo "exports ="; printf '  %s\n' "${formats[@]}"; }
        echo "[site cz]"
        echo "exports ="
    } >"$WORK/$name.conf"
done
if [ ! -c /dev/fuse ]; then
    skip "the exports in a mount" "no /dev/fuse here"
    finish
fi
start_shop "" "$WORK/default.conf"
check_equal "without a word only the catalogue and the feed are there" "catalog.csv catalog.csv.sha256 feed.yml feed.yml.sha256" \
    "$(cd "$MNT/main" && find . -type f -not -path './orders/*' -not -path './images/*' -printf '%P\n' | sort | tr '\n' ' ' | sed 's/ $//')"
unmount_shop
start_shop "" "$WORK/all.conf"
paths=(rozetka.xml prom.xml maudau.xml epicentr.xml hotline.xml google.xml google.tsv prom.csv torgsoft/TSGoods.trs private/TSClients.trs
    commerceml/import.xml commerceml/offers.xml commerceml/prices.xml commerceml/rests.xml)

for path in "${paths[@]}"; do
    TZ=UTC "$SHOPCTL" render "$WORK/all.conf" --site main "exports/$path" | mask_dates >"$WORK/rendered"
    mask_dates <"$MNT/main/exports/$path" >"$WORK/mounted"
    check_same "exports/$path in the mount" "$WORK/rendered" "$WORK/mounted"
done
check_equal "others cannot read the customers" 440 "$(stat -c %a "$MNT/main/exports/private/TSClients.trs")"
check_equal "nor look into their directory" 750 "$(stat -c %a "$MNT/main/exports/private")"
check_equal "but the goods they can" "755 444" "$(stat -c %a "$MNT/main/exports/torgsoft" "$MNT/main/exports/torgsoft/TSGoods.trs" | tr '\n' ' ' | sed 's/ $//')"
finish
