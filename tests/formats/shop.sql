-- A small shop with everything that has ever broken an export: written over what "shopctl init" makes (languages uk,
-- cs, en, ru; price lists retail and wholesale; units; VAT rates; warehouse main; site main).
-- Two sites: main (Ukrainian, hryvnias) and cz (Czech, crowns).

UPDATE site SET title = 'Крамниця "Зоря" & Ко', company = 'ТОВ <Зоря>', stock_buffer_e3 = 0;
-- codes that CommerceML's schema does not take
UPDATE unit SET okei = '1', unece = 'TOOLONG' WHERE id = 5;
UPDATE warehouse SET external_id = 'W-MAIN' WHERE id = 1;
INSERT INTO warehouse (id, code, external_id, name) VALUES (2, 'shop', NULL, 'Магазин; "на розі"'), (3, 'foreign', NULL, 'Чужий склад');
INSERT INTO site_warehouse (site_id, warehouse_id) VALUES (1, 1), (1, 2);
INSERT INTO price_list (id, code, name, kind, currency, vat_included) VALUES
    (3, 'czk', 'Ceník', 'sale', 'CZK', 1), (9, 'buying', 'Закупівля', 'purchase', 'UAH', 0);
INSERT INTO site (id, name, title, company, url, product_url, image_url, email, phone, language, fallback_language, currency, price_list_id)
VALUES (2, 'cz', 'Obchod „U Žáby“ & syn', 'Žába s.r.o.', 'https://zaba.example/', 'https://zaba.example/zboží/', 'https://img.zaba.example/',
        'info@zaba.example', '+420 222 000 000', 'cs', 'uk', 'CZK', 3);

INSERT INTO manufacturer (id, external_id, name, url) VALUES
    (1, 'M-1', 'O''Hara "Sons"; Ltd, & <Co>', 'https://ohara.example/'), (2, NULL, 'Žluťoučký kůň', NULL);

-- 1 > 2 > 3; 4 is a second top; 5 is switched off, and with it 6 below it
INSERT INTO category (id, parent_id, external_id, position, active) VALUES
    (1, NULL, 'c-1', 2, 1), (2, 1, 'c-2', 1, 1), (3, 2, NULL, 1, 1), (4, NULL, 'c-4', 1, 1), (5, NULL, 'c-5', 3, 0), (6, 5, 'c-6', 1, 1);
INSERT INTO category_text (category_id, language, name, description) VALUES
    (1, 'uk', 'Взуття', '<p>Усе взуття</p>'), (1, 'cs', 'Obuv', ''), (2, 'uk', 'Жіноче', ''), (2, 'cs', 'Dámská', ''),
    (3, 'uk', 'Туфлі/човники, "лодочки" & інше > усе', ''), (3, 'cs', 'Lodičky, "střevíce" | jiné', ''),
    (4, 'uk', 'Дім; сад', ''), (4, 'cs', 'Dům; zahrada', ''), (5, 'uk', 'Вимкнена', ''), (6, 'uk', 'Під вимкненою', '');

-- what marketplaces call them: 1 for all below it, 3 better by itself; a code without a name, a name without a code
INSERT INTO category_code (category_id, market, code, name) VALUES
    (1, 'rozetka', '4634865', NULL), (3, 'rozetka', '4637839', NULL), (4, 'prom', '35"1', NULL), (2, 'prom', '3510703', NULL), (1, 'maudau', '77', NULL),
    (1, 'epicentr', '5442', 'Взуття & інше'), (1, 'google', '187', NULL), (4, 'google', NULL, 'Home & Garden > Lawn "& Garden"'),
    (2, 'heureka', NULL, 'Heureka.cz | Oblečení, obuv a doplňky | Obuv | Dámská obuv & "boty"'), (4, 'heureka', NULL, ''),
    (1, 'heureka', '1234', 'Heureka.cz | Obuv'), (4, 'zbozi', '88', 'Dům, byt a zahrada | Zahrada'), (5, 'rozetka', '999', NULL);
INSERT INTO manufacturer_code (manufacturer_id, market, code) VALUES (1, 'epicentr', '38bc621b9f424403844ad267856b2f4b'), (2, 'elsewhere', 'no');

