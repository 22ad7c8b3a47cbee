# shellcheck shell=bash
# For tests that drop orders and look at rows: after system.sh.
#
#     IN, RESULTS, PROCESSED, REJECTED   the directories below the mount's orders/

IN=$MNT/orders/incoming
RESULTS=$MNT/orders/results
PROCESSED=$MNT/orders/processed
REJECTED=$MNT/orders/rejected

# -- the database --

# sql STATEMENTS: as an accounting program does, beside the mount
sql() {
    sqlite3 -batch -cmd '.timeout 20000' "$DB" "$1"
}

# some_sku [N]: the Nth (0) product without variants that has at least 50 in stock
some_sku() {
    sql "SELECT sku FROM v_offer WHERE is_variant = 0 AND active = 1 AND variant_id = 0 AND price > 0
            AND stock >= 50 AND product_id NOT IN (SELECT product_id FROM variant)
          ORDER BY product_id LIMIT 1 OFFSET ${1:-0}"
}

# plenty: stock for everyone, so that orders never run short
plenty() {
    sql "UPDATE stock SET on_hand_e3 = 1000000, reserved_e3 = 0"
}

# free_stock SKU: what can still be sold
free_stock() {
    sql "SELECT CAST(sum(stock) AS INTEGER) FROM v_offer WHERE sku = '$1'"
}

# orders_with NUMBER: how many order rows have it
orders_with() {
    sql "SELECT count(*) FROM orders WHERE number = '$1'"
}

# imports_of NAME: how many uploads of this name were decided and taken as an order
imports_of() {
    sql "SELECT count(*) FROM intake WHERE name = '$1' AND verdict IN ('accepted', 'revised')"
}

# decisions_of NAME: how many uploads of this name were decided at all
decisions_of() {
    sql "SELECT count(*) FROM intake WHERE name = '$1'"
}

# rendered PATH: what `shopctl render` writes. A feed says when it was made: in this it follows the mount.
rendered() {
    local date

    date=$(head -c 500 "$MNT/$1" | grep -ao ' date="[^"]*"')
    "$SHOPCTL" render "${2:-$DB}" "$1" | sed "1,3s/ date=\"[^\"]*\"/$date/"
}

# -- orders --

# plain_order NUMBER [SKU [QUANTITY [PRICE]]]: our own format, with words that need their encoding
plain_order() {
    local sku=${2:-no-such-sku} quantity=${3:-1} price=${4:-100.00}

    cat <<END
<?xml version="1.0" encoding="UTF-8"?>
<order version="1">
  <number>$1</number>
  <date>2026-03-01 10:15:00</date>
  <currency>UAH</currency>
  <customer>
    <id>c-$1</id>
    <name>Олена Ковальчук</name>
    <email>olena-$1@shop.example</email>
    <phone>+380 67 111 22 33</phone>
  </customer>
  <deliver-to>
    <city>Київ</city>
    <street>вул. Садова 5 &amp; 7</street>
    <zip>01001</zip>
  </deliver-to>
  <delivery>Nova Poshta</delivery>
  <payment>card</payment>
  <items>
    <item>
      <code>$sku</code>
      <name>Goods "$sku" &lt;b&gt;</name>
      <quantity>$quantity</quantity>
      <price>$price</price>
    </item>
  </items>
  <note>Please call; not before 9:00</note>
</order>
END
}

