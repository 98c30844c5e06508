// P15: the app with a conversation of 100,000 messages, on the pretended daemon. Writes its
// rows to the file that is named, as the programs in benches/ do.
//   node e2e/p15.mjs FILE
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { faults, finish, launch, newPage } from './browser.mjs';
import { pretended } from './pretended.mjs';

const file = process.argv[2];
const OPENINGS = 9;
const STEPS = 600;

const sorted = (all) => [...all].sort((a, b) => a - b);
const quantile = (all, part) => sorted(all)[Math.min(all.length - 1, Math.floor(all.length * part))];
const quartiles = (all) => [quantile(all, 0.25), quantile(all, 0.75)];

/** Milliseconds from the beginning of a navigation to the first paint with content. */
async function paints(browser, there) {
  const all = [];
  for (let n = 0; n < OPENINGS; n += 1) {
    const page = await newPage(browser, { name: 'paint' });
    await page.goto(there.address);
    await page.locator('h1').first().waitFor({ state: 'attached' });
    all.push(await page.evaluate(() => new Promise((resolve) => {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (entry.name === 'first-contentful-paint') resolve(entry.startTime);
      }).observe({ type: 'paint', buffered: true });
    })));
    await page.context().close();
  }
  return all;
}

/** Bytes of the scripts that the first page asks for, gzipped. */
async function scripts(browser, there) {
  const page = await newPage(browser, { name: 'scripts' });
  const asked = new Set();
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.endsWith('.js')) asked.add(pathname);
  });
  await page.goto(there.address);
  await page.locator('.chat').first().waitFor();
  await page.waitForTimeout(500);
  await page.context().close();
  const dist = fileURLToPath(new URL('../dist', import.meta.url));
  return [...asked].reduce((sum, path) => sum + gzipSync(readFileSync(dist + path), { level: 9 }).length, 0);
}

/** Frames while the conversation moves, and while the same page rests. */
async function scrolling(browser, there) {
  const page = await newPage(browser, { name: 'scrolling' });
  await page.goto(there.address);
  await page.locator('.chat', { hasText: 'Ana' }).click();
  await page.locator('article', { hasText: 'Call me when you are home.' }).waitFor();
  await page.waitForTimeout(500);
  const seen = await page.evaluate(async (steps) => {
    const log = document.querySelector('[role=log]');
    const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const frames = async (count, move) => {
      const all = [];
      let before = await next();
      for (let n = 0; n < count; n += 1) {
        move();
        const now = await next();
        all.push(now - before);
        before = now;
      }
      return all;
    };
    const resting = await frames(steps, () => undefined);
    let [most, screens] = [0, 0];
    const moving = await frames(steps, () => {
      log.scrollTop -= 120;
      most = Math.max(most, log.querySelectorAll('article').length);
      screens = Math.max(screens, log.scrollHeight / log.clientHeight);
    });
    return { resting, moving, most, perScreen: most / screens };
  }, STEPS);
  await page.context().close();
  return seen;
}

const browser = await launch();
const there = await pretended({ SCENE: 'long' });
const paint = await paints(browser, there);
const seen = await scrolling(browser, there);
const bytes = await scripts(browser, there);
there.stop();
await browser.close();

const row = (more) => ({ against: null, baseline: null, ratio: null, goal: null, rate: null, met: null, quartiles: null, samples: null, ...more });
const [moving, resting] = [quantile(seen.moving, 0.5), quantile(seen.resting, 0.5)];
const rows = [
  row({
    id: 'P15', what: 'a frame while 100,000 messages are scrolled through, 120 pixels a frame', against: 'a frame of the same page at rest',
    ours: moving, baseline: resting, unit: 'ms', ratio: moving / resting, goal: 1.1, met: moving / resting <= 1.1,
    quartiles: [quartiles(seen.moving), quartiles(seen.resting)], samples: STEPS,
  }),
  row({ id: 'P15/slow', what: 'the slowest of 100 such frames', against: 'the slowest of 100 at rest', ours: quantile(seen.moving, 0.99), baseline: quantile(seen.resting, 0.99), unit: 'ms', ratio: quantile(seen.moving, 0.99) / quantile(seen.resting, 0.99) }),
  row({ id: 'P15/rows', what: 'messages in the page for each screen of them', ours: seen.perScreen, unit: 'messages', goal: null, met: seen.perScreen < 25 }),
  row({ id: 'P15/held', what: 'messages in the page at most', ours: seen.most, unit: 'messages' }),
  row({ id: 'P15/paint', what: 'from the opening to the first paint, less than 300 ms', ours: quantile(paint, 0.5), unit: 'ms', met: quantile(paint, 0.5) < 300, samples: OPENINGS }),
  row({ id: 'P15/script', what: 'script of the first page, gzipped, English words included, less than 80 KB', ours: bytes / 1000, unit: 'KB', met: bytes < 80_000 }),
];
for (const one of rows) console.log(`${one.id}: ${one.what}: ${one.ours.toFixed(1)} ${one.unit}${one.ratio === null ? '' : `, ratio ${one.ratio.toFixed(2)}`}${one.met === null ? '' : one.met ? ', met' : ', MISSED'}`);
if (file) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(rows, null, 2));
}
if (faults.length > 0) finish('p15');
