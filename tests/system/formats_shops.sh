#!/bin/bash
# Files for Czech comparison sites and web shops, and the plain tables, over the golden shop: valid by the consumers'
# schemas where there is one, with the documented headers, and holding what the database holds, as parsers of another
# language read them.
# asan: no
. "$(dirname "$0")/../lib/system.sh"
. "$(dirname "$0")/../lib/formats.sh"
need sqlite3 python3

golden_shop
czech=(heureka heureka-availability zbozi shoptet shoptet-supplier shoptet-csv)
home=(woocommerce prestashop-products prestashop-combinations magento-products magento-advanced-pricing magento-stock-sources
    shopify-products shopify-inventory joomshopping-core profit stock prices price-tiers categories customers certificates)
for name in "${czech[@]}"; do
    write_format "$name" cz "$WORK/$name" || give_up "$name cannot be written"
done
for name in "${home[@]}"; do
    write_format "$name" main "$WORK/$name" || give_up "$name cannot be written"
done

# What follows is asked of the tables, not of the views that the mappings read.
# with_offers SITE LANGUAGE PRICE_LIST WAREHOUSES: each product without variants and each variant, active or not
with_offers() {
    echo "WITH offers AS (
    SELECT p.id AS product, coalesce(v.id, 0) AS variant, p.id || coalesce('-' || v.id, '') AS id, coalesce(v.sku, p.sku) AS sku, p.sku AS product_sku, p.kind,
           p.active AND coalesce(v.active, 1) AS active, coalesce(pv.price_e4, pr.price_e4) AS price,
           CASE WHEN pv.price_e4 IS NOT NULL THEN pv.old_price_e4 ELSE pr.old_price_e4 END AS old,
           max(0, coalesce((SELECT sum(k.on_hand_e3 - k.reserved_e3) FROM stock k WHERE k.product_id = p.id AND k.variant_id = coalesce(v.id, 0)
                        AND k.warehouse_id IN ($3)), 0)) AS stock,
           (SELECT c.category_id FROM product_category c WHERE c.product_id = p.id AND c.category_id < 5 ORDER BY c.position LIMIT 1) AS category,
           (SELECT b.barcode FROM barcode b WHERE b.product_id = p.id AND b.variant_id = coalesce(v.id, 0) ORDER BY b.position LIMIT 1) AS barcode,
           m.name AS maker, coalesce(v.mpn, p.mpn) AS mpn, coalesce(r.percent_e2, 0) AS vat, p.delivery_days AS days,
           EXISTS (SELECT 1 FROM image i WHERE i.product_id = p.id AND i.variant_id IN (0, coalesce(v.id, 0))) AS picture,
           (SELECT group_concat(value, '|') FROM (SELECT a.value FROM product_attribute a WHERE a.product_id = p.id AND a.variant_id = v.id
                AND a.language IN ('', '$1') ORDER BY a.attribute_id)) AS own
      FROM product p LEFT JOIN variant v ON v.product_id = p.id LEFT JOIN manufacturer m ON m.id = p.manufacturer_id
      LEFT JOIN vat_rate r ON r.id = p.vat_rate_id
      LEFT JOIN price pr ON pr.product_id = p.id AND pr.variant_id = 0 AND pr.price_list_id = $2 AND pr.min_qty_e3 = 0
      LEFT JOIN price pv ON pv.product_id = p.id AND pv.variant_id = v.id AND pv.price_list_id = $2 AND pv.min_qty_e3 = 0
     ORDER BY p.id, v.id)"
}
# amount SQL: money with two decimals; quantity SQL: at most three decimals
amount() {
    echo "CASE WHEN $1 IS NOT NULL THEN printf('%d.%02d', ($1 + 50) / 10000, ($1 + 50) % 10000 / 100) END"
}
quantity() {
    echo "rtrim(rtrim(printf('%d.%03d', $1 / 1000, $1 % 1000), '0'), '.')"
}
offers=$(with_offers uk 1 "1, 2")
czech_offers=$(with_offers cs 3 "1, 2, 3")
price=$(amount price)
old="CASE WHEN old > price THEN $(amount old) END"
in_list="active AND price > 0 AND kind <> 'service'"
ean="CASE WHEN length(barcode) IN (8, 12, 13, 14) THEN barcode END"
names() {
    tr ',' '|' <<<"$1"
}