# commerceml_order NUMBER [SKU [QUANTITY [PRICE]]]
commerceml_order() {
    local sku=${2:-no-such-sku} quantity=${3:-1} price=${4:-100.00}

    cat <<END
<?xml version="1.0" encoding="UTF-8"?>
<КоммерческаяИнформация ВерсияСхемы="2.05" ДатаФормирования="2026-03-01T10:15:00">
  <Документ>
    <Ид>site#$1</Ид>
    <Номер>$1</Номер>
    <Дата>2026-03-01</Дата>
    <Время>10:15:00</Время>
    <ХозОперация>Заказ товара</ХозОперация>
    <Роль>Продавец</Роль>
    <Валюта>UAH</Валюта>
    <Курс>1</Курс>
    <Сумма>$(python3 -c "from decimal import Decimal as D; print(D('$quantity') * D('$price'))")</Сумма>
    <Контрагенты>
      <Контрагент>
        <Ид>u-$1</Ид>
        <Наименование>Тарас Шевчук</Наименование>
        <ПолноеНаименование>Тарас Шевчук</ПолноеНаименование>
        <Фамилия>Шевчук</Фамилия>
        <Имя>Тарас</Имя>
        <Контакты>
          <Контакт><Тип>Почта</Тип><Значение>taras-$1@shop.example</Значение></Контакт>
          <Контакт><Тип>Телефон</Тип><Значение>+380 50 444 55 66</Значение></Контакт>
        </Контакты>
        <Роль>Покупатель</Роль>
      </Контрагент>
    </Контрагенты>
    <Товары>
      <Товар>
        <Ид>$sku</Ид>
        <Артикул>$sku</Артикул>
        <Наименование>Товар $sku</Наименование>
        <БазоваяЕдиница Код="796">шт</БазоваяЕдиница>
        <ЦенаЗаЕдиницу>$price</ЦенаЗаЕдиницу>
        <Количество>$quantity</Количество>
        <Сумма>$(python3 -c "from decimal import Decimal as D; print(D('$quantity') * D('$price'))")</Сумма>
        <ЗначенияРеквизитов>
          <ЗначениеРеквизита><Наименование>ТипНоменклатуры</Наименование><Значение>Товар</Значение></ЗначениеРеквизита>
        </ЗначенияРеквизитов>
      </Товар>
    </Товары>
    <ЗначенияРеквизитов>
      <ЗначениеРеквизита><Наименование>Метод оплаты</Наименование><Значение>Наличный расчет</Значение></ЗначениеРеквизита>
    </ЗначенияРеквизитов>
  </Документ>
</КоммерческаяИнформация>
END
}

# in_1251: a UTF-8 document on stdin, as windows-1251
in_1251() {
    sed '1s/UTF-8/windows-1251/' | iconv -f UTF-8 -t WINDOWS-1251//TRANSLIT
}

# big_order NUMBER SKU BYTES: an order of at least so many bytes; the padding is comments, the end comes last
big_order() {
    plain_order "$1" "$2" | sed '$d'
    awk -v size="$3" 'BEGIN {
        line = "  <!-- "; for (i = 0; i < 24; i++) line = line "padding "; line = line "-->"
        for (i = 0; i <= size / (length(line) + 1); i++) print line }'
    echo '</order>'
}

# -- verdicts --

# has_result NAME [REGEX]: the result of this upload is there, and says so
has_result() {
    [ -s "$RESULTS/$1.txt" ] && grep -qiE -- "${2:-.}" "$RESULTS/$1.txt"
}

# result_of NAME
result_of() {
    cat "$RESULTS/$1.txt" 2>&1
}

# check_result WHAT NAME REGEX: waits for it
check_result() {
    if wait_for 20 has_result "$2" "$3"; then
        pass "$1"
        return 0
    fi
    fail "$1" "no match of '$3' in $2.txt:
$(result_of "$2")
-- log
$(tail -n 10 "$SHOPFS_LOG")"
    return 1
}

# check_imports WHAT NAME COUNT: that many times in the end, and no more a moment later
check_imports() {
    imports_are() { [ "$(imports_of "$1")" = "$2" ]; }
    wait_for 20 imports_are "$2" "$3"
    check_equal "$1" "$3" "$(imports_of "$2")"
}

# stays WHAT SECONDS COMMAND...: the command succeeds all that time
stays() {
    local what=$1 until=$((SECONDS + $2))

    shift 2
    while [ $SECONDS -lt $until ]; do
        if ! "$@" >/dev/null 2>&1; then
            fail "$what" "not any more: $*"
            return 1
        fi
        sleep 0.1
    done
    pass "$what"
}

# A configuration file beside the database: configure [LINE...], each a line of its [site main]
configure() {
    CONF=$WORK/shop.conf
    {
        printf '[shop]\ndatabase = %s\n[site main]\n' "$DB"
        [ $# = 0 ] || printf '%s\n' "$@"
    } >"$CONF"
}
