-- The shop database, version 1. SQLite's dialect; everything here is read and written through src/store only.
--
-- Exact numbers: a column named *_e4 holds money in ten-thousandths of a currency unit, *_e3 quantities in
-- thousandths, *_e2 percents in hundredths, *_e6 rates in millionths: whole numbers, checked.
-- variant_id 0 means "the product itself". Dates are UTC text 'YYYY-MM-DD HH:MM:SS'.
-- Programs outside may run without foreign_keys and recursive_triggers: nothing here relies on them.

CREATE TABLE language (
    code TEXT PRIMARY KEY NOT NULL,             -- BCP 47: 'uk', 'cs', 'en'
    name TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE currency (
    code    TEXT PRIMARY KEY NOT NULL CONSTRAINT "a currency code is three capital letters" CHECK (code GLOB '[A-Z][A-Z][A-Z]'),
    number  INTEGER,                            -- ISO 4217 numeric
    name    TEXT NOT NULL DEFAULT '',
    symbol  TEXT NOT NULL DEFAULT '',
    rate_e6 INTEGER NOT NULL DEFAULT 1000000 CONSTRAINT "rate_e6 is a whole number of millionths" CHECK (typeof(rate_e6) = 'integer' AND rate_e6 > 0)
) WITHOUT ROWID;

CREATE TABLE vat_rate (
    id         INTEGER PRIMARY KEY,
    code       TEXT NOT NULL UNIQUE,            -- 'standard', 'reduced', 'zero', 'none'
    name       TEXT NOT NULL DEFAULT '',
    percent_e2 INTEGER NOT NULL CONSTRAINT "percent_e2 is a whole number of hundredths of a percent" CHECK (typeof(percent_e2) = 'integer' AND percent_e2 >= 0)
);

CREATE TABLE unit (
    id        INTEGER PRIMARY KEY,
    code      TEXT NOT NULL UNIQUE,             -- 'pcs', 'kg'
    name      TEXT NOT NULL DEFAULT '',         -- as printed: 'шт', 'ks'
    full_name TEXT NOT NULL DEFAULT '',
    okei      TEXT,                             -- '796' piece, '166' kg
    unece     TEXT                              -- UN/ECE recommendation 20: 'C62', 'KGM'
);

CREATE TABLE manufacturer (
    id          INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    name        TEXT NOT NULL,
    url         TEXT
);

-- A marketplace's own code for a maker. market: 'epicentr' and the like, as the mappings say it.
CREATE TABLE manufacturer_code (
    manufacturer_id INTEGER NOT NULL REFERENCES manufacturer (id) ON DELETE CASCADE,
    market          TEXT NOT NULL,
    code            TEXT NOT NULL,
    PRIMARY KEY (manufacturer_id, market)
) WITHOUT ROWID;

-- code3: ISO 3166-1 alpha-3, which some marketplaces want.
CREATE TABLE country (
    code  TEXT PRIMARY KEY NOT NULL CONSTRAINT "a country code is two capital letters" CHECK (code GLOB '[A-Z][A-Z]'),
    code3 TEXT
) WITHOUT ROWID;

CREATE TABLE country_text (
    country  TEXT NOT NULL REFERENCES country (code) ON DELETE CASCADE,
    language TEXT NOT NULL REFERENCES language (code),
    name     TEXT NOT NULL,
    PRIMARY KEY (country, language)
) WITHOUT ROWID;

CREATE TABLE category (
    id          INTEGER PRIMARY KEY,
    parent_id   INTEGER REFERENCES category (id),
    external_id TEXT UNIQUE,
    position    INTEGER NOT NULL DEFAULT 0,
    active      INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1))
);
CREATE INDEX category_parent ON category (parent_id);

CREATE TABLE category_text (
    category_id INTEGER NOT NULL REFERENCES category (id) ON DELETE CASCADE,
    language    TEXT NOT NULL REFERENCES language (code),
    name        TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (category_id, language)
) WITHOUT ROWID;

-- Every category with each of its ancestors and itself; kept by triggers. distance 0 is the category itself.
CREATE TABLE category_path (
    category_id INTEGER NOT NULL,
    ancestor_id INTEGER NOT NULL,
    distance    INTEGER NOT NULL,
    PRIMARY KEY (category_id, ancestor_id)
) WITHOUT ROWID;
CREATE INDEX category_path_ancestor ON category_path (ancestor_id);

-- Rows may come in any order: a new category joins what is already below it to what is above.
CREATE TRIGGER category_path_insert AFTER INSERT ON category BEGIN
    SELECT RAISE(ABORT, 'a category cannot be below itself') WHERE NEW.id IN (
        WITH RECURSIVE above (id) AS (SELECT NEW.parent_id UNION SELECT c.parent_id FROM category c JOIN above a ON c.id = a.id)
        SELECT id FROM above);
    DELETE FROM category_path
     WHERE category_id IN (SELECT category_id FROM category_path WHERE ancestor_id = NEW.id)
       AND ancestor_id IN (SELECT ancestor_id FROM category_path WHERE category_id = NEW.id AND ancestor_id <> NEW.id);
    DELETE FROM category_path WHERE category_id = NEW.id;
    INSERT INTO category_path
      WITH RECURSIVE above (id, distance) AS (
          SELECT NEW.id, 0
          UNION ALL SELECT p.id, a.distance + 1 FROM above a JOIN category c ON c.id = a.id JOIN category p ON p.id = c.parent_id),
      below (id, distance) AS (
          SELECT NEW.id, 0
          UNION ALL SELECT c.id, b.distance + 1 FROM below b JOIN category c ON c.parent_id = b.id)
      SELECT b.id, a.id, b.distance + a.distance FROM below b CROSS JOIN above a WHERE true
      ON CONFLICT DO UPDATE SET distance = excluded.distance;
