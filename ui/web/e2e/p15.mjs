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

/** Milliseconds from the beginning of a navigation to the first paint with content, and to the list of chats. */
async function paints(browser, there) {
  const [first, list] = [[], []];
  for (let n = 0; n < OPENINGS; n += 1) {
    const page = await newPage(browser, { name: 'paint' });
    await page.addInitScript(() => {
      const watch = new MutationObserver(() => {
        if (!document.querySelector('.chat')) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => (globalThis.listed = performance.now())));
      });
      watch.observe(document, { childList: true, subtree: true });
    });
    await page.goto(there.address);
    await page.waitForFunction(() => globalThis.listed !== undefined);
    list.push(await page.evaluate(() => globalThis.listed));
    first.push(await page.evaluate(() => new Promise((resolve) => {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (entry.name === 'first-contentful-paint') resolve(entry.startTime);
      }).observe({ type: 'paint', buffered: true });
    })));
    await page.context().close();
  }
  return { first, list };
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
    const moving = await frames(steps, () => (log.scrollTop -= 120));
    // Counted on a way of its own: to look for what is in sight takes time in a frame.
    let [most, inSight] = [0, 0];
    await frames(steps / 10, () => {
      log.scrollTop -= 120;
      const { top, bottom } = log.getBoundingClientRect();
      const boxes = [...log.querySelectorAll('article')].map((one) => one.getBoundingClientRect());
      most = Math.max(most, boxes.length);
      inSight = Math.max(inSight, boxes.filter((box) => box.bottom > top && box.top < bottom).length);
    });
    return { resting, moving, most, inSight };
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
  row({ id: 'P15/p95', what: 'the slowest of 20 such frames', against: 'the slowest of 20 at rest', ours: quantile(seen.moving, 0.95), baseline: quantile(seen.resting, 0.95), unit: 'ms', ratio: quantile(seen.moving, 0.95) / quantile(seen.resting, 0.95), goal: 1.1, met: quantile(seen.moving, 0.95) / quantile(seen.resting, 0.95) <= 1.1 }),
  row({ id: 'P15/slow', what: 'the slowest of 100 such frames', against: 'the slowest of 100 at rest', ours: quantile(seen.moving, 0.99), baseline: quantile(seen.resting, 0.99), unit: 'ms', ratio: quantile(seen.moving, 0.99) / quantile(seen.resting, 0.99) }),
  row({ id: 'P15/rows', what: 'messages in sight at most, less than 25', ours: seen.inSight, unit: 'messages', met: seen.inSight < 25 }),
  row({ id: 'P15/held', what: 'messages in the page at most, in sight or not', ours: seen.most, unit: 'messages' }),
  row({ id: 'P15/paint', what: 'from the opening to the first paint, less than 300 ms', ours: quantile(paint.first, 0.5), unit: 'ms', met: quantile(paint.first, 0.5) < 300, samples: OPENINGS }),
  row({ id: 'P15/list', what: 'from the opening to the list of chats', ours: quantile(paint.list, 0.5), unit: 'ms', samples: OPENINGS }),
  row({ id: 'P15/script', what: 'script of the first page, gzipped, English words included, less than 80 KB', ours: bytes / 1000, unit: 'KB', met: bytes < 80_000 }),
];
for (const one of rows) console.log(`${one.id}: ${one.what}: ${one.ours.toFixed(1)} ${one.unit}${one.ratio === null ? '' : `, ratio ${one.ratio.toFixed(2)}`}${one.met === null ? '' : one.met ? ', met' : ', MISSED'}`);
if (file) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(rows, null, 2));
}
if (faults.length > 0) finish('p15');