# -- Heureka, Zboží --

check_rng "heureka is what Heureka says" heureka/heureka-offer-derived.rng "$WORK/heureka"
check_rng "heureka-availability is what is known of it" heureka/heureka-availability-derived.rng "$WORK/heureka-availability"
shown="$in_list AND picture AND category IS NOT NULL"
check_values "heureka: offers" "$WORK/heureka" "$czech_offers SELECT id, $price, (vat / 100) || '%', CASE WHEN stock > 0 THEN 0 ELSE coalesce(days, 31) END,
    CASE WHEN variant THEN 'g' || product END, CASE WHEN length(barcode) = 13 THEN barcode END, maker, mpn FROM offers WHERE $shown" \
    --each ./SHOPITEM --columns "ITEM_ID|PRICE_VAT|VAT|DELIVERY_DATE|ITEMGROUP_ID|EAN|MANUFACTURER|PRODUCTNO"
check_xml "heureka: an address is of one item" "$WORK/heureka" --each ./SHOPITEM --unique URL
check_values "heureka-availability: whole pieces" "$WORK/heureka-availability" "$czech_offers SELECT id, stock / 1000 FROM offers WHERE $shown" \
    --each ./item --columns "@id|stock_quantity"
check_xml "heureka-availability: items that are offered" "$WORK/heureka-availability" --each ./item --required "@id|stock_quantity"
# The cheapest way first: the second is free from 3000 and the first not for more than 1.4 kg.
deliveries="deliveries AS (SELECT product, variant, offers.id, d.code, d.position,
    CASE WHEN offers.price >= d.free_from_e4 THEN 0 ELSE d.price_e4 END AS cost, CASE WHEN offers.price >= d.free_from_e4 THEN d.cod_price_e4 - d.price_e4 ELSE d.cod_price_e4 END AS cod
    FROM (SELECT * FROM offers WHERE FILTER) AS offers JOIN product p ON p.id = product LEFT JOIN variant v ON v.id = variant
    JOIN delivery d ON d.site_id = 2 AND d.code NOT IN (LEFT_OUT) AND coalesce(v.weight_e3, p.weight_e3, 0) <= coalesce(d.max_weight_e3, 9e9) ORDER BY product, variant, d.position)"