END;
CREATE TRIGGER category_path_delete AFTER DELETE ON category BEGIN
    DELETE FROM category_path
     WHERE category_id IN (SELECT category_id FROM category_path WHERE ancestor_id = OLD.id)
       AND ancestor_id IN (SELECT ancestor_id FROM category_path WHERE category_id = OLD.id);
END;
CREATE TRIGGER category_id BEFORE UPDATE OF id ON category WHEN NEW.id <> OLD.id BEGIN
    SELECT RAISE(ABORT, 'the id of a category cannot be changed');
END;
CREATE TRIGGER category_cycle BEFORE UPDATE OF parent_id ON category
WHEN EXISTS (SELECT 1 FROM category_path WHERE category_id = NEW.parent_id AND ancestor_id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'a category cannot be below itself');
END;
CREATE TRIGGER category_path_move AFTER UPDATE OF parent_id ON category WHEN NEW.parent_id IS NOT OLD.parent_id BEGIN
    DELETE FROM category_path
     WHERE category_id IN (SELECT category_id FROM category_path WHERE ancestor_id = NEW.id)
       AND ancestor_id IN (SELECT ancestor_id FROM category_path WHERE category_id = NEW.id AND ancestor_id <> NEW.id);
    INSERT INTO category_path
    SELECT below.category_id, above.ancestor_id, below.distance + above.distance + 1
      FROM category_path below CROSS JOIN category_path above
     WHERE below.ancestor_id = NEW.id AND above.category_id = NEW.parent_id;
END;

-- A marketplace's own code and name for a category; what is below it without one of its own falls under the same.
CREATE TABLE category_code (
    category_id INTEGER NOT NULL REFERENCES category (id) ON DELETE CASCADE,
    market      TEXT NOT NULL,                  -- 'rozetka', 'prom', 'google', 'heureka' ...
    code        TEXT,
    name        TEXT,                           -- in the marketplace's words
    PRIMARY KEY (category_id, market)
) WITHOUT ROWID;

-- goods ---------------------------------------------------------------------------------------------------

CREATE TABLE product (
    id              INTEGER PRIMARY KEY,
    sku             TEXT NOT NULL UNIQUE,
    external_id     TEXT UNIQUE,                -- the accounting program's own key
    kind            TEXT NOT NULL DEFAULT 'goods' CHECK (kind IN ('goods', 'service', 'set')),
    active          INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    manufacturer_id INTEGER REFERENCES manufacturer (id),
    mpn             TEXT,                       -- manufacturer's part number
    unit_id         INTEGER REFERENCES unit (id),
    vat_rate_id     INTEGER REFERENCES vat_rate (id),
    weight_e3       INTEGER CONSTRAINT "weight_e3 is whole grams" CHECK (weight_e3 IS NULL OR typeof(weight_e3) = 'integer'),
    length_mm       INTEGER CHECK (length_mm IS NULL OR typeof(length_mm) = 'integer'),
    width_mm        INTEGER CHECK (width_mm IS NULL OR typeof(width_mm) = 'integer'),
    height_mm       INTEGER CHECK (height_mm IS NULL OR typeof(height_mm) = 'integer'),
    country         TEXT,                       -- ISO 3166-1 alpha-2
    warranty_months INTEGER,
    min_order_e3    INTEGER NOT NULL DEFAULT 1000 CHECK (typeof(min_order_e3) = 'integer'),
    delivery_days   INTEGER,
    condition       TEXT NOT NULL DEFAULT 'new' CHECK (condition IN ('new', 'used', 'refurbished')),
    created         TEXT NOT NULL DEFAULT (datetime('now')),
    modified        TEXT
);

CREATE TABLE product_text (
    product_id        INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    language          TEXT NOT NULL REFERENCES language (code),
    name              TEXT NOT NULL,
    short_description TEXT NOT NULL DEFAULT '',
    description       TEXT NOT NULL DEFAULT '', -- HTML allowed
    slug              TEXT,                     -- last part of the product's address in the web shop
    meta_title        TEXT,
    meta_description  TEXT,
    meta_keywords     TEXT,
    UNIQUE (product_id, language)
);

-- What one buys of a product that comes in sizes, colours and the like. Its distinguishing values are rows of
-- product_attribute with this variant_id.
CREATE TABLE variant (
    id          INTEGER PRIMARY KEY CHECK (id > 0),
    product_id  INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    sku         TEXT NOT NULL UNIQUE,
    external_id TEXT UNIQUE,
    mpn         TEXT,
    active      INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    position    INTEGER NOT NULL DEFAULT 0,
    weight_e3   INTEGER CHECK (weight_e3 IS NULL OR typeof(weight_e3) = 'integer')
);
CREATE INDEX variant_product ON variant (product_id, id);