INSERT INTO attribute (id, code, position) VALUES (1, 'size', 1), (2, 'color', 2), (3, 'season', 3), (4, 'material', 4), (5, 'note', 5);
INSERT INTO attribute_text (attribute_id, language, name, unit, group_name) VALUES
    (1, 'uk', 'Розмір', 'EU', ''), (1, 'cs', 'Velikost', 'EU', ''), (2, 'uk', 'Колір', '', ''), (2, 'cs', 'Barva', '', ''),
    (3, 'uk', 'Сезон', '', 'Загальне'), (3, 'cs', 'Sezóna', '', 'Obecné'), (4, 'uk', 'Матеріал', '', 'Загальне'), (4, 'cs', 'Materiál', '', 'Obecné'),
    (5, 'uk', 'Примітка; "=:|,"', 'см³', ''), (5, 'cs', 'Poznámka; "=:|,"', 'cm³', '');

-- more properties than any format has columns for
INSERT INTO attribute (id, code, position) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT 100 + i, 'many_' || i, 100 + i FROM n;
INSERT INTO attribute_text (attribute_id, language, name) SELECT id, 'uk', 'Ознака ' || (id - 100) FROM attribute WHERE id > 100;
INSERT INTO attribute_code (attribute_id, market, value, code) VALUES
    (3, 'rozetka', '', '21'), (3, 'rozetka', 'літо', '2101'), (2, 'rozetka', 'червоний', '3301'), (4, 'epicentr', '', '767'), (3, 'epicentr', 'зима', 'f7b1db55'), (1, 'elsewhere', '', 'no');

-- 11: many properties
-- 1 everything; 2 variants; 3 nothing at all; 4 long texts; 5 line breaks and characters that no file may hold;
-- 6 not active; 7 a service; 8 a set; 9 used, without a price; 10 only in the category that is switched off
INSERT INTO product (id, sku, external_id, kind, active, manufacturer_id, mpn, unit_id, vat_rate_id, weight_e3, length_mm, width_mm, height_mm,
                     country, warranty_months, min_order_e3, delivery_days, condition, created, modified) VALUES
    (1, 'A-1', '11111111-aaaa-4bbb-8ccc-000000000001', 'goods', 1, 1, 'MPN "1"', 1, 1, 250, 300, 205, 100, 'UA', 12, 1000, 2, 'new', '2024-01-15 10:00:00', '2024-05-22 11:37:00'),
    (2, 'B-2', '11111111-aaaa-4bbb-8ccc-000000000002', 'goods', 1, 2, NULL, 4, 1, 1500, NULL, NULL, NULL, 'CZ', 24, 1000, NULL, 'new', '2024-01-16 10:00:00', NULL),
    (3, 'C-3', NULL, 'goods', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1000, NULL, 'new', '2024-01-17 10:00:00', NULL),
    (4, 'D-4', NULL, 'goods', 1, 1, 'L', 2, 2, 999, NULL, NULL, NULL, 'DE', NULL, 500, 7, 'new', '2024-01-18 10:00:00', NULL),
    (5, 'E-5', NULL, 'goods', 1, 2, '=1+1', 1, 3, 0, NULL, NULL, NULL, NULL, 0, 10000, 0, 'refurbished', '2024-01-19 10:00:00', NULL),
    (6, 'F-6', NULL, 'goods', 0, NULL, NULL, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, 1000, NULL, 'new', '2024-01-20 10:00:00', NULL),
    (7, 'G-7', NULL, 'service', 1, NULL, NULL, NULL, 4, NULL, NULL, NULL, NULL, NULL, NULL, 1000, NULL, 'new', '2024-01-21 10:00:00', NULL),
    (8, 'H-8', 'set/8', 'set', 1, NULL, NULL, 5, 1, NULL, NULL, NULL, NULL, NULL, NULL, 1000, NULL, 'new', '2024-01-22 10:00:00', NULL),
    (9, 'I-9', NULL, 'goods', 1, NULL, NULL, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, 1000, NULL, 'used', '2024-01-23 10:00:00', NULL),
    (10, 'J-10', NULL, 'goods', 1, NULL, NULL, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, 1000, NULL, 'new', '2024-01-24 10:00:00', NULL),
    (11, 'K-11', NULL, 'goods', 1, 2, NULL, 1, 1, 2500, 100, 90, 80, 'XX', NULL, 1000, NULL, 'new', '2024-01-25 10:00:00', NULL);