short() {
    echo "rtrim(rtrim(printf('%d.%02d', $1 / 10000, $1 % 10000 / 100), '0'), '.')"
}
for name in heureka zbozi; do
    filter=$([ $name = heureka ] && echo "$shown" || echo "$in_list")
    left_out=$([ $name = heureka ] && echo "'NOT_OF_HEUREKA'")
    namespace=$([ $name = heureka ] || echo "http://www.zbozi.cz/ns/offer/1.0")
    check_values "$name: deliveries" "$WORK/$name" "$czech_offers, $(sed "s/LEFT_OUT/$left_out/; s/FILTER/${filter//\//\\/}/" <<<"$deliveries") SELECT code, $(short cost), CASE WHEN cod IS NOT NULL THEN $(short cod) END FROM deliveries" \
        ${namespace:+--namespace "$namespace"} --each ./SHOPITEM/DELIVERY --columns "DELIVERY_ID|DELIVERY_PRICE|DELIVERY_PRICE_COD"
    check "$name: a category in its own words" grep -q "$([ $name = heureka ] && echo 'Heureka.cz | Oblečení' || echo '<CATEGORYTEXT>Dům, byt a zahrada | Zahrada<')" "$WORK/$name"
    check "$name: a category in the shop's words" grep -q "$([ $name = heureka ] && echo '<CATEGORYTEXT>Dům; zahrada<' || echo '<CATEGORYTEXT>Obuv | Dámská')" "$WORK/$name"
done
zbozi=http://www.zbozi.cz/ns/offer/1.0
check_values "zbozi: offers" "$WORK/zbozi" "$czech_offers SELECT id, $price, $old, CASE WHEN stock > 0 THEN 0 ELSE coalesce(days, -1) END,
    CASE WHEN variant THEN product END, $ean FROM offers WHERE $in_list" --namespace $zbozi --each ./SHOPITEM \
    --columns "ITEM_ID|PRICE_VAT|LIST_PRICE|DELIVERY_DATE|ITEMGROUP_ID|EAN"
check_xml "zbozi: what is required" "$WORK/zbozi" --namespace $zbozi --each ./SHOPITEM --required "PRODUCTNAME|DESCRIPTION|URL|PRICE_VAT|DELIVERY_DATE"

# -- Shoptet --

check_rng "shoptet is what Shoptet says" shoptet/products-complete-v10.rng "$WORK/shoptet"
check_rng "shoptet-supplier is what Shoptet says" shoptet/products-supplier-v10.rng "$WORK/shoptet-supplier"
check_rng "shoptet-supplier is a complete file too" shoptet/products-complete-v10.rng "$WORK/shoptet-supplier"
for name in shoptet shoptet-supplier; do
    filter=$([ $name = shoptet ] && echo 1 || echo offers.active)
    check_values "$name: plain products" "$WORK/$name" "$czech_offers SELECT sku, $price, $old, $(quantity stock), barcode FROM offers WHERE variant = 0 AND $filter" \
        --each "./SHOPITEM[CODE]" --columns "CODE|PRICE_VAT|STANDARD_PRICE|STOCK/AMOUNT|EAN"
    check_values "$name: variants" "$WORK/$name" "$czech_offers SELECT offers.sku, $price, $old, $(quantity stock), barcode, own FROM offers JOIN variant v ON v.id = variant
        WHERE $filter ORDER BY v.position" --each "./SHOPITEM/VARIANTS/VARIANT" --columns "CODE|PRICE_VAT|STANDARD_PRICE|STOCK/AMOUNT|EAN|PARAMETERS/PARAMETER/VALUE*"
done
comma() {
    echo "replace($1, '.', ',')"
}
check_cells "shoptet-csv: rows" "$WORK/shoptet-csv" "$czech_offers SELECT sku, CASE WHEN variant THEN product_sku END, CASE WHEN active THEN 'visible' ELSE 'hidden' END,
    $(comma "$price"), $(comma "$old"), $(comma "$(quantity stock)"), barcode, CASE WHEN variant THEN substr(own, 1, 2) END,
    CASE variant WHEN 0 THEN NULL WHEN 21 THEN 'červená' ELSE 'černá' END FROM offers WHERE price IS NOT NULL" --delimiter ';' --crlf \
    --header "code|pairCode|name|shortDescription|description|defaultImage|image|image2|image3|$(names "$(seq -s , -f image%g 4 28)")|manufacturer|productVisibility|price|standardPrice|currency|includingVat|percentVat|stock|unit|weight|ean|externalCode|defaultCategory|variant:Velikost|variant:Barva" \
    --columns "code|pairCode|productVisibility|price|standardPrice|stock|ean|variant:Velikost|variant:Barva"

# A price list without VAT: the Czech files still say what the customer pays.
sqlite3 "$DB" "UPDATE price_list SET vat_included = 0 WHERE id = 3"
for name in heureka zbozi shoptet shoptet-supplier; do
    write_format "$name" cz "$WORK/net" || give_up "$name cannot be written"
    check "$name: VAT is added" grep -q '<PRICE_VAT>958.80</PRICE_VAT>' "$WORK/net"
done
sqlite3 "$DB" "UPDATE price_list SET vat_included = 1 WHERE id = 3"

# -- WooCommerce --

woo="Type|SKU|GTIN, UPC, EAN, or ISBN|Name|Published|Visibility in catalog|Short description|Description|Tax status|In stock?|Stock|Backorders allowed?|Weight (kg)|Length (cm)|Width (cm)|Height (cm)|Sale price|Regular price|Categories|Images|Parent|Upsells|Cross-sells|Position"
for ((i = 1; i <= 30; i++)); do
    woo+="|Attribute $i name|Attribute $i value(s)|Attribute $i visible|Attribute $i global"
done
# parents (which are not offers) come before their variants
rows="SELECT * FROM (SELECT product, 0 AS place, variant, id, sku, NULL AS parent, kind, active, price, old, stock, barcode FROM offers WHERE variant = 0
    UNION ALL SELECT p.id, 0, NULL, p.id, p.sku, NULL, p.kind, p.active, NULL, NULL, NULL, NULL FROM product p WHERE EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id)
    UNION ALL SELECT product, v.position, variant, offers.id, offers.sku, product_sku, kind, offers.active, price, old, stock, barcode FROM offers JOIN variant v ON v.id = variant)
    ORDER BY product, place"
