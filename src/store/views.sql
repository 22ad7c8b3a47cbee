-- The views mappings read: one per kind of row. Every view of a site's goods has site_id; the program asks for
-- one site and a range of product_id at a time. Money, quantities and percents are plain numbers here (12.5).
-- Views carry no data: they are dropped and made anew by every migration.
-- CROSS JOIN keeps the order of the tables as written, whatever statistics ANALYZE left: rows come by key, unsorted.

CREATE VIEW v_site AS
SELECT s.id AS site_id, s.name, s.title, s.company, s.url,
       CASE WHEN s.product_url <> '' THEN s.product_url ELSE s.url END AS product_url,
       CASE WHEN s.image_url <> '' THEN s.image_url ELSE s.url || 'images/' END AS image_url,
       s.email, s.phone, s.language, s.fallback_language, s.currency, c.rate_e6 / 1000000.0 AS currency_rate,
       c.symbol AS currency_symbol, pl.code AS price_list, pl.vat_included AS prices_include_vat,
       s.stock_buffer_e3 / 1000.0 AS stock_buffer
  FROM site s
  JOIN price_list pl ON pl.id = s.price_list_id
  JOIN currency c ON c.code = s.currency;

CREATE VIEW v_currency AS
SELECT s.id AS site_id, c.code AS currency, c.number, c.name, c.symbol, c.rate_e6 / 1000000.0 AS rate,
       CASE WHEN c.code = s.currency THEN 1 ELSE 0 END AS main
  FROM site s CROSS JOIN currency c;

-- active: it and all above it are.
CREATE VIEW v_category AS
SELECT s.id AS site_id, c.id AS category_id, c.parent_id, c.external_id, c.position,
       NOT EXISTS (SELECT 1 FROM category_path a CROSS JOIN category b ON b.id = a.ancestor_id
                    WHERE a.category_id = c.id AND b.active = 0) AS active,
       coalesce(t.name, f.name, '') AS name, coalesce(t.description, f.description, '') AS description,
       (SELECT count(*) FROM category_path p WHERE p.category_id = c.id) AS level
  FROM site s CROSS JOIN category c
  LEFT JOIN category_text t ON t.category_id = c.id AND t.language = s.language
  LEFT JOIN category_text f ON f.category_id = c.id AND f.language = s.fallback_language;

-- The way from the top category down to a category, one row per step; level 1 is the top.
CREATE VIEW v_category_level AS
SELECT s.id AS site_id, p.category_id, p.ancestor_id, coalesce(t.name, f.name, '') AS name,
       (SELECT count(*) FROM category_path a WHERE a.category_id = p.ancestor_id) AS level
  FROM site s CROSS JOIN category_path p
  LEFT JOIN category_text t ON t.category_id = p.ancestor_id AND t.language = s.language
  LEFT JOIN category_text f ON f.category_id = p.ancestor_id AND f.language = s.fallback_language;

-- A marketplace's code for a category: its own, else that of the nearest above it. Not a kind of row: for subqueries.
CREATE VIEW v_category_code AS
SELECT p.category_id, c.market, c.code, c.name, p.distance
  FROM category_path p CROSS JOIN category_code c ON c.category_id = p.ancestor_id
 WHERE NOT EXISTS (SELECT 1 FROM category_path q CROSS JOIN category_code d ON d.category_id = q.ancestor_id AND d.market = c.market
                    WHERE q.category_id = p.category_id AND q.distance < p.distance);