INSERT INTO product_text (product_id, language, name, short_description, description, slug, meta_title, meta_description, meta_keywords) VALUES
    (1, 'uk', 'Туфлі "Зоря"; червоні, 37 & <нові>', 'Коротко: ''так''', '<p>Рядок &amp; 1</p>' || char(10) || '<ul>' || char(10) || '  <li>пункт ≥ 5 &ge; 4 🎁</li>' || char(10) || '</ul>]]> кінець',
     'tufli-zoria', 'Туфлі | купити', 'Опис для "пошуку"', 'туфлі, червоні'),
    (1, 'ru', 'Туфли "Заря"; красные', '', '<p>Строка</p>', 'tufli-zarya', NULL, NULL, 'туфли'),
    (1, 'cs', 'Střevíce „Záře“; červené, 37 & <nové>', 'Krátce: ''ano''', '<p>Řádek &amp; 1</p>' || char(10) || '<p>Příliš žluťoučký kůň; úpěl "ďábelské" ódy</p>]]>',
     'střevíce-záře', NULL, NULL, NULL),
    (2, 'uk', 'Черевики', '', '', 'cherevyky', NULL, NULL, NULL), (2, 'cs', 'Boty', '', '', 'boty', NULL, NULL, NULL),
    (4, 'uk', 'Дуже довга назва 🎁 ' || replace(printf('%.60c', 'x'), 'x', 'слово '), '', '<p>' || replace(printf('%.900c', 'x'), 'x', 'Довгий опис. ') || '</p>', 'довга назва', NULL, NULL,
     replace(printf('%.60c', 'x'), 'x', 'ключ, ')),
    (4, 'cs', 'Velmi dlouhý název 🎁 ' || replace(printf('%.60c', 'x'), 'x', 'slůvko '), '', '<p>' || replace(printf('%.900c', 'x'), 'x', 'Dlouhý popis. ') || '</p>', 'dlouhý název', NULL, NULL, NULL),
    (5, 'uk', '=SUM(A1:A9)' || char(9) || 'таб' || char(10) || 'рядок' || char(13, 10) || 'ще ' || char(1, 8, 27) || 'кінець', char(13) || 'лише CR', 'a' || char(0x2028) || 'b' || char(0xFFFE) || char(0xFFFF) || 'c' || char(127) || 'd' || CAST(x'EDA080' AS TEXT) || 'e', NULL, NULL, NULL, NULL),
    (5, 'cs', '-2+3', '+420', '@cmd', NULL, NULL, NULL, NULL),
    (6, 'uk', 'Прихований', '', '', NULL, NULL, NULL, NULL), (7, 'uk', 'Ремонт взуття', '', '', NULL, NULL, NULL, NULL),
    (7, 'cs', 'Oprava obuvi', '', '', NULL, NULL, NULL, NULL), (8, 'uk', 'Набір: туфлі + крем', '', '', NULL, NULL, NULL, NULL),
    (8, 'cs', 'Sada: boty + krém', '', '', NULL, NULL, NULL, NULL), (9, 'uk', 'Без ціни', '', '', NULL, NULL, NULL, NULL), (10, 'uk', 'У вимкненій', '', '', NULL, NULL, NULL, NULL),
    (11, 'uk', 'З багатьма ознаками', '', '', 'bahato', NULL, NULL, NULL), (11, 'cs', 'S mnoha vlastnostmi', '', '', 'mnoho', NULL, NULL, NULL);
INSERT INTO product_category (product_id, category_id, position) VALUES
    (1, 5, 0), (1, 3, 1), (1, 4, 2), (2, 2, 0), (3, 4, 0), (4, 1, 0), (5, 4, 0), (6, 4, 0), (7, 4, 0), (8, 1, 0), (9, 1, 0), (10, 6, 0), (11, 4, 0);

-- of B-2: 21 has all of its own; 22 nothing, sold out; 23 is not active; 24 another size
INSERT INTO variant (id, product_id, sku, external_id, mpn, active, position, weight_e3) VALUES
    (21, 2, 'B-2-37/черв', 'v-21', 'B37', 1, 2, 1400), (22, 2, 'B-2-38', NULL, NULL, 1, 1, NULL), (23, 2, 'B-2-39', NULL, NULL, 0, 3, NULL), (24, 2, 'B-2-40', NULL, NULL, 1, 4, NULL);
INSERT INTO product_attribute (product_id, variant_id, attribute_id, language, value_no, value) VALUES
    (1, 0, 1, '', 0, '37'), (1, 0, 3, 'uk', 0, 'літо'), (1, 0, 3, 'uk', 1, 'весна'), (1, 0, 3, 'cs', 0, 'léto'), (1, 0, 3, 'cs', 1, 'jaro'),
    (1, 0, 4, 'uk', 0, 'шкіра; "замша", <інше>'), (1, 0, 4, 'cs', 0, 'kůže; "semiš", <jiné>'), (1, 0, 5, '', 0, 'a|b:c\d/e=f'),
    (2, 0, 2, 'uk', 0, 'чорний'), (2, 0, 2, 'cs', 0, 'černá'), (2, 0, 3, 'uk', 0, 'зима'), (2, 0, 3, 'cs', 0, 'zima'),
    (2, 21, 1, '', 0, '37'), (2, 21, 2, 'uk', 0, 'червоний'), (2, 21, 2, 'cs', 0, 'červená'), (2, 22, 1, '', 0, '38'), (2, 23, 1, '', 0, '39'), (2, 24, 1, '', 0, '40');