check_cells "woocommerce: rows" "$WORK/woocommerce" "$offers, rows AS ($rows) SELECT CASE WHEN variant IS NULL THEN 'variable' WHEN variant > 0 THEN 'variation'
    WHEN kind = 'service' THEN 'simple, virtual' ELSE 'simple' END, sku, CASE WHEN active THEN 1 WHEN variant > 0 THEN 0 ELSE -1 END,
    CASE WHEN variant IS NOT NULL AND kind <> 'service' THEN $(quantity stock) END, CASE WHEN old > price THEN $price END, coalesce($old, $price), parent, $ean FROM rows" \
    --header "$woo" --columns "Type|SKU|Published|Stock|Sale price|Regular price|Parent|GTIN, UPC, EAN, or ISBN"
check_cells "woocommerce: a parent lists all values, a variant has its own" "$WORK/woocommerce" "SELECT '', 'Розмір', '37', 'Сезон', 'літо, весна'
    UNION ALL SELECT '', 'Колір', 'чорний, червоний', 'Сезон', 'зима' UNION ALL SELECT 'B-2', 'Розмір', '38', 'Колір', 'чорний'
    UNION ALL SELECT 'B-2', 'Розмір', '37', 'Колір', 'червоний' UNION ALL SELECT 'B-2', 'Розмір', '39', 'Колір', 'чорний' UNION ALL SELECT 'B-2', 'Розмір', '40', 'Колір', 'чорний'
    UNION ALL SELECT NULL, NULL, NULL, NULL, NULL FROM product WHERE id BETWEEN 3 AND 10
    UNION ALL SELECT NULL, 'Ознака 1', 'значення 1', 'Ознака 2', 'значення 2'" --columns "Parent|Attribute 1 name|Attribute 1 value(s)|Attribute 2 name|Attribute 2 value(s)"

# -- PrestaShop --

