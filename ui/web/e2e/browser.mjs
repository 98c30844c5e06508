// Debian's Chromium by playwright-core, as a person would have it, but that it may
// talk to nobody: each request that leaves loopback is noted and refused.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where screenshots go. */
export const screens = process.env.HUSHWING_SCREENS ?? fileURLToPath(new URL('../../../target/screens', import.meta.url));
mkdirSync(screens, { recursive: true });

/** What went wrong in any page, for the end. */
export const faults = [];

export async function launch({ names = '' } = {}) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run', '--disable-sync', `--host-resolver-rules=${names}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`],
  });
}

/** A page of its own profile; every complaint of the browser is a fault. */
export async function newPage(browser, { width = 1280, height = 800, theme = 'light', locale = 'en', name = '', ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, locale, permissions: ['clipboard-read', 'clipboard-write'], ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(Number(process.env.TIMEOUT_MS ?? 60_000));
  page.on('console', (said) => {
    // A refused command is an answer, which Chromium reports as an error of its own.
    if (['error', 'warning'].includes(said.type()) && !/the server responded with a status of 4\d\d|WebSocket connection|ERR_(?:CONNECTION_REFUSED|EMPTY_RESPONSE|CONNECTION_RESET)/.test(said.text()))
      faults.push(`${name} console: ${said.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`${name} page error: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.hostname !== '127.0.0.1') faults.push(`${name} left loopback: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  return page;
}

/** axe-core, run by the debugger, so that the page's own policy stays as it is. */
export async function checkAccess(page, name) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  for (const violation of violations)
    faults.push(`${name} axe ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
}

/** Nothing sticks out of the window, and nothing is cut that should wrap. */
export async function checkLayout(page, name) {
  const wide = await page.evaluate(() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
    for (const element of document.querySelectorAll('button, h1, h2, h3, p, label, input, textarea')) {
      const box = element.getBoundingClientRect();
      if (box.width === 0 || element.closest('.sr')) continue;
      if (box.left < -1 || box.right > innerWidth + 1) found.push(`${element.tagName}.${element.className}: ${Math.round(box.left)}..${Math.round(box.right)}`);
    }
    return found.slice(0, 4);
  });
  for (const one of wide) faults.push(`${name} layout: ${one}`);
}

export async function shot(page, name, { access = true } = {}) {
  await page.waitForTimeout(180);
  await page.screenshot({ path: `${screens}/${name}.png` });
  await checkLayout(page, name);
  if (access) await checkAccess(page, name);
}

/** Tells what went wrong; the process fails if anything did. */
export function finish(what) {
  const all = [...new Set(faults)];
  if (all.length > 0) {
    console.error(all.join('\n'));
    console.error(`${what}: ${all.length} faults`);
    process.exitCode = 1;
  } else {
    console.log(`${what}: no faults`);
  }
}