CREATE VIEW v_product AS
SELECT s.id AS site_id, p.id AS product_id, p.sku, p.external_id, p.kind,
       CASE WHEN p.active = 1 AND coalesce(sp.hidden, 0) = 0 THEN 1 ELSE 0 END AS active,
       coalesce(t.name, f.name, p.sku) AS name,
       coalesce(t.short_description, f.short_description, '') AS short_description,
       coalesce(t.description, f.description, '') AS description,
       coalesce(t.slug, f.slug, CAST(p.id AS TEXT)) AS slug,
       coalesce(t.meta_title, f.meta_title) AS meta_title,
       coalesce(t.meta_description, f.meta_description) AS meta_description,
       coalesce(t.meta_keywords, f.meta_keywords) AS meta_keywords,
       (CASE WHEN s.product_url <> '' THEN s.product_url ELSE s.url END) || coalesce(t.slug, f.slug, CAST(p.id AS TEXT)) AS url,
       m.name AS manufacturer, p.manufacturer_id, m.url AS manufacturer_url, p.mpn,
       (SELECT b.barcode FROM barcode b WHERE b.product_id = p.id AND b.variant_id = 0 ORDER BY b.position, b.barcode LIMIT 1) AS barcode,
       u.code AS unit_code, u.name AS unit, u.full_name AS unit_full_name, u.okei AS unit_okei, u.unece AS unit_unece,
       r.percent_e2 / 100.0 AS vat_percent, r.code AS vat_code,
       p.weight_e3 / 1000.0 AS weight, p.length_mm / 10.0 AS length, p.width_mm / 10.0 AS width, p.height_mm / 10.0 AS height,
       p.country, (SELECT c.code3 FROM country c WHERE c.code = p.country) AS country_code3,
       coalesce((SELECT c.name FROM country_text c WHERE c.country = p.country AND c.language = s.language),
                (SELECT c.name FROM country_text c WHERE c.country = p.country AND c.language = s.fallback_language), p.country) AS country_name,
       p.warranty_months, p.min_order_e3 / 1000.0 AS min_order, p.delivery_days, p.condition, p.created, p.modified,
       s.currency,
       coalesce(pr.price_e4, (SELECT min(v.price_e4) FROM price v WHERE v.product_id = p.id AND v.variant_id > 0
                                 AND v.price_list_id = s.price_list_id AND v.min_qty_e3 = 0
                                 AND EXISTS (SELECT 1 FROM variant x WHERE x.id = v.variant_id AND x.active = 1))) / 10000.0 AS price,
       CASE WHEN pr.old_price_e4 > pr.price_e4 THEN pr.old_price_e4 / 10000.0 END AS old_price,
       (SELECT l.vat_included FROM price_list l WHERE l.id = s.price_list_id) AS vat_included,
       max(0, coalesce((SELECT sum(k.on_hand_e3 - k.reserved_e3) FROM stock k WHERE k.product_id = p.id
                           AND (k.variant_id = 0 OR EXISTS (SELECT 1 FROM variant x WHERE x.id = k.variant_id AND x.active = 1))
                           AND (NOT EXISTS (SELECT 1 FROM site_warehouse w WHERE w.site_id = s.id)
                                OR EXISTS (SELECT 1 FROM site_warehouse w WHERE w.site_id = s.id AND w.warehouse_id = k.warehouse_id))), 0)
           - s.stock_buffer_e3) / 1000.0 AS stock,
       (SELECT c.category_id FROM product_category c
         WHERE c.product_id = p.id AND NOT EXISTS (SELECT 1 FROM category_path a CROSS JOIN category b ON b.id = a.ancestor_id
                                                    WHERE a.category_id = c.category_id AND b.active = 0)
         ORDER BY c.position, c.category_id LIMIT 1) AS category_id,
       (SELECT i.name FROM image i WHERE i.product_id = p.id AND i.variant_id = 0 ORDER BY i.position, i.id LIMIT 1) AS image,
       (SELECT count(*) FROM variant v WHERE v.product_id = p.id AND v.active = 1) AS variants,
       -- changed: since the point that the site's row states, as far as is known; else 1. Numbers: enum change_source.
       CASE WHEN coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days) < (SELECT y.first FROM change_today y WHERE y.id = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_mark y WHERE y.source IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) AND y.block = p.id >> 6 AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_day y WHERE y.block = p.id >> 6 AND y.day >= coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days)
                            AND y.source IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1 ELSE 0 END AS changed,
       CASE WHEN coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days) < (SELECT y.first FROM change_today y WHERE y.id = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_mark y WHERE y.source IN (1, 3, 8, 11) AND y.block = p.id >> 6 AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_day y WHERE y.block = p.id >> 6 AND y.day >= coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days)
                            AND y.source IN (1, 3, 8, 11) AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1 ELSE 0 END AS price_changed,
       CASE WHEN coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days) < (SELECT y.first FROM change_today y WHERE y.id = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_mark y WHERE y.source IN (1, 3, 9, 11) AND y.block = p.id >> 6 AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_day y WHERE y.block = p.id >> 6 AND y.day >= coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days)
                            AND y.source IN (1, 3, 9, 11) AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1 ELSE 0 END AS stock_changed
  FROM site s CROSS JOIN product p
  LEFT JOIN product_text t ON t.product_id = p.id AND t.language = s.language
  LEFT JOIN product_text f ON f.product_id = p.id AND f.language = s.fallback_language
  LEFT JOIN manufacturer m ON m.id = p.manufacturer_id
  LEFT JOIN unit u ON u.id = p.unit_id
  LEFT JOIN vat_rate r ON r.id = p.vat_rate_id
  LEFT JOIN price pr ON pr.product_id = p.id AND pr.variant_id = 0 AND pr.price_list_id = s.price_list_id AND pr.min_qty_e3 = 0
  LEFT JOIN site_product sp ON sp.product_id = p.id AND sp.variant_id = 0 AND sp.site_id = s.id;