net="CASE WHEN price IS NOT NULL THEN printf('%.6f', round(price / 100.0 / (100 + vat / 100.0), 6)) END"
check_cells "prestashop-products: rows" "$WORK/prestashop-products" "$offers SELECT * FROM (SELECT product, active + 0, $net, sku, CASE WHEN old > price THEN 1 ELSE 0 END,
    stock / 1000, CASE WHEN kind = 'service' THEN 1 ELSE 0 END, replace(replace(replace(maker, ';', ' '), '<', ' '), '>', ' ') FROM offers WHERE variant = 0 AND price IS NOT NULL
    UNION ALL SELECT 2, 1, '416.666667', 'B-2', 0, 0, 0, 'Žluťoučký kůň') ORDER BY 1" --delimiter ';' \
    --header "Product ID|Active (0/1)|Name *|Categories (x,y,z...)|Price tax excluded|Tax rules ID|Wholesale price|On sale (0/1)|Discount amount|Discount percent|Discount from (yyyy-mm-dd)|Discount to (yyyy-mm-dd)|Reference #|Supplier reference #|Supplier|Manufacturer|EAN13|UPC|MPN|Ecotax|Width|Height|Depth|Weight|Delivery time of in-stock products|Delivery time of out-of-stock products with allowed orders|Quantity|Minimal quantity|Low stock level|Send me an email when the quantity is below or equals this level|Visibility|Additional shipping cost|Unity|Unit price|Summary|Description|Tags (x,y,z...)|Meta title|Meta keywords|Meta description|URL rewritten|Text when in stock|Text when backorder allowed|Available for order|Product available date|Product creation date|Show price|Image URLs (x,y,z...)|Image alt texts (x,y,z...)|Delete existing images|Feature(Name:Value:Position)|Available online only|Condition|Customizable|Uploadable files|Text fields|Out of stock action|Virtual product|File URL|Number of allowed downloads|Expiration date|Number of days|ID / Name of shop|Advanced stock management|Depends On Stock|Warehouse|Acessories (x,y,z...)" \
    --columns "Product ID|Active (0/1)|Price tax excluded|Reference #|On sale (0/1)|Quantity|Virtual product|Manufacturer"
check_cells "prestashop-combinations: rows" "$WORK/prestashop-combinations" "$offers SELECT product, offers.sku, printf('%.6f', round((price - 5000000) / 100.0 / (100 + vat / 100.0), 6)),
    stock / 1000, CASE variant WHEN 21 THEN 'Розмір:select:1,Колір:select:2' ELSE 'Колір:select:2,Розмір:select:1' END,
    CASE variant WHEN 21 THEN '37:0,червоний:0' ELSE 'чорний:0,' || own || ':0' END FROM offers JOIN variant v ON v.id = variant WHERE offers.active ORDER BY v.position" --delimiter ';' \
    --header "Product ID*|Attribute (Name:Type:Position)*|Value (Value:Position)*|Supplier reference|Reference|EAN13|ISBN|UPC|Wholesale price|Impact on price|Ecotax|Quantity|Minimal quantity|Low stock level|Impact on weight|Default (0/1)|Combination available date|Image position|Image URLs|Image alt texts|ID / Name of shop|Advanced Stock Managment|Depends on stock|Warehouse" \
    --columns "Product ID*|Reference|Impact on price|Quantity|Attribute (Name:Type:Position)*|Value (Value:Position)*"

# -- Magento --

check_cells "magento-products: rows" "$WORK/magento-products" "$offers SELECT sku, CASE WHEN kind = 'service' THEN 'virtual' ELSE 'simple' END, CASE WHEN active THEN 1 ELSE 2 END,
    CASE WHEN variant THEN 'Not Visible Individually' ELSE 'Catalog, Search' END, coalesce($old, $price), CASE WHEN old > price THEN $price END, $(quantity stock), NULL FROM offers
    WHERE price IS NOT NULL UNION ALL SELECT 'B-2', 'configurable', 1, 'Catalog, Search', NULL, NULL, NULL,
    'sku=B-2-38,color=чорний,size=38|sku=B-2-37/черв,size=37,color=червоний|sku=B-2-40,color=чорний,size=40'" \
    --header "$(names sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,short_description,weight,product_online,tax_class_name,visibility,price,special_price,special_price_from_date,special_price_to_date,url_key,meta_title,meta_keywords,meta_description,base_image,base_image_label,small_image,thumbnail_image,additional_images,additional_image_labels,additional_attributes,qty,out_of_stock_qty,is_in_stock,manage_stock,related_skus,crosssell_skus,upsell_skus,configurable_variations,configurable_variation_labels)" \
    --columns "sku|product_type|product_online|visibility|price|special_price|qty|configurable_variations"