CREATE TABLE product_category (
    product_id  INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    category_id INTEGER NOT NULL REFERENCES category (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL DEFAULT 0,     -- the lowest is the main category
    PRIMARY KEY (product_id, category_id)
) WITHOUT ROWID;
CREATE INDEX product_category_category ON product_category (category_id);

CREATE TABLE attribute (
    id       INTEGER PRIMARY KEY,
    code     TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE attribute_text (
    attribute_id INTEGER NOT NULL REFERENCES attribute (id) ON DELETE CASCADE,
    language     TEXT NOT NULL REFERENCES language (code),
    name         TEXT NOT NULL,
    unit         TEXT NOT NULL DEFAULT '',
    group_name   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (attribute_id, language)
) WITHOUT ROWID;

-- A marketplace's own code for a property (value '') or for one of its values, as product_attribute has it.
CREATE TABLE attribute_code (
    attribute_id INTEGER NOT NULL REFERENCES attribute (id) ON DELETE CASCADE,
    market       TEXT NOT NULL,
    value        TEXT NOT NULL DEFAULT '',
    code         TEXT NOT NULL,
    PRIMARY KEY (attribute_id, market, value)
) WITHOUT ROWID;

-- language '' holds for every language; a value in the wanted language comes first.
CREATE TABLE product_attribute (
    product_id   INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    variant_id   INTEGER NOT NULL DEFAULT 0,
    attribute_id INTEGER NOT NULL REFERENCES attribute (id) ON DELETE CASCADE,
    language     TEXT NOT NULL DEFAULT '',
    value_no     INTEGER NOT NULL DEFAULT 0,    -- several values of one attribute
    value        TEXT NOT NULL,
    PRIMARY KEY (product_id, variant_id, attribute_id, language, value_no)
) WITHOUT ROWID;
-- Small where few values are translated: to learn that one is not costs nothing then.
CREATE INDEX product_attribute_translated ON product_attribute (product_id, variant_id, attribute_id, language) WHERE language <> '';

CREATE TABLE barcode (
    product_id INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    variant_id INTEGER NOT NULL DEFAULT 0,
    barcode    TEXT NOT NULL,
    position   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (product_id, variant_id, barcode)
) WITHOUT ROWID;
CREATE INDEX barcode_barcode ON barcode (barcode);

CREATE TABLE product_relation (
    product_id INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    related_id INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL DEFAULT 'related' CHECK (kind IN ('related', 'accessory', 'similar', 'upsell')),
    position   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (product_id, kind, related_id)
) WITHOUT ROWID;
CREATE INDEX product_relation_related ON product_relation (related_id);

-- prices ----------------------------------------------------------------------------------------------------

CREATE TABLE price_list (
    id           INTEGER PRIMARY KEY,
    code         TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL DEFAULT '',
    kind         TEXT NOT NULL DEFAULT 'sale' CHECK (kind IN ('sale', 'purchase')),
    currency     TEXT NOT NULL REFERENCES currency (code),
    vat_included INTEGER NOT NULL DEFAULT 1 CHECK (vat_included IN (0, 1))
);

CREATE TABLE price (
    product_id    INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    variant_id    INTEGER NOT NULL DEFAULT 0,
    price_list_id INTEGER NOT NULL REFERENCES price_list (id) ON DELETE CASCADE,
    min_qty_e3    INTEGER NOT NULL DEFAULT 0 CONSTRAINT "min_qty_e3 is a whole number of thousandths" CHECK (typeof(min_qty_e3) = 'integer' AND min_qty_e3 >= 0),
    price_e4      INTEGER NOT NULL CONSTRAINT "price_e4 is a whole number of ten-thousandths" CHECK (typeof(price_e4) = 'integer' AND price_e4 >= 0),
    old_price_e4  INTEGER CONSTRAINT "old_price_e4 is a whole number of ten-thousandths" CHECK (old_price_e4 IS NULL OR (typeof(old_price_e4) = 'integer' AND old_price_e4 >= 0)),
    PRIMARY KEY (product_id, variant_id, price_list_id, min_qty_e3)
) WITHOUT ROWID;

-- stock -----------------------------------------------------------------------------------------------------

CREATE TABLE warehouse (
    id          INTEGER PRIMARY KEY,
    code        TEXT NOT NULL UNIQUE,
    external_id TEXT,
    name        TEXT NOT NULL DEFAULT ''
);

CREATE TABLE stock (
    product_id   INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    variant_id   INTEGER NOT NULL DEFAULT 0,
    warehouse_id INTEGER NOT NULL REFERENCES warehouse (id) ON DELETE CASCADE,
    on_hand_e3   INTEGER NOT NULL DEFAULT 0 CONSTRAINT "on_hand_e3 is a whole number of thousandths" CHECK (typeof(on_hand_e3) = 'integer'),
    reserved_e3  INTEGER NOT NULL DEFAULT 0 CONSTRAINT "reserved_e3 is a whole number of thousandths" CHECK (typeof(reserved_e3) = 'integer'),
    PRIMARY KEY (product_id, variant_id, warehouse_id)
) WITHOUT ROWID;

-- pictures --------------------------------------------------------------------------------------------------

-- name is the file name in images/. Either path names a file below the picture directory, or the bytes are in
-- image_data and size and modified describe them.
CREATE TABLE image (
    id         INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    variant_id INTEGER NOT NULL DEFAULT 0,
    position   INTEGER NOT NULL DEFAULT 0,      -- the lowest is the main picture
    name       TEXT NOT NULL UNIQUE CONSTRAINT "a picture's name is a plain file name of at most 200 bytes" CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 200
                AND name NOT IN ('.', '..') AND name NOT GLOB ('*[/' || char(127) || char(1) || '-' || char(31) || ']*') AND instr(name, char(0)) = 0),
    path       TEXT,
    title      TEXT NOT NULL DEFAULT '',
    size       INTEGER,                         -- bytes, of image_data
    modified   INTEGER                          -- seconds since 1970, of image_data
);
-- With all that exports ask for, so that they need not go from here to the pictures one by one.
CREATE INDEX image_product ON image (product_id, variant_id, position, name, title);

CREATE TABLE image_data (
    image_id INTEGER PRIMARY KEY REFERENCES image (id) ON DELETE CASCADE,
    content  BLOB NOT NULL CONSTRAINT "content is a blob" CHECK (typeof(content) = 'blob')
);
-- modified grows with every new content, also within one second: a client compares size and time.
CREATE TRIGGER image_data_insert AFTER INSERT ON image_data BEGIN
    UPDATE image SET size = length(NEW.content),
        modified = max(CAST(strftime('%s', 'now') AS INTEGER), coalesce(modified, 0) + 1) WHERE id = NEW.image_id;
END;
CREATE TRIGGER image_data_update AFTER UPDATE OF content ON image_data WHEN NEW.content IS NOT OLD.content BEGIN
    UPDATE image SET size = length(NEW.content),
        modified = max(CAST(strftime('%s', 'now') AS INTEGER), coalesce(modified, 0) + 1) WHERE id = NEW.image_id;
END;
CREATE TRIGGER image_data_move BEFORE UPDATE OF image_id ON image_data WHEN NEW.image_id <> OLD.image_id BEGIN
    SELECT RAISE(ABORT, 'the bytes of a picture cannot be moved to another: delete and insert them');
END;
CREATE TRIGGER image_data_delete AFTER DELETE ON image_data BEGIN
    UPDATE image SET size = NULL WHERE id = OLD.image_id;
END;

-- A variant_id must belong to the product it is written with.
CREATE TRIGGER price_variant BEFORE INSERT ON price WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'price.variant_id is not a variant of this product');
END;
CREATE TRIGGER price_variant_update BEFORE UPDATE OF product_id, variant_id ON price WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'price.variant_id is not a variant of this product');
END;
CREATE TRIGGER stock_variant BEFORE INSERT ON stock WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'stock.variant_id is not a variant of this product');
END;
CREATE TRIGGER stock_variant_update BEFORE UPDATE OF product_id, variant_id ON stock WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'stock.variant_id is not a variant of this product');
END;
CREATE TRIGGER product_attribute_variant BEFORE INSERT ON product_attribute WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'product_attribute.variant_id is not a variant of this product');
END;
CREATE TRIGGER product_attribute_variant_update BEFORE UPDATE OF product_id, variant_id ON product_attribute WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'product_attribute.variant_id is not a variant of this product');
END;
CREATE TRIGGER barcode_variant BEFORE INSERT ON barcode WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'barcode.variant_id is not a variant of this product');
END;
CREATE TRIGGER barcode_variant_update BEFORE UPDATE OF product_id, variant_id ON barcode WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'barcode.variant_id is not a variant of this product');
END;
CREATE TRIGGER image_variant BEFORE INSERT ON image WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'image.variant_id is not a variant of this product');
END;
CREATE TRIGGER image_variant_update BEFORE UPDATE OF product_id, variant_id ON image WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'image.variant_id is not a variant of this product');
END;
CREATE TRIGGER variant_move BEFORE UPDATE OF id, product_id ON variant
WHEN NEW.id <> OLD.id OR NEW.product_id <> OLD.product_id BEGIN
    SELECT RAISE(ABORT, 'a variant cannot be moved to another id or product: delete and insert it');