-- The rows that v_product's stock is the sum of. Not a kind of row: a renderer sums them itself.
CREATE VIEW v_product_stock AS
SELECT s.id AS site_id, k.product_id, k.on_hand_e3 - k.reserved_e3 AS amount_e3
  FROM site s CROSS JOIN stock k
 WHERE (k.variant_id = 0 OR EXISTS (SELECT 1 FROM variant x WHERE x.id = k.variant_id AND x.active = 1))
   AND (NOT EXISTS (SELECT 1 FROM site_warehouse w WHERE w.site_id = s.id)
        OR EXISTS (SELECT 1 FROM site_warehouse w WHERE w.site_id = s.id AND w.warehouse_id = k.warehouse_id));

-- What can be bought: each product without variants and each variant. variant_id is 0 for the former.
CREATE VIEW v_offer AS
SELECT s.id AS site_id, p.id AS product_id, coalesce(v.id, 0) AS variant_id,
       CASE WHEN v.id IS NULL THEN CAST(p.id AS TEXT) ELSE p.id || '-' || v.id END AS offer_id,
       coalesce(v.sku, p.sku) AS sku, p.sku AS product_sku, coalesce(v.external_id, p.external_id) AS external_id,
       p.external_id AS product_external_id, p.kind,
       CASE WHEN p.active = 1 AND coalesce(v.active, 1) = 1 AND coalesce(sp.hidden, 0) = 0 AND coalesce(sq.hidden, 0) = 0 THEN 1 ELSE 0 END AS active,
       coalesce(t.name, f.name, p.sku) AS name,
       coalesce(t.short_description, f.short_description, '') AS short_description,
       coalesce(t.description, f.description, '') AS description,
       coalesce(t.slug, f.slug, CAST(p.id AS TEXT)) AS slug,
       coalesce(t.meta_title, f.meta_title) AS meta_title,
       coalesce(t.meta_description, f.meta_description) AS meta_description,
       coalesce(t.meta_keywords, f.meta_keywords) AS meta_keywords,
       (CASE WHEN s.product_url <> '' THEN s.product_url ELSE s.url END) || coalesce(t.slug, f.slug, CAST(p.id AS TEXT)) AS url,
       m.name AS manufacturer, p.manufacturer_id, coalesce(v.mpn, p.mpn) AS mpn,
       (SELECT b.barcode FROM barcode b WHERE b.product_id = p.id AND b.variant_id = coalesce(v.id, 0) ORDER BY b.position, b.barcode LIMIT 1) AS barcode,
       u.code AS unit_code, u.name AS unit, u.full_name AS unit_full_name, u.okei AS unit_okei, u.unece AS unit_unece,
       r.percent_e2 / 100.0 AS vat_percent, r.code AS vat_code,
       coalesce(v.weight_e3, p.weight_e3) / 1000.0 AS weight, p.length_mm / 10.0 AS length, p.width_mm / 10.0 AS width, p.height_mm / 10.0 AS height,
       p.country, (SELECT c.code3 FROM country c WHERE c.code = p.country) AS country_code3,
       coalesce((SELECT c.name FROM country_text c WHERE c.country = p.country AND c.language = s.language),
                (SELECT c.name FROM country_text c WHERE c.country = p.country AND c.language = s.fallback_language), p.country) AS country_name,
       p.warranty_months, p.min_order_e3 / 1000.0 AS min_order, p.delivery_days, p.condition, p.created, p.modified,
       s.currency,
       coalesce(pv.price_e4, pr.price_e4) / 10000.0 AS price,
       CASE WHEN pv.price_e4 IS NOT NULL THEN CASE WHEN pv.old_price_e4 > pv.price_e4 THEN pv.old_price_e4 / 10000.0 END
            WHEN pr.old_price_e4 > pr.price_e4 THEN pr.old_price_e4 / 10000.0 END AS old_price,
       (SELECT l.vat_included FROM price_list l WHERE l.id = s.price_list_id) AS vat_included,
       max(0, coalesce((SELECT sum(k.on_hand_e3 - k.reserved_e3) FROM stock k WHERE k.product_id = p.id AND k.variant_id = coalesce(v.id, 0)
                           AND (NOT EXISTS (SELECT 1 FROM site_warehouse w WHERE w.site_id = s.id)
                                OR EXISTS (SELECT 1 FROM site_warehouse w WHERE w.site_id = s.id AND w.warehouse_id = k.warehouse_id))), 0)
           - s.stock_buffer_e3) / 1000.0 AS stock,
       (SELECT c.category_id FROM product_category c
         WHERE c.product_id = p.id AND NOT EXISTS (SELECT 1 FROM category_path a CROSS JOIN category b ON b.id = a.ancestor_id
                                                    WHERE a.category_id = c.category_id AND b.active = 0)
         ORDER BY c.position, c.category_id LIMIT 1) AS category_id,
       coalesce((SELECT i.name FROM image i WHERE i.product_id = p.id AND i.variant_id = v.id ORDER BY i.position, i.id LIMIT 1),
                (SELECT i.name FROM image i WHERE i.product_id = p.id AND i.variant_id = 0 ORDER BY i.position, i.id LIMIT 1)) AS image,
       (SELECT count(*) FROM price q WHERE q.product_id = p.id AND q.variant_id IN (0, coalesce(v.id, 0))
           AND q.price_list_id = s.price_list_id AND q.min_qty_e3 > 0) AS tiers,
       CASE WHEN v.id IS NULL THEN 0 ELSE 1 END AS is_variant,
       CASE WHEN coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days) < (SELECT y.first FROM change_today y WHERE y.id = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_mark y WHERE y.source IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) AND y.block = p.id >> 6 AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_day y WHERE y.block = p.id >> 6 AND y.day >= coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days)
                            AND y.source IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1 ELSE 0 END AS changed,
       CASE WHEN coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days) < (SELECT y.first FROM change_today y WHERE y.id = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_mark y WHERE y.source IN (1, 3, 8, 11) AND y.block = p.id >> 6 AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_day y WHERE y.block = p.id >> 6 AND y.day >= coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days)
                            AND y.source IN (1, 3, 8, 11) AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1 ELSE 0 END AS price_changed,
       CASE WHEN coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days) < (SELECT y.first FROM change_today y WHERE y.id = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_mark y WHERE y.source IN (1, 3, 9, 11) AND y.block = p.id >> 6 AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1
            WHEN EXISTS (SELECT 1 FROM change_day y WHERE y.block = p.id >> 6 AND y.day >= coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days)
                            AND y.source IN (1, 3, 9, 11) AND ((y.keys >> (p.id & 63)) & 1) = 1) THEN 1 ELSE 0 END AS stock_changed
  FROM site s CROSS JOIN product p
  LEFT JOIN variant v ON v.product_id = p.id
  LEFT JOIN product_text t ON t.product_id = p.id AND t.language = s.language
  LEFT JOIN product_text f ON f.product_id = p.id AND f.language = s.fallback_language
  LEFT JOIN manufacturer m ON m.id = p.manufacturer_id
  LEFT JOIN unit u ON u.id = p.unit_id
  LEFT JOIN vat_rate r ON r.id = p.vat_rate_id
  LEFT JOIN price pv ON pv.product_id = p.id AND pv.variant_id = v.id AND pv.price_list_id = s.price_list_id AND pv.min_qty_e3 = 0
  LEFT JOIN price pr ON pr.product_id = p.id AND pr.variant_id = 0 AND pr.price_list_id = s.price_list_id AND pr.min_qty_e3 = 0
  LEFT JOIN site_product sp ON sp.product_id = p.id AND sp.variant_id = 0 AND sp.site_id = s.id
  LEFT JOIN site_product sq ON sq.product_id = p.id AND sq.variant_id = v.id AND sq.site_id = s.id;