check_cells "magento-advanced-pricing: rows" "$WORK/magento-advanced-pricing" "SELECT 'A-1', 'All Websites [UAH]', 'ALL GROUPS', min_qty_e3 / 1000, $(amount price_e4), 'Fixed'
    FROM price WHERE product_id = 1 AND price_list_id = 1 AND min_qty_e3 > 0
    UNION ALL SELECT * FROM (SELECT coalesce(v.sku, p.sku), 'All Websites [UAH]', 'wholesale', 1, $(amount w.price_e4), 'Fixed' FROM price w JOIN product p ON p.id = w.product_id
    LEFT JOIN variant v ON v.product_id = p.id AND v.active = 1 WHERE w.price_list_id = 2 ORDER BY p.id, v.id)" \
    --header "$(names sku,tier_price_website,tier_price_customer_group,tier_price_qty,tier_price,tier_price_value_type)"
check_cells "magento-stock-sources: rows" "$WORK/magento-stock-sources" "$offers SELECT w.code, offers.sku, CASE WHEN k.on_hand_e3 > k.reserved_e3 THEN 1 ELSE 0 END,
    $(quantity "max(0, k.on_hand_e3 - k.reserved_e3)") FROM offers JOIN stock k ON k.product_id = product AND k.variant_id = variant JOIN warehouse w ON w.id = k.warehouse_id
    WHERE w.id < 3 AND active ORDER BY product, variant, w.id" --header "$(names source_code,sku,status,quantity)"

# -- Shopify --

check_cells "shopify-products: rows" "$WORK/shopify-products" "$offers SELECT status, sku, o1, v1, o2, v2, price, old, stock, weight FROM (
    SELECT product, 0 AS place, CASE WHEN active THEN 'Active' ELSE 'Draft' END AS status, sku, 'Title' AS o1, 'Default Title' AS v1, NULL AS o2, NULL AS v2, $price AS price, $old AS old,
           CASE WHEN kind <> 'service' THEN stock / 1000 END AS stock, (SELECT p.weight_e3 FROM product p WHERE p.id = product) AS weight FROM offers WHERE variant = 0 AND price IS NOT NULL
    UNION ALL SELECT product, v.position, CASE v.id WHEN 22 THEN 'Active' END, v.sku, 'Розмір', substr(own, 1, 2), 'Колір', CASE v.id WHEN 21 THEN 'червоний' ELSE 'чорний' END, $price, $old,
           stock / 1000, coalesce(v.weight_e3, (SELECT p.weight_e3 FROM product p WHERE p.id = product)) FROM offers JOIN variant v ON v.id = variant WHERE v.active
    UNION ALL SELECT product_id, 100 + position, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM image i WHERE variant_id = 0
       AND EXISTS (SELECT 1 FROM image j WHERE j.product_id = i.product_id AND j.variant_id = 0 AND j.position < i.position)) ORDER BY product, place" \
    --header "Title|URL handle|Description|Vendor|Type|Tags|Published on online store|Status|SKU|Barcode|Option1 name|Option1 value|Option2 name|Option2 value|Option3 name|Option3 value|Price|Compare-at price|Charge tax|Inventory tracker|Inventory quantity|Continue selling when out of stock|Weight value (grams)|Weight unit for display|Requires shipping|Fulfillment service|Product image URL|Image position|Image alt text|Variant image URL|Gift card|SEO title|SEO description" \
    --columns "Status|SKU|Option1 name|Option1 value|Option2 name|Option2 value|Price|Compare-at price|Inventory quantity|Weight value (grams)"
