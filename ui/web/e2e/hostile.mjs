// A page of somebody else in the same browser, against a real daemon. It is even given
// the secrets, and must get nowhere all the same: it is of another origin. Then what
// the app's own page could be made to do, if a text ever became more than a text.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { faults, finish, launch } from './browser.mjs';
import { cleanUp, makePerson } from './people.mjs';

const REBOUND = 'rebound.example';
const CREATE = JSON.stringify({ command: 'create', passphrase: 'plover tundra eggshell wharf mimic' });

/** What the hostile page tries; each answers what came of it. */
async function attack({ base, secret, code, create }) {
  const tried = {};
  const outcome = (response) => (response.type === 'opaque' ? 'opaque' : `status ${response.status}`);
  const ask = (path, init) => fetch(base + path, init).then(outcome, () => 'refused');
  const json = { 'content-type': 'application/json' };
  tried.command = await ask('/v0/command', { method: 'POST', headers: { ...json, authorization: `Bearer ${secret}` }, body: create });
  tried.commandUnseen = await ask('/v0/command', { method: 'POST', mode: 'no-cors', body: create });
  tried.code = await ask('/v0/session', { method: 'POST', headers: json, body: JSON.stringify({ code }) });
  tried.codeUnseen = await ask('/v0/session', { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: JSON.stringify({ code }) });
  tried.page = await ask('/', {});
  const load = (element, set) =>
    new Promise((resolve) => {
      element.onload = () => resolve('loaded');
      element.onerror = () => resolve('refused');
      set(element);
      document.body.append(element);
    });
  tried.image = await load(new Image(), (image) => (image.src = `${base}/icon.svg`));
  tried.script = await load(document.createElement('script'), (script) => (script.src = `${base}/`));
  tried.style = await load(document.createElement('link'), (link) => Object.assign(link, { rel: 'stylesheet', href: `${base}/` }));
  tried.events = await new Promise((resolve) => {
    const socket = new WebSocket(`ws${base.slice(4)}/v0/events`, ['hushwing.v0', `hushwing.token.${secret}`]);
    socket.onopen = () => resolve('opened');
    socket.onerror = () => resolve('refused');
  });
  const frame = document.createElement('iframe');
  frame.src = `${base}/`;
  document.body.append(frame);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  try {
    tried.frame = frame.contentDocument?.querySelector('#app') ? 'read' : 'nothing seen';
  } catch {
    tried.frame = 'nothing seen';
  }
  return tried;
}

const browser = await launch({ names: `MAP ${REBOUND} 127.0.0.1, ` });
const stranger = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>other</title><body></body>'));

async function tell() {
  const person = await makePerson('hostile');
  const { origin: base, port } = new URL(await person.appAddress());
  const { secret } = JSON.parse(readFileSync(join(person.dir, 'api.json'), 'utf8'));
  const status = async () => {
    const answer = await fetch(`${base}/v0/command`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` }, body: '{"command":"status"}' });
    return (await answer.json()).vault;
  };
  await new Promise((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const elsewhere = `http://127.0.0.1:${stranger.address().port}`;
  const context = await browser.newContext();

  for (const [who, from] of [['another port', elsewhere], ['a name that leads here', `http://${REBOUND}:${port}`]]) {
    const page = await context.newPage();
    const met = page.waitForResponse((response) => response.url() === `${from}/`);
    await page.goto(`${from}/`).catch(() => undefined);
    const entrance = (await met).status();
    const code = new URL(await person.appAddress()).hash.slice('#open='.length);
    if (from === elsewhere) {
      const tried = await page.evaluate(attack, { base, secret, code, create: CREATE });
      for (const [what, came] of Object.entries(tried)) assert(['refused', 'opaque', 'nothing seen'].includes(came), `${who}: ${what}: ${came}`);
      const answered = page.waitForResponse((response) => response.url() === `${base}/v0/command`);
      await page.setContent(`<form method="post" enctype="text/plain" action="${base}/v0/command"><input name='{"command":"create","passphrase":"plover tundra eggshell wharf mimic","x":"' value='"}'></form>`);
      await page.evaluate(() => document.forms[0].submit());
      assert.equal((await answered).status(), 403, `${who}: a form`);
    } else {
      // Under that name there is no page at all that could try anything.
      assert.equal(entrance, 403, `${who}: a page`);
    }
    await page.close();
    const opened = await fetch(`${base}/v0/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code }) });
    assert.equal(opened.status, 200, `${who}: the code was not used up`);
    assert.equal(await status(), 'missing', `${who}: nothing was made`);
    console.log(`  ${who}: nothing`);
  }

  const page = await context.newPage();
  await page.goto(await person.appAddress());
  await page.locator('.way').first().waitFor();
  const within = await page.evaluate(async (elsewhere) => {
    const tried = {};
    const attempt = async (what, work) => {
      try {
        tried[what] = (await work()) ?? 'done';
      } catch (error) {
        tried[what] = error.name;
      }
    };
    await attempt('innerHTML', () => { document.createElement('div').innerHTML = '<b>x</b>'; });
    // In a task of its own: what the debugger runs itself may do as it likes.
    await attempt('eval', () => new Promise((resolve, reject) => {
      setTimeout(() => {
        try {
          resolve(globalThis.eval('1'));
        } catch (error) {
          reject(error);
        }
      });
    }));
    await attempt('script text', () => {
      const script = document.createElement('script');
      script.textContent = 'window.pwned = 1';
      document.head.append(script);
      return globalThis.pwned === 1 ? 'done' : 'nothing';
    });
    await attempt('fetch', () => fetch(`${elsewhere}/x`).then(() => 'done'));
    await attempt('image', () => new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve('done');
      image.onerror = () => resolve('nothing');
      image.src = `${elsewhere}/x.png`;
    }));
    await attempt('socket', () => new Promise((resolve) => {
      const socket = new WebSocket(`ws${elsewhere.slice(4)}/`);
      socket.onopen = () => resolve('done');
      socket.onerror = () => resolve('nothing');
    }));
    await attempt('style', () => {
      const box = document.createElement('p');
      box.setAttribute('style', 'width: 7px');
      document.body.append(box);
      return getComputedStyle(box).width === '7px' ? 'done' : 'nothing';
    });
    return tried;
  }, elsewhere);
  for (const [what, came] of Object.entries(within)) assert(came !== 'done' && came !== 1, `the page itself: ${what}: ${came}`);
  console.log(`  the page itself: ${JSON.stringify(within)}`);
}

try {
  await tell();
} catch (error) {
  faults.push(String(error.stack).split('\n').slice(0, 8).join('\n    '));
} finally {
  await browser.close();
  stranger.close();
  cleanUp();
}
finish('hostile');
process.exit();