-- Rows that belong to a product ------------------------------------------------------------------------------

CREATE VIEW v_variant AS
SELECT s.id AS site_id, v.product_id, v.id AS variant_id, v.sku, v.external_id, v.mpn, v.position,
       CASE WHEN p.active = 1 AND v.active = 1 AND coalesce(sp.hidden, 0) = 0 AND coalesce(sq.hidden, 0) = 0 THEN 1 ELSE 0 END AS active,
       (SELECT b.barcode FROM barcode b WHERE b.product_id = v.product_id AND b.variant_id = v.id ORDER BY b.position, b.barcode LIMIT 1) AS barcode,
       coalesce(v.weight_e3, p.weight_e3) / 1000.0 AS weight, p.weight_e3 / 1000.0 AS product_weight,
       coalesce(pv.price_e4, pr.price_e4) / 10000.0 AS price,
       CASE WHEN pv.price_e4 IS NOT NULL THEN CASE WHEN pv.old_price_e4 > pv.price_e4 THEN pv.old_price_e4 / 10000.0 END
            WHEN pr.old_price_e4 > pr.price_e4 THEN pr.old_price_e4 / 10000.0 END AS old_price,
       coalesce(pr.price_e4, (SELECT min(x.price_e4) FROM price x WHERE x.product_id = v.product_id AND x.variant_id > 0
                                 AND x.price_list_id = s.price_list_id AND x.min_qty_e3 = 0
                                 AND EXISTS (SELECT 1 FROM variant y WHERE y.id = x.variant_id AND y.active = 1))) / 10000.0 AS product_price,
       (SELECT l.vat_included FROM price_list l WHERE l.id = s.price_list_id) AS vat_included,
       (SELECT r.percent_e2 / 100.0 FROM vat_rate r WHERE r.id = p.vat_rate_id) AS vat_percent,
       (SELECT count(*) FROM product_attribute a WHERE a.product_id = v.product_id AND a.variant_id = v.id AND a.value_no = 0
           AND a.value <> '' AND a.language IN (s.language, '', s.fallback_language)) AS properties,
       (SELECT count(*) FROM variant o WHERE o.product_id = v.product_id AND o.active = 1 AND (o.position, o.id) <= (v.position, v.id)
           AND NOT EXISTS (SELECT 1 FROM site_product h WHERE h.product_id = o.product_id AND h.variant_id = o.id AND h.site_id = s.id AND h.hidden = 1)) AS place,
       max(0, coalesce((SELECT sum(k.on_hand_e3 - k.reserved_e3) FROM stock k WHERE k.product_id = v.product_id AND k.variant_id = v.id
                           AND (NOT EXISTS (SELECT 1 FROM site_warehouse w WHERE w.site_id = s.id)
                                OR EXISTS (SELECT 1 FROM site_warehouse w WHERE w.site_id = s.id AND w.warehouse_id = k.warehouse_id))), 0)
           - s.stock_buffer_e3) / 1000.0 AS stock,
       (SELECT i.name FROM image i WHERE i.product_id = v.product_id AND i.variant_id = v.id ORDER BY i.position, i.id LIMIT 1) AS image
  FROM site s CROSS JOIN variant v
  CROSS JOIN product p ON p.id = v.product_id
  LEFT JOIN price pv ON pv.product_id = v.product_id AND pv.variant_id = v.id AND pv.price_list_id = s.price_list_id AND pv.min_qty_e3 = 0
  LEFT JOIN price pr ON pr.product_id = v.product_id AND pr.variant_id = 0 AND pr.price_list_id = s.price_list_id AND pr.min_qty_e3 = 0
  LEFT JOIN site_product sp ON sp.product_id = v.product_id AND sp.variant_id = 0 AND sp.site_id = s.id
  LEFT JOIN site_product sq ON sq.product_id = v.product_id AND sq.variant_id = v.id AND sq.site_id = s.id;