END;
CREATE TRIGGER variant_delete BEFORE DELETE ON variant BEGIN
    DELETE FROM price WHERE product_id = OLD.product_id AND variant_id = OLD.id;
    DELETE FROM stock WHERE product_id = OLD.product_id AND variant_id = OLD.id;
    DELETE FROM product_attribute WHERE product_id = OLD.product_id AND variant_id = OLD.id;
    DELETE FROM barcode WHERE product_id = OLD.product_id AND variant_id = OLD.id;
    DELETE FROM image WHERE product_id = OLD.product_id AND variant_id = OLD.id;
    DELETE FROM site_product WHERE product_id = OLD.product_id AND variant_id = OLD.id;
END;

-- sites (web shops) -----------------------------------------------------------------------------------------

CREATE TABLE site (
    id                 INTEGER PRIMARY KEY,
    name               TEXT NOT NULL UNIQUE     -- the directory's name where there are several
                       CONSTRAINT "a site's name is a plain directory name" CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 100
                           AND name NOT GLOB '.*' AND name NOT GLOB ('*[/' || char(127) || char(1) || '-' || char(31) || ']*') AND instr(name, char(0)) = 0),
    title              TEXT NOT NULL DEFAULT '',
    company            TEXT NOT NULL DEFAULT '',
    url                TEXT NOT NULL DEFAULT '',        -- 'https://shop.example/', with the slash
    product_url        TEXT NOT NULL DEFAULT '',        -- what precedes a product's slug or id; '': url
    image_url          TEXT NOT NULL DEFAULT '',        -- what precedes a picture's name; '': url || 'images/'
    email              TEXT NOT NULL DEFAULT '',
    phone              TEXT NOT NULL DEFAULT '',
    language           TEXT NOT NULL REFERENCES language (code),
    fallback_language  TEXT REFERENCES language (code),
    currency           TEXT NOT NULL REFERENCES currency (code),
    price_list_id      INTEGER NOT NULL REFERENCES price_list (id),
    stock_buffer_e3    INTEGER NOT NULL DEFAULT 0 CHECK (typeof(stock_buffer_e3) = 'integer'),
    vat_included       INTEGER NOT NULL DEFAULT 1 CHECK (vat_included IN (0, 1)),
    order_warehouse_id INTEGER REFERENCES warehouse (id),       -- where orders reserve; NULL: where most is free
    take_invoices      INTEGER NOT NULL DEFAULT 0 CHECK (take_invoices IN (0, 1)),  -- of order files; the configuration goes before
    default_client     TEXT,                    -- codes of the accounting program, copied into each order
    default_object     TEXT,
    default_user       TEXT,
    default_executor   TEXT,
    -- Where the files of changes begin: on a day ('2026-11-01'), or, NULL, so many days back.
    changes_since      TEXT CONSTRAINT "changes_since is a date like 2026-11-01" CHECK (changes_since IS NULL OR date(changes_since) IS changes_since),
    changes_days       INTEGER NOT NULL DEFAULT 7 CHECK (typeof(changes_days) = 'integer' AND changes_days BETWEEN 0 AND 60),
    changes_since_day  INTEGER GENERATED ALWAYS AS (CAST(strftime('%s', changes_since) AS INTEGER) / 86400) STORED
);

