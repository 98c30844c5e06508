// The desktop window, driven by WebKit's own driver over plain HTTP, on a screen, a bus and
// in a home folder of its own.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../../target', import.meta.url));
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** The program under test. */
export const program = process.env.HUSHWING_WINDOW ?? join(target, 'desktop/debug/hushwing-window');

const running = new Set();
const root = mkdtempSync(join(tmpdir(), 'hushwing-window-e2e-'));

/** Ends what was started here, and removes its folders. */
export function cleanUpScreens() {
  for (const child of running) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
}

function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  child.said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (child.said = (child.said + data).slice(-4000)));
  child.ended = new Promise((resolve) => child.once('exit', (code) => (running.delete(child), resolve(code))));
  child.once('error', (error) => (child.said += String(error)));
  return child;
}

const firstLine = (stream) => new Promise((resolve) => createInterface({ input: stream }).once('line', resolve));

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until `ask` gives something, and gives that. */
export async function until(what, ask, patienceMs = 30_000) {
  const end = Date.now() + patienceMs;
  let last;
  do {
    try {
      const found = await ask();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await pause(60);
  } while (Date.now() < end);
  throw new Error(`waited in vain for ${what}${last ? `: ${last.message}` : ''}`);
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A screen without a monitor, a session bus and a home: as the desktop of somebody. */
export async function makeDesk(name, { width = 1280, height = 860, language = 'en_GB.UTF-8', dark = false } = {}) {
  const home = join(root, name);
  for (const folder of ['', 'run', 'tmp', '.config/gtk-3.0']) mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, '.config/gtk-3.0/settings.ini'), `[Settings]\ngtk-application-prefer-dark-theme=${dark ? 1 : 0}\ngtk-theme-name=${dark ? 'Adwaita-dark' : 'Adwaita'}\n`);
  const xvfb = start('Xvfb', ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const display = `:${await firstLine(xvfb.stdio[3])}`;
  const bus = start('dbus-daemon', ['--session', '--nofork', '--print-address']);
  const address = await firstLine(bus.stdout);
  const env = {
    PATH: process.env.PATH, DISPLAY: display, HOME: home, TMPDIR: join(home, 'tmp'), XDG_RUNTIME_DIR: join(home, 'run'),
    LANG: language, DBUS_SESSION_BUS_ADDRESS: address, LIBGL_ALWAYS_SOFTWARE: '1', NO_AT_BRIDGE: '1', GSETTINGS_BACKEND: 'memory',
  };
  const manager = start('openbox', ['--sm-disable'], { env });
  const desk = {
    home, env, start: (command, args, more = {}) => start(command, args, { ...more, env: { ...env, ...more.env } }),
    /** Every file below the home, by its path. */
    files: () => readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)),
    run: async (command, args, more) => {
      const child = desk.start(command, args, more);
      const code = await child.ended;
      return { code, said: child.said };
    },
    windows: async () => {
      const { said } = await desk.run('xdotool', ['search', '--onlyvisible', '--name', '.']);
      const names = [];
      for (const id of said.split('\n').filter((line) => /^\d+$/.test(line))) names.push((await desk.run('xdotool', ['getwindowname', id])).said.trim());
      return names;
    },
    /** A picture of the whole screen. */
    picture: (file) => desk.run('import', ['-window', 'root', file]),
    close: async () => {
      for (const child of [manager, bus, xvfb]) {
        child.kill('SIGTERM');
        await child.ended;
      }
    },
  };
  return desk;
}

/** The window of a desk, started by the driver, with more in its environment than that has. */
export async function drive(desk, args, more = {}) {
  const starter = join(desk.home, 'starter');
  writeFileSync(starter, `#!/bin/sh\n${Object.entries(more).map(([name, value]) => `export ${name}='${value}'\n`).join('')}exec ${program} "$@"\n`, { mode: 0o700 });
  const port = await freePort();
  const driver = desk.start('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], { env: { TAURI_WEBVIEW_AUTOMATION: 'true' } });
  const ask = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, signal: AbortSignal.timeout(45_000), headers: { 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }).catch((error) => {
      throw new Error(`${method} ${path}: ${error.message}: ${error.cause?.message}; the driver: ${driver.exitCode} ${driver.signalCode} ${driver.said}`);
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value?.error}: ${value?.message}`);
    return value;
  };
  await until('the driver', () => ask('GET', '/status'));
  const { sessionId } = await ask('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: starter, args } } } }).catch((error) => {
    throw new Error(`${error.message}; ${driver.said}`);
  });
  const at = `/session/${sessionId}`;
  const find = async (css) => (await ask('POST', `${at}/element`, { using: 'css selector', value: css }))[ELEMENT];
  const page = {
    /** Runs `work` in the page and gives what it gives. */
    run: (work, ...values) => ask('POST', `${at}/execute/async`, { script: `const done = arguments[arguments.length - 1]; Promise.resolve((${work})(...[].slice.call(arguments, 0, -1))).then((value) => done({ value }), (error) => done({ error: String(error) }));`, args: values }).then((came) => {
      if (came.error !== undefined) throw new Error(came.error);
      return came.value;
    }),
    wait: (css) => until(css, () => find(css)),
    gone: (css) => until(`the end of ${css}`, async () => (await ask('POST', `${at}/elements`, { using: 'css selector', value: css })).length === 0),
    count: async (css) => (await ask('POST', `${at}/elements`, { using: 'css selector', value: css })).length,
    // What has just come may still be moving.
    click: async (css) => (await page.wait(css), await pause(250), ask('POST', `${at}/element/${await page.wait(css)}/click`, {})),
    type: async (css, text) => ask('POST', `${at}/element/${await page.wait(css)}/value`, { text }),
    value: (css) => page.run((where) => document.querySelector(where)?.value ?? null, css),
    text: (css) => page.run((where) => document.querySelector(where)?.textContent ?? null, css),
    says: (css, words) => until(`“${words}” in ${css}`, () => page.run((where, what) => [...document.querySelectorAll(where)].some((one) => one.textContent.includes(what)), css, words)),
    url: () => ask('GET', `${at}/url`),
    go: (url) => ask('POST', `${at}/url`, { url }),
    // The driver's own pictures do not come where nothing is composited.
    shot: async (file) => {
      await pause(300);
      await desk.picture(file);
    },
    end: async () => {
      await ask('DELETE', at).catch(() => undefined);
      driver.kill('SIGTERM');
      await driver.ended;
    },
  };
  await ask('POST', `${at}/timeouts`, { script: 30_000, pageLoad: 30_000, implicit: 0 });
  return page;
}

/** A folder with both programs in it. */
export function together(programs) {
  const folder = join(root, 'programs');
  mkdirSync(folder);
  symlinkSync(join(programs, 'hushwing'), join(folder, 'hushwing'));
  symlinkSync(program, join(folder, 'hushwing-window'));
  return folder;
}

/** Which files of `desk` hold one of `marks`. */
export function filesWith(desk, marks) {
  assert(marks.every((mark) => mark.length > 8));
  return desk.files().filter((file) => {
    const bytes = readFileSync(file);
    return marks.some((mark) => bytes.includes(mark) || bytes.includes(Buffer.from(mark, 'utf16le')));
  });
}