-- What v_attribute has from product_attribute alone; the rest is v_property's. Of the rows that agree in product, variant
-- and attribute those with the lowest rank are v_attribute's; rank NULL: never.
CREATE VIEW v_attribute_value AS
SELECT s.id AS site_id, a.product_id, a.variant_id, a.attribute_id, a.value_no, a.value,
       CASE a.language WHEN '' THEN 2 WHEN s.language THEN 1 WHEN s.fallback_language THEN 3 END AS rank,
       EXISTS (SELECT 1 FROM product_attribute o WHERE o.product_id = a.product_id AND o.variant_id > 0 AND o.attribute_id = a.attribute_id) AS distinguishes
  FROM site s CROSS JOIN product_attribute a;

-- variant_id 0: values of the product itself; else what distinguishes that variant. Of each attribute the values
-- in the site's language, else those for every language, else those in the fallback language.
CREATE VIEW v_attribute AS
SELECT s.id AS site_id, a.product_id, a.variant_id, a.attribute_id, d.code, coalesce(t.name, f.name, d.code) AS name,
       coalesce(t.unit, f.unit, '') AS unit, coalesce(t.group_name, f.group_name, '') AS group_name, d.position, a.value_no, a.value,
       EXISTS (SELECT 1 FROM product_attribute o WHERE o.product_id = a.product_id AND o.variant_id > 0 AND o.attribute_id = a.attribute_id) AS distinguishes
  FROM site s CROSS JOIN product_attribute a
  CROSS JOIN attribute d ON d.id = a.attribute_id
  LEFT JOIN attribute_text t ON t.attribute_id = a.attribute_id AND t.language = s.language
  LEFT JOIN attribute_text f ON f.attribute_id = a.attribute_id AND f.language = s.fallback_language
 WHERE a.language = s.language
    OR (a.language = '' AND NOT EXISTS (SELECT 1 FROM product_attribute o INDEXED BY product_attribute_translated
                                         WHERE o.product_id = a.product_id AND o.variant_id = a.variant_id
                                           AND o.attribute_id = a.attribute_id AND o.language = s.language AND o.language <> ''))
    OR (a.language = s.fallback_language AND NOT EXISTS (SELECT 1 FROM product_attribute o WHERE o.product_id = a.product_id AND o.variant_id = a.variant_id
                                           AND o.attribute_id = a.attribute_id AND o.language IN (s.language, '')));