-- The warehouses whose stock a site sells; no row: all.
CREATE TABLE site_warehouse (
    site_id      INTEGER NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    warehouse_id INTEGER NOT NULL REFERENCES warehouse (id) ON DELETE CASCADE,
    PRIMARY KEY (site_id, warehouse_id)
) WITHOUT ROWID;

-- What one site says of a product or variant: its own code there, or that it is not for that site.
-- The web shop's own words, in capitals or not; they go before what the order mapping knows.
CREATE TABLE site_status_word (
    site_id INTEGER NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    word    TEXT NOT NULL,
    status  TEXT CHECK (status IN ('new', 'accepted', 'paid', 'packed', 'shipped', 'delivered', 'cancelled', 'returned')), -- NULL: the mapping's
    paid    INTEGER CHECK (paid IN (0, 1)),     -- where the word tells of the money
    PRIMARY KEY (site_id, word)
) WITHOUT ROWID;
CREATE TABLE site_payment_word (
    site_id INTEGER NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    word    TEXT NOT NULL,
    payment TEXT NOT NULL CHECK (payment IN ('unpaid', 'partly', 'paid', 'refunded')),
    PRIMARY KEY (site_id, word)
) WITHOUT ROWID;

CREATE TABLE site_product (
    product_id INTEGER NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    variant_id INTEGER NOT NULL DEFAULT 0,
    site_id    INTEGER NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    code       TEXT,
    hidden     INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    PRIMARY KEY (product_id, variant_id, site_id)
) WITHOUT ROWID;
CREATE INDEX site_product_code ON site_product (site_id, code);
CREATE TRIGGER site_product_variant BEFORE INSERT ON site_product WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'site_product.variant_id is not a variant of this product');
END;
CREATE TRIGGER site_product_variant_update BEFORE UPDATE OF product_id, variant_id ON site_product WHEN NEW.variant_id <> 0
 AND NOT EXISTS (SELECT 1 FROM variant WHERE id = NEW.variant_id AND product_id = NEW.product_id) BEGIN
    SELECT RAISE(ABORT, 'site_product.variant_id is not a variant of this product');
END;

-- How a site delivers, and for how much. code: the carrier, as comparison sites call it.
CREATE TABLE delivery (
    id            INTEGER PRIMARY KEY,
    site_id       INTEGER NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    code          TEXT NOT NULL,                -- 'PPL', 'ZASILKOVNA'
    name          TEXT NOT NULL DEFAULT '',
    country       TEXT,                         -- where to, ISO 3166-1 alpha-2; NULL: not said
    price_e4      INTEGER NOT NULL CHECK (typeof(price_e4) = 'integer'),        -- in the site's currency, with VAT
    cod_price_e4  INTEGER CHECK (cod_price_e4 IS NULL OR typeof(cod_price_e4) = 'integer'), -- the same when paid on receipt; NULL: cannot be
    free_from_e4  INTEGER CHECK (free_from_e4 IS NULL OR typeof(free_from_e4) = 'integer'), -- goods worth this travel free
    max_weight_e3 INTEGER CHECK (max_weight_e3 IS NULL OR typeof(max_weight_e3) = 'integer'), -- no heavier goods
    days          TEXT,                         -- '2', '2-4'
    position      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (site_id, code)
);

-- customers -------------------------------------------------------------------------------------------------

