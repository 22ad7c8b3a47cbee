// What parsers of other people read in our files; run where they are installed (node_modules).
//
//   importers.js csv-parse|papaparse FILE DELIMITER [no-quotes]   the cells, as csv_cells and check_cells.py write them
//   importers.js commerceml IMPORT OFFERS                         goods and offers, as check_commerceml.py writes them
'use strict';
const fs = require('fs');
const path = require('path');
const load = (name) => require(path.join(process.cwd(), 'node_modules', name));

const escapes = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const line = (cells) => cells.map((c) => String(c ?? '').replace(/[\\\t\n\r]/g, (x) => escapes[x])).join('\t') + '\n';

function csv(reader, file, delimiter, noQuotes) {
  const text = fs.readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  const character = delimiter === 'tab' ? '\t' : delimiter;
  let rows;
  if (reader === 'csv-parse') {
    rows = load('csv-parse/dist/cjs/sync.cjs').parse(text, { delimiter: character, quote: noQuotes ? false : '"', relax_quotes: false });
  } else {
    const result = load('papaparse').parse(text, { delimiter: character, quoteChar: noQuotes ? '\x01' : '"', skipEmptyLines: 'greedy' });
    if (result.errors.length) throw new Error(JSON.stringify(result.errors[0]));
    rows = result.data;
  }
  for (const row of rows) process.stdout.write(line(row));
}

async function commerceml(goods, offers) {
  const { CommerceMlImportParser } = load('commerceml-parser/dist/import-parser');
  const { CommerceMlOffersParser } = load('commerceml-parser/dist/offers-parser');
  const list = (x) => [].concat(x ?? []).join('|');
  const first = new CommerceMlImportParser();
  first.onProduct((p) => {
    process.stdout.write(line(['goods', p.id, p.article, p.name, p.barcode, list(p.groupId), list(p.images), p.manufacturer && p.manufacturer.name,
      list((p.propertyValues || []).map((v) => v.id + '=' + v.values.join(','))), p.baseMeasurementUnit.code]));
  });
  await first.parse(fs.createReadStream(goods));
  const second = new CommerceMlOffersParser();
  second.onOffer((o) => {
    process.stdout.write(line(['offer', o.id, o.article, o.quantity, list((o.prices || []).map((p) => p.priceTypeId + '=' + p.pricePerUnit).sort()),
      list((o.stocks || []).map((s) => s.warehouseId + '=' + s.quantity))]));
  });
  await second.parse(fs.createReadStream(offers));
}

const [what, ...rest] = process.argv.slice(2);
if (what === 'commerceml') commerceml(...rest).catch((e) => { console.error(e); process.exit(1); });
else csv(what, ...rest);