-- The texts of a product in every language it has.
CREATE VIEW v_product_text AS
SELECT s.id AS site_id, t.product_id, t.language, t.name, t.short_description, t.description, t.slug, t.meta_title, t.meta_description,
       t.meta_keywords
  FROM site s CROSS JOIN product_text t;

-- url: what would end a name within an address is encoded already; the rest is encode="url"'s.
CREATE VIEW v_image AS
SELECT s.id AS site_id, i.product_id, i.variant_id, i.id AS image_id, i.position, i.name, i.title,
       (CASE WHEN s.image_url <> '' THEN s.image_url ELSE s.url || 'images/' END)
           || replace(replace(replace(i.name, '%', '%25'), '#', '%23'), '?', '%3F') AS url
  FROM site s CROSS JOIN image i;

CREATE VIEW v_product_category AS
SELECT s.id AS site_id, pc.product_id, pc.category_id, pc.position, c.external_id,
       NOT EXISTS (SELECT 1 FROM category_path a CROSS JOIN category b ON b.id = a.ancestor_id
                    WHERE a.category_id = pc.category_id AND b.active = 0) AS active,
       coalesce(t.name, f.name, '') AS name
  FROM site s CROSS JOIN product_category pc
  CROSS JOIN category c ON c.id = pc.category_id
  LEFT JOIN category_text t ON t.category_id = pc.category_id AND t.language = s.language
  LEFT JOIN category_text f ON f.category_id = pc.category_id AND f.language = s.fallback_language;

-- The steps down to each category of a product.
CREATE VIEW v_product_category_level AS
SELECT s.id AS site_id, pc.product_id, pc.category_id, p.ancestor_id, p.distance, coalesce(t.name, f.name, '') AS name
  FROM site s CROSS JOIN product_category pc
  CROSS JOIN category_path p ON p.category_id = pc.category_id
  LEFT JOIN category_text t ON t.category_id = p.ancestor_id AND t.language = s.language
  LEFT JOIN category_text f ON f.category_id = p.ancestor_id AND f.language = s.fallback_language;

-- Quantity tiers of the site's price list: from min_qty pieces on. max_qty is the last quantity before the next.
CREATE VIEW v_tier AS
SELECT s.id AS site_id, t.product_id, t.variant_id, t.min_qty_e3 / 1000.0 AS min_qty,
       (SELECT min(n.min_qty_e3) - 1000 FROM price n WHERE n.product_id = t.product_id AND n.variant_id = t.variant_id
           AND n.price_list_id = t.price_list_id AND n.min_qty_e3 > t.min_qty_e3) / 1000.0 AS max_qty,
       t.price_e4 / 10000.0 AS price,
       round(100.0 - 100.0 * t.price_e4 / nullif(coalesce(b.price_e4, q.price_e4), 0), 2) AS discount_percent
  FROM site s CROSS JOIN price t
  LEFT JOIN price b ON b.product_id = t.product_id AND b.variant_id = t.variant_id AND b.price_list_id = t.price_list_id AND b.min_qty_e3 = 0
  LEFT JOIN price q ON q.product_id = t.product_id AND q.variant_id = 0 AND q.price_list_id = t.price_list_id AND q.min_qty_e3 = 0
 WHERE t.price_list_id = s.price_list_id AND t.min_qty_e3 > 0;

-- Every sale price of every price list.
CREATE VIEW v_price AS
SELECT s.id AS site_id, p.product_id, p.variant_id, l.id AS price_list_id, l.code AS price_list, l.name AS price_list_name, l.currency,
       l.vat_included, p.min_qty_e3 / 1000.0 AS min_qty, p.price_e4 / 10000.0 AS price, p.old_price_e4 / 10000.0 AS old_price,
       CASE WHEN l.id = s.price_list_id THEN 1 ELSE 0 END AS main, CASE WHEN l.currency = s.currency THEN 1 ELSE 0 END AS same_currency
  FROM site s CROSS JOIN price p
  CROSS JOIN price_list l ON l.id = p.price_list_id AND l.kind = 'sale';