CREATE TABLE customer (
    id                  INTEGER PRIMARY KEY,
    code                TEXT UNIQUE,            -- the accounting program's key
    kind                TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'company')),
    name                TEXT NOT NULL,          -- as addressed
    first_name          TEXT,
    last_name           TEXT,
    company             TEXT,
    tax_id              TEXT,                   -- EDRPOU, INN, IČO
    vat_id              TEXT,                   -- IPN, DIČ, VAT number
    email               TEXT,
    phone               TEXT,
    street              TEXT,
    city                TEXT,
    region              TEXT,
    zip                 TEXT,
    country             TEXT,
    discount_percent_e2 INTEGER NOT NULL DEFAULT 0 CHECK (typeof(discount_percent_e2) = 'integer'),
    discount_card       TEXT,
    price_list_id       INTEGER REFERENCES price_list (id),
    bonus_e4            INTEGER NOT NULL DEFAULT 0 CHECK (typeof(bonus_e4) = 'integer'),
    note                TEXT,
    created             TEXT NOT NULL DEFAULT (datetime('now')),
    modified            TEXT,
    email_key           TEXT GENERATED ALWAYS AS (nullif(lower(trim(email)), '')) STORED,
    -- the last nine digits: candidates for a match; base/text.h text_phone_key
    phone_key           TEXT GENERATED ALWAYS AS (CASE WHEN length(replace(replace(replace(replace(replace(replace(replace(replace(
        phone, ' ', ''), '-', ''), '(', ''), ')', ''), '+', ''), '.', ''), '/', ''), char(160), '')) >= 9
        THEN substr(replace(replace(replace(replace(replace(replace(replace(replace(
        phone, ' ', ''), '-', ''), '(', ''), ')', ''), '+', ''), '.', ''), '/', ''), char(160), ''), -9) END) STORED
);
CREATE INDEX customer_email ON customer (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX customer_phone ON customer (phone_key) WHERE phone_key IS NOT NULL;

CREATE TABLE customer_site (
    site_id     INTEGER NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    external_id TEXT NOT NULL,                  -- the customer's id in that web shop
    customer_id INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    PRIMARY KEY (site_id, external_id)
) WITHOUT ROWID;
CREATE INDEX customer_site_customer ON customer_site (customer_id);

CREATE TABLE certificate (
    code        TEXT PRIMARY KEY NOT NULL,
    kind        TEXT NOT NULL DEFAULT 'amount' CHECK (kind IN ('amount', 'percent')),
    amount_e4   INTEGER NOT NULL CHECK (typeof(amount_e4) = 'integer'), -- money, or percent in the same scale
    used_e4     INTEGER NOT NULL DEFAULT 0 CHECK (typeof(used_e4) = 'integer'),
    currency    TEXT REFERENCES currency (code),
    valid_from  TEXT,
    valid_to    TEXT,
    customer_id INTEGER REFERENCES customer (id)
) WITHOUT ROWID;
CREATE INDEX certificate_customer ON certificate (customer_id) WHERE customer_id IS NOT NULL;

-- intake: what was dropped and what became of it ------------------------------------------------------------

CREATE TABLE intake (
    id         INTEGER PRIMARY KEY,
    site_id    INTEGER NOT NULL REFERENCES site (id),
    object_key TEXT NOT NULL UNIQUE,            -- the content object in the state directory; decided once
    name       TEXT NOT NULL,                   -- as uploaded
    sha256     TEXT NOT NULL,                   -- of the bytes, hexadecimal
    size       INTEGER NOT NULL,
    decided    TEXT NOT NULL DEFAULT (datetime('now')),
    verdict    TEXT NOT NULL CHECK (verdict IN ('begun', 'accepted', 'duplicate', 'revised', 'partly', 'refused', 'no-order')),
    mapping    TEXT,                            -- begun: only some of its orders are decided; the rest follows
    message    TEXT NOT NULL DEFAULT '',        -- the text of the result file
    filed_as   TEXT,                            -- the name in the archive or among the refused, once moved
    refused_as TEXT                             -- partly: the name among the refused as well
);
CREATE INDEX intake_sha ON intake (site_id, sha256);
CREATE INDEX intake_name ON intake (name);

-- orders ----------------------------------------------------------------------------------------------------

CREATE TABLE orders (
    id              INTEGER PRIMARY KEY,
    site_id         INTEGER NOT NULL REFERENCES site (id),
    kind            TEXT NOT NULL DEFAULT 'order' CHECK (kind IN ('order', 'invoice')),
    number          TEXT NOT NULL,              -- the web shop's
    order_number    TEXT,                       -- of an invoice: the order it is for
    external_id     TEXT,                       -- the web shop's internal id
    revision        INTEGER NOT NULL DEFAULT 1,
    content_hash    TEXT NOT NULL,              -- of the normalised order, to tell a repetition from a revision
    ordered         TEXT,                       -- when, as the web shop says
    received        TEXT NOT NULL DEFAULT (datetime('now')),
    modified        TEXT,
    status          TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'accepted', 'paid', 'packed', 'shipped', 'delivered', 'cancelled', 'returned')),
    status_text     TEXT,                       -- the web shop's own word
    due_on          TEXT,                       -- to be paid until
    handled         TEXT,                       -- set when a person or program began to work on it: no revision after
    paid            INTEGER NOT NULL DEFAULT 0 CHECK (paid IN (0, 1)),
    paid_on         TEXT,
    payment_status  TEXT CHECK (payment_status IN ('unpaid', 'partly', 'paid', 'refunded')), -- as the web shop says; NULL: it does not
    payment_text    TEXT,                       -- its own word for it
    currency        TEXT NOT NULL,
    rate_e6         INTEGER NOT NULL DEFAULT 1000000 CHECK (typeof(rate_e6) = 'integer'),
    total_e4        INTEGER CHECK (total_e4 IS NULL OR typeof(total_e4) = 'integer'),   -- as the file says, with VAT
    lines_total_e4  INTEGER NOT NULL DEFAULT 0 CHECK (typeof(lines_total_e4) = 'integer'), -- computed, with VAT
    customer_id     INTEGER REFERENCES customer (id),
    customer_rule   TEXT,                       -- what matched: site-id, email, phone, created
    payment_method  TEXT,
    delivery_method TEXT,
    deliver_on      TEXT,
    tracking        TEXT,
    note            TEXT,
    internal_note   TEXT,
    certificate     TEXT,                       -- its code
    certificate_used_e4 INTEGER NOT NULL DEFAULT 0 CHECK (typeof(certificate_used_e4) = 'integer'), -- taken from it
    bonus_used_e4   INTEGER NOT NULL DEFAULT 0 CHECK (typeof(bonus_used_e4) = 'integer'),   -- as the file says
    bonus_taken_e4  INTEGER NOT NULL DEFAULT 0 CHECK (typeof(bonus_taken_e4) = 'integer'),  -- from the customer's bonus
    to_pay_e4       INTEGER NOT NULL DEFAULT 0 CHECK (typeof(to_pay_e4) = 'integer'),       -- lines_total less both
    client_code     TEXT,
    object_code     TEXT,
    user_code       TEXT,
    executor_code   TEXT,
    price_list_id   INTEGER REFERENCES price_list (id), -- the customer's, else the site's
    mapping         TEXT NOT NULL,
    intake_id       INTEGER REFERENCES intake (id),
    UNIQUE (site_id, kind, number)
);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_received ON orders (received);
CREATE INDEX orders_intake ON orders (intake_id);

CREATE INDEX orders_external ON orders (site_id, external_id) WHERE external_id IS NOT NULL;
-- The invoices of an order.
CREATE INDEX orders_order_number ON orders (order_number) WHERE order_number IS NOT NULL;