check_cells "shopify-inventory: rows" "$WORK/shopify-inventory" "$offers SELECT offers.sku, w.name, k.reserved_e3 / 1000, max(0, k.on_hand_e3 - k.reserved_e3) / 1000, k.on_hand_e3 / 1000,
    CASE WHEN variant THEN substr(own, 1, 2) ELSE 'Default Title' END FROM offers JOIN stock k ON k.product_id = product AND k.variant_id = variant JOIN warehouse w ON w.id = k.warehouse_id
    WHERE w.id < 3 AND active AND price IS NOT NULL ORDER BY product, variant, w.id" \
    --header "Handle|Title|Option1 Name|Option1 Value|Option2 Name|Option2 Value|Option3 Name|Option3 Value|SKU|HS Code|COO|Location|Incoming|Unavailable|Committed|Available|On hand" \
    --columns "SKU|Location|Committed|Available|On hand|Option1 Value"

# -- JoomShopping's own import, PROFIT --

check_cells "joomshopping-core: rows" "$WORK/joomshopping-core" "$offers SELECT * FROM (
    SELECT product, offers.sku, $(quantity stock), p.created, printf('%d.%06d', price / 10000, price % 10000 * 100), vat / 100 FROM offers JOIN product p ON p.id = product
     WHERE p.active AND variant = 0 AND price IS NOT NULL AND p.kind <> 'service' UNION ALL SELECT 2, 'B-2', '7', '2024-01-16 10:00:00', '500.000000', 20) ORDER BY 1" \
    --delimiter ';' --encoding ISO-8859-1 --header "product_id|ean|qty|date|price|tax|category|name|short_description|description" --columns "product_id|ean|qty|date|price|tax"
check_values "profit: items" "$WORK/profit" "$offers SELECT id, sku, $price, $old, $(quantity stock), barcode, CASE WHEN variant THEN product_sku END, replace(own, '|', ', '),
    (SELECT group_concat($(amount t.price_e4), '|') FROM price t WHERE t.product_id = product AND t.variant_id = 0 AND t.price_list_id = 1 AND t.min_qty_e3 > 0)
    FROM offers WHERE active AND price IS NOT NULL" --each ./item --columns "@id|@code|price|price-before-discount|stock|ean|product-code|variant|price-from*"

# -- plain tables --

check_cells "stock: rows" "$WORK/stock" "$offers SELECT sku, product_sku, barcode, replace(own, '|', ', '), $(quantity stock), CASE WHEN stock > 0 THEN 'yes' ELSE 'no' END, days FROM offers WHERE active" \
    --delimiter ';' --header "code|product_code|external_id|barcode|name|variant|unit|stock|available|delivery_days|by_warehouse" \
    --columns "code|product_code|barcode|variant|stock|available|delivery_days"
check_cells "prices: rows" "$WORK/prices" "$offers SELECT sku, product_sku, $price, $old, 'UAH', 'yes', replace(own, '|', ', ') FROM offers WHERE active AND price IS NOT NULL" \
    --delimiter ';' --header "code|product_code|external_id|name|variant|price|old_price|currency|vat_percent|vat_included|min_order|unit" \
    --columns "code|product_code|price|old_price|currency|vat_included|variant"
# of each price list: the variant's prices where it has any there, else its product's
LC_ALL=C sort "$WORK/price-tiers" >"$WORK/price-tiers.sorted"
check_cells "price-tiers: rows" "$WORK/price-tiers.sorted" "$offers SELECT code, product, list, name, quantity, price, currency, vat FROM (SELECT sku AS code, product_sku AS product, l.code AS list, l.name AS name,
    $(quantity t.min_qty_e3) AS quantity, $(amount t.price_e4) AS price, l.currency AS currency, CASE WHEN l.vat_included THEN 'yes' ELSE 'no' END AS vat
    FROM offers JOIN price t ON t.product_id = product JOIN price_list l ON l.id = t.price_list_id AND l.kind = 'sale' WHERE active
     AND t.variant_id = (SELECT max(x.variant_id) FROM price x WHERE x.product_id = product AND x.variant_id IN (0, variant) AND x.price_list_id = l.id)
    UNION ALL SELECT 'code', 'product_code', 'price_list', 'price_list_name', 'min_qty', 'price', 'currency', 'vat_included')
    ORDER BY code || ';' || product || ';' || list || ';' || name || ';' || quantity || ';' || price" --delimiter ';' --no-header