CREATE VIEW v_stock AS
SELECT s.id AS site_id, k.product_id, k.variant_id, k.warehouse_id, w.code AS warehouse, w.name AS warehouse_name, w.external_id AS warehouse_external_id,
       k.on_hand_e3 / 1000.0 AS on_hand, k.reserved_e3 / 1000.0 AS reserved, max(0, k.on_hand_e3 - k.reserved_e3) / 1000.0 AS available
  FROM site s CROSS JOIN stock k
  CROSS JOIN warehouse w ON w.id = k.warehouse_id
 WHERE NOT EXISTS (SELECT 1 FROM site_warehouse x WHERE x.site_id = s.id)
    OR EXISTS (SELECT 1 FROM site_warehouse x WHERE x.site_id = s.id AND x.warehouse_id = k.warehouse_id);

CREATE VIEW v_barcode AS
SELECT s.id AS site_id, b.product_id, b.variant_id, b.barcode, b.position
  FROM site s CROSS JOIN barcode b;

CREATE VIEW v_related AS
SELECT s.id AS site_id, r.product_id, r.related_id, r.kind, r.position, p.sku
  FROM site s CROSS JOIN product_relation r
  CROSS JOIN product p ON p.id = r.related_id;

-- How an offer can be delivered, and for how much: what the site says of it applied to the offer's price and weight.
CREATE VIEW v_offer_delivery AS
SELECT s.id AS site_id, p.id AS product_id, coalesce(v.id, 0) AS variant_id, d.id AS delivery_id, d.code, d.name, d.country,
       CASE WHEN d.free_from_e4 <= coalesce(pv.price_e4, pr.price_e4)
                   * (1.0 + (SELECT 1 - l.vat_included FROM price_list l WHERE l.id = s.price_list_id) * coalesce(r.percent_e2, 0) / 10000.0)
            THEN 0 ELSE d.price_e4 / 10000.0 END AS price,
       CASE WHEN d.free_from_e4 <= coalesce(pv.price_e4, pr.price_e4)
                   * (1.0 + (SELECT 1 - l.vat_included FROM price_list l WHERE l.id = s.price_list_id) * coalesce(r.percent_e2, 0) / 10000.0)
            THEN max(0, d.cod_price_e4 - d.price_e4) ELSE d.cod_price_e4 END / 10000.0 AS cod_price,
       d.days, d.position
  FROM site s CROSS JOIN product p
  LEFT JOIN variant v ON v.product_id = p.id
  LEFT JOIN vat_rate r ON r.id = p.vat_rate_id
  LEFT JOIN price pv ON pv.product_id = p.id AND pv.variant_id = v.id AND pv.price_list_id = s.price_list_id AND pv.min_qty_e3 = 0
  LEFT JOIN price pr ON pr.product_id = p.id AND pr.variant_id = 0 AND pr.price_list_id = s.price_list_id AND pr.min_qty_e3 = 0
  JOIN delivery d ON d.site_id = s.id
 WHERE d.max_weight_e3 IS NULL OR coalesce(v.weight_e3, p.weight_e3, 0) <= d.max_weight_e3;

-- Other kinds of row ------------------------------------------------------------------------------------------

-- What v_attribute has values of.
CREATE VIEW v_property AS
SELECT s.id AS site_id, d.id AS attribute_id, d.code, coalesce(t.name, f.name, d.code) AS name, coalesce(t.unit, f.unit, '') AS unit,
       coalesce(t.group_name, f.group_name, '') AS group_name, d.position
  FROM site s CROSS JOIN attribute d
  LEFT JOIN attribute_text t ON t.attribute_id = d.id AND t.language = s.language
  LEFT JOIN attribute_text f ON f.attribute_id = d.id AND f.language = s.fallback_language;

CREATE VIEW v_price_list AS
SELECT s.id AS site_id, l.id AS price_list_id, l.code, l.name, l.currency, l.vat_included
  FROM site s CROSS JOIN price_list l WHERE l.kind = 'sale';

-- What was deleted since the point that the site's row states, and is not there again under its ids.
CREATE VIEW v_deleted AS
SELECT s.id AS site_id, d.product_id, d.variant_id, d.sku, d.external_id,
       CASE WHEN d.variant_id > 0 THEN d.product_sku ELSE d.sku END AS product_sku,
       CASE WHEN d.variant_id > 0 THEN d.product_external_id ELSE d.external_id END AS product_external_id,
       CASE WHEN d.variant_id > 0 THEN 1 ELSE 0 END AS is_variant
  FROM site s CROSS JOIN deleted_product d
 WHERE d.day >= coalesce(s.changes_since_day, (SELECT y.day FROM change_today y WHERE y.id = 1) - s.changes_days)
   AND NOT EXISTS (SELECT 1 FROM product p WHERE p.sku = d.sku) AND NOT EXISTS (SELECT 1 FROM product p WHERE p.external_id = d.external_id)
   AND NOT EXISTS (SELECT 1 FROM variant v WHERE v.sku = d.sku) AND NOT EXISTS (SELECT 1 FROM variant v WHERE v.external_id = d.external_id);