CREATE TABLE order_line (
    order_id            INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    position            INTEGER NOT NULL,
    kind                TEXT NOT NULL DEFAULT 'product' CHECK (kind IN ('product', 'shipping', 'payment', 'discount', 'wrapping', 'service', 'gift', 'rounding', 'other')),
    product_id          INTEGER REFERENCES product (id) ON DELETE SET NULL,
    variant_id          INTEGER NOT NULL DEFAULT 0,
    matched_by          TEXT,                   -- sku, barcode, external-id, site-code; NULL: kept as text
    code                TEXT,                   -- as the file says
    barcode             TEXT,
    external_id         TEXT,
    shop_id             TEXT,                   -- the web shop's own id of the product
    name                TEXT NOT NULL DEFAULT '',
    unit                TEXT,
    quantity_e3         INTEGER NOT NULL CHECK (typeof(quantity_e3) = 'integer'),
    price_e4            INTEGER NOT NULL CHECK (typeof(price_e4) = 'integer'),          -- for one unit, with VAT
    price_net_e4        INTEGER CHECK (price_net_e4 IS NULL OR typeof(price_net_e4) = 'integer'),
    vat_percent_e2      INTEGER CHECK (vat_percent_e2 IS NULL OR typeof(vat_percent_e2) = 'integer'),
    discount_percent_e2 INTEGER NOT NULL DEFAULT 0 CHECK (typeof(discount_percent_e2) = 'integer'),
    total_e4            INTEGER NOT NULL CHECK (typeof(total_e4) = 'integer'),          -- with VAT, after discount
    warehouse_id        INTEGER REFERENCES warehouse (id),
    reserved_e3         INTEGER NOT NULL DEFAULT 0 CHECK (typeof(reserved_e3) = 'integer'),
    note                TEXT,
    PRIMARY KEY (order_id, position)
) WITHOUT ROWID;
CREATE INDEX order_line_product ON order_line (product_id);

CREATE TABLE order_address (
    order_id   INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('billing', 'delivery')),
    name       TEXT,
    first_name TEXT,
    last_name  TEXT,
    company    TEXT,
    tax_id     TEXT,
    vat_id     TEXT,
    street     TEXT,
    city       TEXT,
    region     TEXT,
    zip        TEXT,
    country    TEXT,
    phone      TEXT,
    email      TEXT,
    full_text  TEXT,                            -- where the file has the address in one piece
    PRIMARY KEY (order_id, kind)
) WITHOUT ROWID;

