-- catalog.csv as a nightly script makes it over the views that this program offers: the same columns and values as
-- mapping/export/joomshopping.xml, for the product's own rows (variants and tiers are left out: the bench's shop has
-- none).
SELECT p.sku AS ean, p.name, p.slug AS alias, p.short_description, p.description, p.meta_title, p.meta_description,
       p.meta_keywords AS meta_keyword, p.mpn AS manufacturer_code, p.stock AS qty, p.kind = 'set' AS unlimited, p.active AS publish,
       (SELECT group_concat(way, '|') FROM (
          SELECT (SELECT group_concat(name, '/') FROM (SELECT l.name FROM v_product_category_level l WHERE l.site_id = c.site_id
                    AND l.product_id = c.product_id AND l.category_id = c.category_id ORDER BY l.distance DESC)) AS way
            FROM v_product_category c WHERE c.site_id = p.site_id AND c.product_id = p.product_id ORDER BY c.position, c.category_id)) AS categories,
       p.vat_percent AS tax, p.currency, printf('%.2f', p.old_price) AS old_price, printf('%.2f', p.price) AS price,
       '' AS add_price, p.weight, p.unit, p.image,
       (SELECT group_concat(name, '|') FROM (SELECT i.name FROM v_image i WHERE i.site_id = p.site_id AND i.product_id = p.product_id
          AND i.variant_id = 0 ORDER BY i.position, i.image_id)) AS images,
       p.manufacturer, '' AS attributes,
       (SELECT group_concat(name || ':' || vals, '|') FROM (
          SELECT a.name, group_concat(a.value || CASE WHEN a.unit <> '' THEN ' ' || a.unit ELSE '' END, ',') AS vals FROM v_attribute a
           WHERE a.site_id = p.site_id AND a.product_id = p.product_id AND a.variant_id = 0 GROUP BY a.position, a.attribute_id)) AS extra_fields,
       (SELECT group_concat(r.sku, '|') FROM v_related r WHERE r.site_id = p.site_id AND r.product_id = p.product_id AND r.kind = 'related') AS related,
       s.company AS vendor
  FROM v_product p JOIN v_site s ON s.site_id = p.site_id
 WHERE p.site_id = 1 AND p.kind <> 'service'
 ORDER BY p.product_id;
