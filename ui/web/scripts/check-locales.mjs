// No missing and no unused key, the same variables in each language, and no words
// in components: what people read comes from ui/locales alone.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FluentParser, Visitor } from '@fluent/syntax';
import { parse } from 'svelte/compiler';

const web = fileURLToPath(new URL('..', import.meta.url));
const locales = join(web, '..', 'locales');
const faults = [];
const fault = (where, what) => faults.push(`${where}: ${what}`);

// ------------------------------------------------------------------ catalogues
class Variables extends Visitor {
  found = new Set();
  visitVariableReference(node) {
    this.found.add(node.id.name);
  }
}

function catalogue(name) {
  const keys = new Map();
  for (const entry of new FluentParser().parse(readFileSync(join(locales, name), 'utf8')).body) {
    if (entry.type === 'Junk') fault(name, `not Fluent: ${entry.content.slice(0, 60).trim()}`);
    if (entry.type !== 'Message') continue;
    if (keys.has(entry.id.name)) fault(name, `${entry.id.name} is there twice`);
    const variables = new Variables();
    variables.visit(entry);
    keys.set(entry.id.name, [...variables.found].sort().join(' '));
  }
  return keys;
}

const names = readdirSync(locales).filter((name) => name.endsWith('.ftl'));
const english = catalogue('en.ftl');
for (const name of names.filter((name) => name !== 'en.ftl')) {
  const keys = catalogue(name);
  for (const [key, variables] of english) {
    if (!keys.has(key)) fault(name, `${key} is missing`);
    // A plural form may say a number in words, so a variable may be in fewer places, not of another name.
    else if (keys.get(key) !== variables) fault(name, `${key} has variables “${keys.get(key)}”, not “${variables}”`);
  }
  for (const key of keys.keys()) if (!english.has(key)) fault(name, `${key} is not in en.ftl`);
}

// --------------------------------------------------------------------- sources
const files = readdirSync(join(web, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(svelte|ts)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));
const sources = files.map((file) => [file.slice(web.length), readFileSync(file, 'utf8')]);

/** Keys that are made of parts: `state-${...}-text` uses each that fits. */
const quoted = new Set();
const patterns = [];
for (const [file, source] of sources) {
  for (const [, id] of source.matchAll(/['"]([a-z][a-z0-9]*(?:-[a-z0-9]+)*)['"]/g)) quoted.add(id);
  for (const [, id] of source.matchAll(/\bt\(\s*'([^']+)'/g))
    if (!english.has(id)) fault(file, `t('${id}'): no such key`);
  for (const [, template] of source.matchAll(/\bt\(\s*`([^`]+)`/g)) patterns.push(template);
  for (const [, template] of source.matchAll(/words = `([a-z]+-\$\{[^`]+)`;/g)) patterns.push(template);
}
// The words of the desktop window, which is no web page.
const desktop = join(web, '..', 'desktop', 'src');
for (const file of readdirSync(desktop).filter((name) => name.endsWith('.rs'))) {
  const source = readFileSync(join(desktop, file), 'utf8');
  for (const [, id] of source.matchAll(/"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)"/g)) quoted.add(id);
  for (const [, id] of source.matchAll(/\bwords\.get\("([^"]+)"\)/g))
    if (!english.has(id)) fault(`desktop/src/${file}`, `get("${id}"): no such key`);
}
const regexes = patterns.map(
  (template) => new RegExp(`^${template.replace(/\$\{[^}]*\}/g, '[a-z0-9-]+')}$`),
);
for (const regex of regexes)
  if (![...english.keys()].some((key) => regex.test(key))) fault('src', `no key fits ${regex}`);
for (const key of english.keys())
  if (!quoted.has(key) && !regexes.some((regex) => regex.test(key))) fault('en.ftl', `${key} is not used`);

// Keys that a state must have, since they are made of its name.
for (const key of english.keys())
  if (/^(state|network|contact)-/.test(key) && quoted.has(key) && isSaid(key) && !english.has(`${key}-text`))
    fault('en.ftl', `${key}-text is missing`);
function isSaid(key) {
  return sources.some(([file, source]) => file.endsWith('lib/words.ts') && source.includes(`id: '${key}'`));
}

// ---------------------------------------------------------- words in components
const SPOKEN = new Set(['aria-label', 'aria-description', 'title', 'placeholder', 'alt', 'label', 'text', 'hint']);
const isWord = (text) => /\p{L}{2}/u.test(text);

function look(node, file) {
  if (!node || typeof node !== 'object') return;
  if (node.type === 'Text' && isWord(node.data)) fault(file, `words in the markup: “${node.data.trim()}”`);
  if (node.type === 'Attribute') {
    const parts = Array.isArray(node.value) ? node.value : [node.value];
    if (SPOKEN.has(node.name))
      for (const part of parts) if (part?.type === 'Text' && isWord(part.data)) fault(file, `words in ${node.name}: “${part.data}”`);
    if (node.name === 'style') fault(file, 'an inline style, which the policy of the page blocks');
    return;
  }
  if (node.type === 'HtmlTag') fault(file, '{@html}: text is shown as text only');
  // A command that is typed as it stands.
  if (node.type === 'RegularElement' && node.name === 'code') return;
  for (const [key, child] of Object.entries(node)) {
    if (key === 'parent') continue;
    if (Array.isArray(child)) child.forEach((one) => look(one, file));
    else if (child && typeof child === 'object' && 'type' in child) look(child, file);
  }
}
for (const [file, source] of sources)
  if (file.endsWith('.svelte')) look(parse(source, { modern: true }).fragment, file);

if (faults.length > 0) {
  console.error(faults.join('\n'));
  console.error(`\n${faults.length} faults in languages or words`);
  process.exit(1);
}
console.log(`${names.length} languages, ${english.size} keys each; no words in components`);