CREATE VIEW v_manufacturer AS
SELECT s.id AS site_id, m.id AS manufacturer_id, m.external_id, m.name, m.url
  FROM site s CROSS JOIN manufacturer m;

CREATE VIEW v_language AS
SELECT s.id AS site_id, l.code AS language, l.name, CASE WHEN l.code = s.language THEN 1 ELSE 0 END AS main
  FROM site s CROSS JOIN language l;

CREATE VIEW v_warehouse AS
SELECT s.id AS site_id, w.id AS warehouse_id, w.code, w.external_id, w.name
  FROM site s CROSS JOIN warehouse w
 WHERE NOT EXISTS (SELECT 1 FROM site_warehouse x WHERE x.site_id = s.id)
    OR EXISTS (SELECT 1 FROM site_warehouse x WHERE x.site_id = s.id AND x.warehouse_id = w.id);

CREATE VIEW v_delivery AS
SELECT d.site_id, d.id AS delivery_id, d.code, d.name, d.country, d.price_e4 / 10000.0 AS price, d.cod_price_e4 / 10000.0 AS cod_price,
       d.free_from_e4 / 10000.0 AS free_from, d.max_weight_e3 / 1000.0 AS max_weight, d.days, d.position
  FROM delivery d;

CREATE VIEW v_customer AS
SELECT s.id AS site_id, c.id AS customer_id, c.code, c.kind, c.name, c.first_name, c.last_name, c.company, c.tax_id, c.vat_id,
       c.email, c.phone, c.street, c.city, c.region, c.zip, c.country, c.discount_percent_e2 / 100.0 AS discount_percent,
       c.discount_card,
       (SELECT l.code FROM price_list l WHERE l.id = c.price_list_id) AS price_list, c.bonus_e4 / 10000.0 AS bonus, c.created, c.modified,
       (SELECT x.external_id FROM customer_site x WHERE x.customer_id = c.id AND x.site_id = s.id ORDER BY x.external_id LIMIT 1) AS external_id
  FROM site s CROSS JOIN customer c;

CREATE VIEW v_certificate AS
SELECT s.id AS site_id, c.code, c.kind, c.amount_e4 / 10000.0 AS amount, c.used_e4 / 10000.0 AS used, c.currency, c.valid_from, c.valid_to, c.customer_id
  FROM site s CROSS JOIN certificate c;

-- touched: somebody works on it, so that files do not change it any more.
-- "+" keeps the planner from walking the index of a site's order numbers, which would need sorting by id.
-- Orders only, no invoices.
CREATE VIEW v_order AS
SELECT +o.site_id AS site_id, o.id AS order_id, o.number, o.external_id, o.revision, o.ordered, o.received, o.modified, o.status, o.status_text, o.paid, o.paid_on,
       o.payment_status, o.payment_text, o.currency, o.total_e4 / 10000.0 AS file_total, o.lines_total_e4 / 10000.0 AS total, o.to_pay_e4 / 10000.0 AS to_pay, o.payment_method, o.delivery_method, o.tracking,
       c.name AS customer, c.code AS customer_code, (SELECT count(*) FROM order_line l WHERE l.order_id = o.id) AS lines,
       o.handled, (o.handled IS NOT NULL OR EXISTS (SELECT 1 FROM order_status t WHERE t.order_id = o.id AND t.source <> 'intake')) AS touched,
       (SELECT count(*) FROM order_warning w WHERE w.order_id = o.id) AS warnings
  FROM orders o
  LEFT JOIN customer c ON c.id = o.customer_id
 WHERE o.kind = 'order';

CREATE VIEW v_order_line AS
SELECT +o.site_id AS site_id, l.order_id, l.position, l.kind, l.product_id, l.variant_id, l.code, l.name, l.unit, l.quantity_e3 / 1000.0 AS quantity,
       l.price_e4 / 10000.0 AS price, l.vat_percent_e2 / 100.0 AS vat_percent, l.total_e4 / 10000.0 AS total
  FROM order_line l
  CROSS JOIN orders o ON o.id = l.order_id AND o.kind = 'order';
