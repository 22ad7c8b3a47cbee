-- catalog.csv as a shop's own nightly script makes it: the columns of mapping/export/joomshopping.xml in one SELECT over
-- the tables, what belongs to a product gathered by subqueries. It leaves out what the demo shop has none of
-- (variants, tiers), and the escaping that only odd names need.
SELECT p.sku AS ean, t.name, t.slug AS alias, t.short_description, t.description, t.meta_title, t.meta_description,
       t.meta_keywords AS meta_keyword, p.mpn AS manufacturer_code,
       (SELECT max(0, sum(k.on_hand_e3 - k.reserved_e3)) / 1000.0 FROM stock k WHERE k.product_id = p.id) AS qty,
       p.kind = 'set' AS unlimited, p.active AS publish,
       (SELECT group_concat(way, '|') FROM (
          SELECT (SELECT group_concat(name, '/') FROM (
                    SELECT ct.name FROM category_path cp JOIN category_text ct ON ct.category_id = cp.ancestor_id AND ct.language = s.language
                     WHERE cp.category_id = pc.category_id ORDER BY cp.distance DESC)) AS way
            FROM product_category pc WHERE pc.product_id = p.id ORDER BY pc.position, pc.category_id)) AS categories,
       r.percent_e2 / 100.0 AS tax, s.currency, printf('%.2f', pr.old_price_e4 / 10000.0) AS old_price,
       printf('%.2f', pr.price_e4 / 10000.0) AS price, '' AS add_price, p.weight_e3 / 1000.0 AS weight, u.name AS unit,
       (SELECT i.name FROM image i WHERE i.product_id = p.id AND i.variant_id = 0 ORDER BY i.position, i.id LIMIT 1) AS image,
       (SELECT group_concat(name, '|') FROM (SELECT i.name FROM image i WHERE i.product_id = p.id AND i.variant_id = 0 ORDER BY i.position, i.id)) AS images,
       m.name AS manufacturer, '' AS attributes,
       (SELECT group_concat(name || ':' || vals, '|') FROM (
          SELECT coalesce(at.name, a.code) AS name, group_concat(pa.value || CASE WHEN at.unit <> '' THEN ' ' || at.unit ELSE '' END, ',') AS vals
            FROM product_attribute pa JOIN attribute a ON a.id = pa.attribute_id
            LEFT JOIN attribute_text at ON at.attribute_id = a.id AND at.language = s.language
           WHERE pa.product_id = p.id AND pa.variant_id = 0 AND pa.language IN ('', s.language)
           GROUP BY pa.attribute_id ORDER BY a.position, a.id)) AS extra_fields,
       (SELECT group_concat(q.sku, '|') FROM product_relation x JOIN product q ON q.id = x.related_id
         WHERE x.product_id = p.id AND x.kind = 'related') AS related,
       s.company AS vendor
  FROM product p JOIN site s ON s.name = 'main'
  LEFT JOIN product_text t ON t.product_id = p.id AND t.language = s.language
  LEFT JOIN manufacturer m ON m.id = p.manufacturer_id
  LEFT JOIN unit u ON u.id = p.unit_id
  LEFT JOIN vat_rate r ON r.id = p.vat_rate_id
  LEFT JOIN price pr ON pr.product_id = p.id AND pr.variant_id = 0 AND pr.price_list_id = s.price_list_id AND pr.min_qty_e3 = 0
 WHERE p.kind <> 'service'
 ORDER BY p.id;
