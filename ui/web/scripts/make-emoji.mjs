// Makes src/emoji/*.json: the emoji of the grid, and what each is called in each
// language, so that it can be searched for. Run when Unicode has new ones:
//   npm install --no-save emojibase-data@17.0.0 cldr-annotations-full@48.2.0
//   node scripts/make-emoji.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const read = (path) => JSON.parse(readFileSync(new URL(`../node_modules/${path}`, import.meta.url)));
const write = (name, value) =>
  writeFileSync(new URL(`../src/emoji/${name}.json`, import.meta.url), `${JSON.stringify(value)}\n`);

// Older than what the systems of today draw; newer ones would be empty boxes.
const NEWEST = 15.1;
// Skin tones and hair are parts of others.
const COMPONENT = 2;

const all = read('emojibase-data/en/data.json')
  .filter((one) => one.group !== undefined && one.group !== COMPONENT && one.version <= NEWEST)
  .sort((a, b) => a.order - b.order);
const groups = [0, 1, 3, 4, 5, 6, 7, 8, 9];
write('list', groups.map((group) => all.filter((one) => one.group === group).map((one) => one.emoji)));

const byHexcode = (language) =>
  new Map(read(`emojibase-data/${language}/data.json`).map((one) => [one.hexcode, one]));
const es = byHexcode('es');
const ar = read('cldr-annotations-full/annotations/ar/annotations.json').annotations.annotations;
const bare = (emoji) => emoji.replaceAll('\ufe0f', '');
const words = (label, tags) => [...new Set([label, ...(tags ?? [])])].filter(Boolean).join(' ').toLowerCase();

const names = (of) => groups.map((group) => all.filter((one) => one.group === group).map(of));
write('en', names((one) => words(one.label, one.tags)));
write('es', names((one) => words(es.get(one.hexcode)?.label, es.get(one.hexcode)?.tags)));
write('ar', names((one) => words(ar[bare(one.emoji)]?.tts?.[0], ar[bare(one.emoji)]?.default)));