CREATE TABLE order_status (
    id       INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    at       TEXT NOT NULL DEFAULT (datetime('now')),
    status   TEXT NOT NULL,
    source   TEXT NOT NULL DEFAULT '',          -- who says so: intake, user, a program
    note     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX order_status_order ON order_status (order_id);
-- The history is complete, whoever changes the status.
CREATE TRIGGER orders_status_insert AFTER INSERT ON orders BEGIN
    INSERT INTO order_status (order_id, status, source) VALUES (NEW.id, NEW.status, 'intake');
END;
CREATE TRIGGER orders_status_update AFTER UPDATE OF status ON orders WHEN NEW.status <> OLD.status BEGIN
    INSERT INTO order_status (order_id, status, source) VALUES (NEW.id, NEW.status, 'database');
END;
-- The site is told when, whoever changes what it is told.
CREATE TRIGGER orders_modified AFTER UPDATE OF status, handled, tracking, paid, paid_on, payment_status ON orders
WHEN NEW.modified IS OLD.modified AND (NEW.status <> OLD.status OR NEW.handled IS NOT OLD.handled
    OR NEW.tracking IS NOT OLD.tracking OR NEW.paid <> OLD.paid OR NEW.paid_on IS NOT OLD.paid_on
    OR NEW.payment_status IS NOT OLD.payment_status) BEGIN
    UPDATE orders SET modified = datetime('now') WHERE id = NEW.id;
END;
-- The reservation ends with the status, whoever changes it. on_hand_e3 is not touched: who ships writes it.
CREATE TRIGGER orders_release AFTER UPDATE OF status ON orders
WHEN NEW.status IN ('shipped', 'delivered', 'cancelled', 'returned') AND NEW.status <> OLD.status BEGIN
    UPDATE stock SET reserved_e3 = max(min(reserved_e3, 0), reserved_e3 -
            (SELECT sum(l.reserved_e3) FROM order_line l WHERE l.order_id = NEW.id AND l.reserved_e3 > 0
                AND l.product_id = stock.product_id AND l.variant_id = stock.variant_id AND l.warehouse_id = stock.warehouse_id))
     WHERE (product_id, variant_id, warehouse_id) IN
            (SELECT l.product_id, l.variant_id, l.warehouse_id FROM order_line l WHERE l.order_id = NEW.id AND l.reserved_e3 > 0);
    UPDATE order_line SET reserved_e3 = 0 WHERE order_id = NEW.id AND reserved_e3 <> 0;
END;
-- So ends what a certificate and the customer's bonus have paid.
CREATE TRIGGER orders_refund AFTER UPDATE OF status ON orders
WHEN NEW.status = 'cancelled' AND OLD.status <> 'cancelled' AND (NEW.certificate_used_e4 <> 0 OR NEW.bonus_taken_e4 <> 0) BEGIN
    UPDATE certificate SET used_e4 = max(0, used_e4 - NEW.certificate_used_e4) WHERE code = NEW.certificate;
    UPDATE customer SET bonus_e4 = bonus_e4 + NEW.bonus_taken_e4 WHERE id = NEW.customer_id AND NEW.bonus_taken_e4 <> 0;
    UPDATE orders SET certificate_used_e4 = 0, bonus_taken_e4 = 0, to_pay_e4 = lines_total_e4 WHERE id = NEW.id;
END;

-- A line that goes gives back what it holds.
CREATE TRIGGER order_line_release AFTER DELETE ON order_line WHEN OLD.reserved_e3 > 0 BEGIN
    UPDATE stock SET reserved_e3 = max(min(reserved_e3, 0), reserved_e3 - OLD.reserved_e3)
     WHERE product_id = OLD.product_id AND variant_id = OLD.variant_id AND warehouse_id = OLD.warehouse_id;
END;

-- What the mapping did not take, so that nothing of an order is lost.
CREATE TABLE order_unmapped (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    path     TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
) WITHOUT ROWID;

-- Remarks of the intake on an order: totals that do not add up, unknown codes, short stock.
CREATE TABLE order_warning (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
) WITHOUT ROWID;

-- What became of a refused file afterwards: moved back to be judged again, or deleted, by the site's owner.
CREATE TABLE intake_event (
    id        INTEGER PRIMARY KEY,
    site_id   INTEGER NOT NULL REFERENCES site (id),
    intake_id INTEGER REFERENCES intake (id) ON DELETE SET NULL, -- what had refused it; NULL: given up undecided
    at        TEXT NOT NULL DEFAULT (datetime('now')),
    event     TEXT NOT NULL CHECK (event IN ('retried', 'discarded')),
    name      TEXT NOT NULL,                    -- among the refused
    mark      TEXT NOT NULL UNIQUE              -- of the request: noted once
);
CREATE INDEX intake_event_intake ON intake_event (intake_id);

-- Each order met in a dropped file, also those refused.
CREATE TABLE intake_order (
    intake_id INTEGER NOT NULL REFERENCES intake (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    kind      TEXT NOT NULL DEFAULT 'order' CHECK (kind IN ('order', 'invoice')),
    number    TEXT,
    verdict   TEXT NOT NULL CHECK (verdict IN ('accepted', 'duplicate', 'revised', 'conflict', 'refused')),
    order_id  INTEGER REFERENCES orders (id) ON DELETE SET NULL,
    content_hash TEXT,                          -- as orders.content_hash; NULL where refused unread
    message   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (intake_id, position)
) WITHOUT ROWID;
CREATE INDEX intake_order_order ON intake_order (order_id);

-- An order that is deleted takes along what belongs to it, its reservation first, and gives back what has paid it.
-- What the journal says stays.
CREATE TRIGGER orders_delete BEFORE DELETE ON orders BEGIN
    UPDATE certificate SET used_e4 = max(0, used_e4 - OLD.certificate_used_e4) WHERE code = OLD.certificate AND OLD.certificate_used_e4 <> 0;
    UPDATE customer SET bonus_e4 = bonus_e4 + OLD.bonus_taken_e4 WHERE id = OLD.customer_id AND OLD.bonus_taken_e4 <> 0;
    DELETE FROM order_line WHERE order_id = OLD.id;
    DELETE FROM order_address WHERE order_id = OLD.id;
    DELETE FROM order_status WHERE order_id = OLD.id;
    DELETE FROM order_unmapped WHERE order_id = OLD.id;
    DELETE FROM order_warning WHERE order_id = OLD.id;
    UPDATE intake_order SET order_id = NULL WHERE order_id = OLD.id;
END;

-- change tracking: the tables; store/changes.c makes the triggers ---------------------------------------------

-- One row. sequence grows with every change to a tracked row; it never falls, unless an older copy of the database is
-- put back. token is drawn anew with each change, at which the clock said second: the same sequence reached on another
-- way has another token.
CREATE TABLE change_sequence (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL,
    token    INTEGER NOT NULL,
    second   INTEGER NOT NULL
);
INSERT INTO change_sequence VALUES (1, 1, random(), 0);

-- The tokens of the way here: that of the first change of each second, the newest 65,536. Who knows one that is not here
-- knows another history.
CREATE TABLE change_history (
    id    INTEGER PRIMARY KEY,
    token INTEGER NOT NULL
);
INSERT INTO change_history VALUES (1, random());

-- The last change of each block of 64 keys of each tracked table: at most one row per block, however many
-- changes there were. block 0 stands for a whole table where rows are not told apart. keys: which of them changed since
-- the day began, bit key & 63. No index on sequence: it would cost every writer a fifth more.
CREATE TABLE change_mark (
    source   INTEGER NOT NULL,
    block    INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    keys     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, block)
) WITHOUT ROWID;

-- The last change of each 256 neighbouring blocks, so that finding one changed block does not read the marks of all.
CREATE TABLE change_area (
    source   INTEGER NOT NULL,
    area     INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (source, area)
) WITHOUT ROWID;

-- Which products changed on a day before today. Days are those of UTC, counted from 1970-01-01; the first change of a
-- day moves the keys of the day before from change_mark to here. 60 days are kept.
CREATE TABLE change_day (
    block  INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    source INTEGER NOT NULL,
    keys   INTEGER NOT NULL,
    PRIMARY KEY (block, day, source)
) WITHOUT ROWID;

-- One row. day: of the last change; first: since when changes are known.
CREATE TABLE change_today (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    day   INTEGER NOT NULL,
    first INTEGER NOT NULL
);
INSERT INTO change_today VALUES (1, unixepoch() / 86400, unixepoch() / 86400);

-- Goods that were deleted, and variants (variant_id > 0), for 60 days: who takes only changes has to be told.
CREATE TABLE deleted_product (
    product_id  INTEGER NOT NULL,
    variant_id  INTEGER NOT NULL,
    sku         TEXT NOT NULL,
    external_id TEXT,
    product_sku TEXT NOT NULL DEFAULT '',          -- of a variant
    product_external_id TEXT,
    day         INTEGER NOT NULL,
    PRIMARY KEY (product_id, variant_id)
) WITHOUT ROWID;
CREATE INDEX deleted_product_day ON deleted_product (day);