check_equal "price-tiers: the header" "code;product_code;price_list;price_list_name;min_qty;price;currency;vat_included" "$(head -n 1 "$WORK/price-tiers")"
check_cells "categories: rows" "$WORK/categories" "SELECT c.id, c.parent_id, c.external_id, (SELECT count(*) FROM category_path p WHERE p.category_id = c.id) AS level, c.position,
    CASE WHEN c.id IN (5, 6) THEN 'no' ELSE 'yes' END, x.name, (SELECT group_concat(name, ' > ') FROM (SELECT replace(y.name, '>', '\\>') AS name FROM category_path p
    JOIN category_text y ON y.category_id = p.ancestor_id AND y.language = 'uk' WHERE p.category_id = c.id ORDER BY p.distance DESC)), x.description
    FROM category c JOIN category_text x ON x.category_id = c.id AND x.language = 'uk' ORDER BY level, c.position, c.id" --delimiter ';' \
    --header "category_id|parent_id|external_id|level|position|active|name|path|description"
check_cells "customers: rows" "$WORK/customers" "SELECT id, code, CASE id WHEN 1 THEN '1001' END, kind, name, first_name, last_name, company, tax_id, vat_id, email, phone, street, city, region, zip, country,
    rtrim(rtrim(printf('%.2f', discount_percent_e2 / 100.0), '0'), '.'), discount_card, CASE price_list_id WHEN 2 THEN 'wholesale' END, $(amount bonus_e4), substr(created, 1, 10) FROM customer ORDER BY id" \
    --delimiter ';' --header "$(names customer_id,code,site_customer_id,kind,name,first_name,last_name,company,tax_id,vat_id,email,phone,street,city,region,zip,country,discount_percent,discount_card,price_list,bonus,created)"
check_not "customers: no notes" grep -q 'таємно' "$WORK/customers"
check_cells "certificates: rows" "$WORK/certificates" "SELECT code, kind, $(amount amount_e4), currency, substr(valid_from, 1, 10), substr(valid_to, 1, 10), $(amount used_e4),
    CASE WHEN kind = 'amount' THEN $(amount "(amount_e4 - used_e4)") END, customer_id FROM certificate ORDER BY code" \
    --delimiter ';' --header "code|type|amount|currency|valid_from|valid_to|used|left|customer_id"

# -- in a mount: what is private is for nobody else --

if [ ! -c /dev/fuse ]; then
    skip "the exports in a mount" "no /dev/fuse here"
    finish
fi
{
    echo "[shop]"
    echo "database = $DB"
    echo "state = $WORK/state"
    echo "[site main]"
    echo "exports ="
    printf '  %s\n' "${home[@]}"
    echo "[site cz]"
    echo "exports ="
    printf '  %s\n' "${czech[@]}"
} >"$WORK/all.conf"
start_shop "" "$WORK/all.conf"
for name in stock prices price-tiers categories private/customers private/certificates woocommerce shopify/products magento/stock_sources; do
    TZ=UTC "$SHOPCTL" render "$WORK/all.conf" --site main "exports/$name.csv" >"$WORK/rendered"
    check_same "exports/$name.csv in the mount" "$WORK/rendered" "$MNT/main/exports/$name.csv"
done
for name in heureka zbozi shoptet; do
    TZ=UTC "$SHOPCTL" render "$WORK/all.conf" --site cz "exports/$name.xml" >"$WORK/rendered"
    check_same "exports/$name.xml in the mount" "$WORK/rendered" "$MNT/cz/exports/$name.xml"
done
check_equal "others can read neither customers nor certificates" "440 440" \
    "$(stat -c %a "$MNT/main/exports/private/customers.csv" "$MNT/main/exports/private/certificates.csv" | tr '\n' ' ' | sed 's/ $//')"
check_equal "nor look into their directory" 750 "$(stat -c %a "$MNT/main/exports/private")"
finish