INSERT INTO product_attribute (product_id, attribute_id, value) SELECT 11, id, 'значення ' || (id - 100) FROM attribute WHERE id > 100;
INSERT INTO barcode (product_id, variant_id, barcode, position) VALUES
    (1, 0, '4006381333931', 0), (1, 0, '12345670', 1), (2, 21, '2000000000213', 0), (4, 0, 'ABC', 0), (5, 0, '012345678905', 0);
INSERT INTO product_relation (product_id, related_id, kind, position) VALUES (1, 2, 'related', 1), (1, 8, 'related', 0), (1, 4, 'similar', 0), (1, 5, 'accessory', 0), (1, 3, 'upsell', 0);
INSERT INTO price (product_id, variant_id, price_list_id, min_qty_e3, price_e4, old_price_e4) VALUES
    (1, 0, 1, 0, 12000000, 15005000), (1, 0, 1, 5000, 11000000, NULL), (1, 0, 1, 10000, 10005050, NULL), (1, 0, 2, 0, 9000000, NULL), (1, 0, 3, 0, 7990000, 9990000), (1, 0, 3, 10000, 7500000, NULL), (1, 0, 9, 0, 66600066, NULL),
    (2, 0, 1, 0, 5000000, NULL), (2, 0, 2, 0, 4000000, NULL), (2, 0, 3, 0, 3330000, NULL), (2, 21, 1, 0, 5500000, 6000000), (2, 21, 3, 0, 3660000, 4000000), (2, 21, 9, 0, 66600066, NULL),
    (3, 0, 1, 0, 100, NULL), (3, 0, 3, 0, 100, NULL), (4, 0, 1, 0, 1234567899, NULL), (4, 0, 3, 0, 823045200, NULL), (5, 0, 1, 0, 1000000, 900000), (5, 0, 3, 0, 660000, NULL),
    (6, 0, 1, 0, 990000, NULL), (7, 0, 1, 0, 2500000, NULL), (7, 0, 3, 0, 1660000, NULL), (8, 0, 1, 0, 13000000, NULL), (8, 0, 3, 0, 8660000, NULL), (10, 0, 1, 0, 100000, NULL), (11, 0, 1, 0, 50000000, NULL), (11, 0, 3, 0, 30000000, NULL);
INSERT INTO stock (product_id, variant_id, warehouse_id, on_hand_e3, reserved_e3) VALUES
    (1, 0, 1, 3000, 1000), (1, 0, 2, 2500, 0), (1, 0, 3, 100000, 0), (2, 21, 1, 7000, 0), (2, 22, 1, 0, 0), (2, 23, 1, 5000, 0), (2, 24, 1, 1000, 2000), (2, 24, 2, 1000, 0),
    (4, 0, 1, 12345678, 0), (5, 0, 2, 500, 0), (6, 0, 1, 1000, 0), (8, 0, 1, 1000, 0), (10, 0, 1, 1000, 0), (11, 0, 1, 1000, 0);
INSERT INTO image (id, product_id, variant_id, position, name, title) VALUES
    (1, 1, 0, 0, 'a 1.JPG', 'Вид "спереду"; | : ,'), (2, 1, 0, 1, 'б,2;3.jpg', ''), (3, 1, 0, 2, 'c#%25?.png', ''), (4, 2, 0, 0, 'b-2.jpg', ''), (5, 2, 21, 0, 'b-2-37.jpg', 'červená'),
    (6, 4, 0, 0, 'd-4.jpg', ''), (7, 5, 0, 0, 'e&5.jpg', ''), (8, 8, 0, 0, 'h-8.jpg', ''), (9, 11, 0, 0, 'k-11.jpg', '');

-- free from an amount, not for heavy goods, not to be paid on receipt; one without a country, one without days
INSERT INTO delivery (site_id, code, name, country, price_e4, cod_price_e4, free_from_e4, max_weight_e3, days, position) VALUES
    (2, 'PPL', 'PPL: domů', 'CZ', 1190000, 1490000, 30000000, NULL, '1', 2), (2, 'ZASILKOVNA', 'Zásilkovna, „Z-BOX“', 'CZ', 790000, 995000, NULL, 1400, '2-3', 1),
    (2, 'VLASTNI_PREPRAVA', '', NULL, 0, NULL, NULL, NULL, NULL, 3), (2, 'NOT_OF_HEUREKA', 'Jiný', NULL, 10000, NULL, NULL, NULL, NULL, 4),
    (1, 'NP', 'Нова пошта', 'UA', 800000, 1000000, 15000000, 30000, '1-3', 1), (1, 'SELF', 'Самовивіз', 'UA', 0, NULL, NULL, NULL, '0', 2);

INSERT INTO customer (id, code, kind, name, first_name, last_name, company, tax_id, vat_id, email, phone, street, city, region, zip, country,
                      discount_percent_e2, discount_card, price_list_id, bonus_e4, note, created) VALUES
    (1, 'K-1', 'person', 'Оксана "О''Кей"; Їжак', 'Оксана', 'Їжак', NULL, NULL, NULL, 'oksana@mail.example', '+380 67 000-00-01', 'вул. Лесі, 1; кв. 2', 'Київ', NULL, '01001', 'UA', 550, '290000000001', NULL, 123456, 'таємно', '2024-02-01 08:00:00'),
    (2, 'K-2', 'company', 'Žluťoučký kůň, s.r.o.', NULL, NULL, 'Žluťoučký kůň, s.r.o.', '12345678', 'CZ12345678', 'kun@mail.example', '+420 222 000 001', 'Dlouhá 5', 'Praha', 'Praha', '110 00', 'CZ', 0, NULL, 2, 0, NULL, '2024-02-02 08:00:00'),
    (3, NULL, 'person', 'Без нічого', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, '2024-02-03 08:00:00');
INSERT INTO customer_site (site_id, external_id, customer_id) VALUES (1, '1001', 1), (2, 'cz-7', 2);
INSERT INTO certificate (code, kind, amount_e4, used_e4, currency, valid_from, valid_to, customer_id) VALUES
    ('GIFT-"500"', 'amount', 5000000, 1250000, 'UAH', '2024-01-01 00:00:00', '2025-01-01 00:00:00', 1), ('PERCENT;10', 'percent', 100000, 0, NULL, NULL, NULL, NULL);
INSERT INTO image_data (image_id, content) SELECT id, x'89504e47' FROM image;

INSERT INTO orders (id, site_id, number, external_id, revision, content_hash, received, modified, status, status_text, handled, paid, paid_on,
                    currency, total_e4, lines_total_e4, customer_id, tracking, mapping) VALUES
    (1, 1, '00042', 'site#42', 1, 'h', '2024-03-01 10:00:00', NULL, 'new', NULL, NULL, 0, NULL, 'UAH', 12000000, 12000000, 1, NULL, 'plain'),
    (2, 1, 'A;"2"', NULL, 3, 'h', '2024-03-01 10:00:01', '2024-03-02 09:00:00', 'paid', 'оплачено; чекає', NULL, 1, '2024-03-02', 'UAH', 1234567, 1234500, 2, NULL, 'plain'),
    (3, 2, '1', 'cz-1', 1, 'h', '2024-03-01 10:00:02', '2024-03-03 09:00:00', 'shipped', NULL, '2024-03-02 08:00:00', 1, '2024-03-02', 'CZK', 6600000, 6600000, 2, 'RR00123', 'plain'),
    (4, 1, '7', NULL, 2, 'h', '2024-03-01 10:00:03', '2024-03-03 10:00:00', 'cancelled', NULL, NULL, 0, NULL, 'UAH', 0, 0, NULL, NULL, 'plain'),
    (5, 1, '8', NULL, 2, 'h', '2024-03-01 10:00:04', '2024-03-03 11:00:00', 'packed', NULL, NULL, 0, NULL, 'EUR', 105050, 105050, 1, NULL, 'plain');
INSERT INTO order_status (order_id, status, source) VALUES (5, 'packed', 'database');
INSERT INTO order_warning (order_id, position, text) VALUES (2, 1, 'secret@mail.example'), (2, 2, 'x');
-- What was deleted: goods with two variants, and plain ones.
INSERT INTO product (id, sku, external_id) VALUES (900, 'GONE-1', 'ext-gone'), (901, 'GONE-2', NULL);
INSERT INTO variant (id, product_id, sku, external_id) VALUES (900, 900, 'GONE-1-A', 'ext-gone-a'), (901, 900, 'GONE-1-B', NULL);
DELETE FROM variant WHERE product_id = 900;
DELETE FROM product WHERE id >= 900;
