// The desktop window: the real program on a screen of its own, before real daemons.
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { faults, finish, screens } from './browser.mjs';
import { cleanUp, makePerson, makeRelay, programs } from './people.mjs';
import { cleanUpScreens, drive, filesWith, makeDesk, pause, program, together, until } from './webdriver.mjs';

const ALICE = 'plover tundra eggshell wharf mimic';
const BOB = 'lantern gravel orchid seventeen moth';
const MARK = 'Marked-words-that-nobody-else-writes';

const chapter = async (title, tell) => {
  const began = Date.now();
  await tell();
  console.log(`  ${title}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
};

/** A command to the daemon of `dir`, as another program of its user. */
async function command(dir, name, fields = {}) {
  const { address, secret } = JSON.parse(readFileSync(join(dir, 'api.json'), 'utf8'));
  const answer = await fetch(`http://${address}/v0/command`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify({ command: name, ...fields }),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${name}: ${said.code}: ${said.message}`);
  return said;
}

/** A server that notes who comes: a proxy that somebody has set, a page elsewhere. */
async function makeTrap() {
  const came = [];
  const server = createServer((request, response) => {
    came.push(`${request.method} ${request.url}`);
    response.end('<title>elsewhere</title>');
  });
  server.on('connect', (request, socket) => (came.push(`CONNECT ${request.url}`), socket.end()));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { came, url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const trap = await makeTrap();
const PROXIES = Object.fromEntries(['http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].map((name) => [name, trap.url]));
/** Both programs beside each other, as they are installed. */
let folder;
const path = `${programs}:${process.env.PATH}`;

/** Starts the program once more, as a menu or a link does. */
const again = async (desk, dir, ...args) => {
  const { code, said } = await desk.run(program, ['--dir', dir, ...args], { env: { PATH: path } });
  return { code, said };
};

async function createAccount(page, passphrase) {
  await page.click('.way');
  await page.type('main input', passphrase);
  await page.wait('.strength.enough');
  await page.click('main .primary');
  await page.wait('.notice.wait');
  await page.type('main input', passphrase);
  await page.click('main .primary');
  await page.wait('.strip');
}

async function unlock(page, passphrase) {
  await page.type('input[type=password]', passphrase);
  await page.click('main form .primary');
  await page.wait('.strip');
}

/** What a text could try, if it ever became a script. */
async function tryToLeave(elsewhere) {
  const tried = {};
  const attempt = async (what, work) => {
    try {
      tried[what] = (await work()) ?? 'done';
    } catch (error) {
      tried[what] = `refused: ${String(error?.message ?? error).slice(0, 80)}`;
    }
  };
  const waits = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  for (const to of [`${elsewhere}/page`, 'https://example.org/', 'file:///etc/passwd', 'data:text/html,x', 'tauri://localhost/', 'hushwing:abc'])
    await attempt(`goes to ${to}`, async () => {
      location.href = to;
      await waits(150);
      return 'refused: still here';
    });
  await attempt('window.open', () => (window.open(`${elsewhere}/window`) === null ? 'refused: null' : 'done'));
  await attempt('fetch', () => fetch(`${elsewhere}/fetch`).then(() => 'done'));
  await attempt('image', () => new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve('done');
    image.onerror = () => resolve('refused: error');
    image.src = `${elsewhere}/image.png`;
  }));
  const bridge = window.__TAURI_INTERNALS__;
  const commands = ['plugin:app|version', 'plugin:app|exit', 'plugin:window|close', 'plugin:window|create', 'plugin:webview|create_webview_window', 'plugin:webview|print', 'plugin:path|resolve_directory', 'plugin:event|emit', 'plugin:event|listen', 'plugin:menu|new', 'plugin:tray|new', 'plugin:resources|close', 'plugin:image|from_path', 'plugin:opener|open_url', 'exit'];
  for (const name of commands)
    await attempt(`bridge ${name}`, async () => {
      if (!bridge?.invoke) return 'refused: no bridge';
      const answer = await Promise.race([bridge.invoke(name, { event: 'x', payload: 1, options: { label: 'x', url: elsewhere }, path: 'x', rid: 1 }), waits(1_000).then(() => 'refused: silence')]);
      return String(answer).startsWith('refused') ? answer : 'done';
    });
  tried.global = 'Tauri: ' + typeof window.__TAURI__;
  return tried;
}

const opened = [];

async function tell() {
  const relay = await makeRelay('relay');
  const bob = await makePerson('bob');
  folder = together(programs);
  await command(bob.dir, 'create', { passphrase: BOB });
  await command(bob.dir, 'relay_add', { address: relay.address });
  const invite = async () => (await command(bob.dir, 'invite_create', { name: 'Bob', expires_hours: 24 })).link;

  const desk = await makeDesk('alice');
  opened.push(desk);
  desk.env.PATH = path;
  const dir = join(desk.home, '.local/share/hushwing');
  let page;

  await chapter('the window starts the daemon; an account', async () => {
    assert(!existsSync(dir));
    page = await drive(desk, ['--dir', dir, '--without-tor'], PROXIES);
    await page.wait('.way');
    assert.match(await page.url(), /^http:\/\/127\.0\.0\.1:\d+\/$/, 'no code stays in the address');
    await page.shot(`${screens}/desktop-1-welcome.png`);
    await createAccount(page, ALICE);
    assert.equal((await command(dir, 'status')).vault, 'open');
    await command(dir, 'relay_add', { address: relay.address });
    await until('the title', async () => (await desk.windows()).includes('Hushwing'));
  });

  await chapter('a link that a second start brings: the dialog, filled in, and no more', async () => {
    const link = await invite();
    const { code, said } = await again(desk, dir, '--link', link.toUpperCase());
    assert.deepEqual({ code, said }, { code: 0, said: '' });
    await page.wait('dialog textarea');
    assert.equal(await page.value('dialog textarea'), link);
    await page.wait('dialog .notice.wait');
    await page.shot(`${screens}/desktop-2-redeem.png`);
    await desk.picture(`${screens}/desktop-2-whole.png`);
    await pause(1_000);
    assert.deepEqual((await command(dir, 'contacts')).contacts, [], 'nothing is redeemed by itself');
    await page.type('dialog input.input', 'Alice');
    await page.click('dialog footer .primary');
    await page.gone('dialog');
  });

  await chapter('a chat with somebody else', async () => {
    const contact = await until('Alice at Bob’s', async () => (await command(bob.dir, 'contacts')).contacts.find((one) => one.phase.phase === 'established'));
    await page.wait('#composer');
    await page.type('#composer', 'Hello from the window');
    await page.run(() => document.querySelector('#composer').form?.requestSubmit() ?? document.querySelector('#composer').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true })));
    await page.says('article.mine', 'Hello from the window');
    await until('her words at Bob’s', async () => (await command(bob.dir, 'read', { contact: contact.id, limit: 10 })).messages.some((one) => one.text === 'Hello from the window'));
    await command(bob.dir, 'send', { contact: contact.id, text: 'مرحبا, and <b>hello</b> 👋 \u202etxt' });
    await page.says('article', 'and <b>hello</b> 👋');
    assert.equal(await page.count('article b'), 0);
    await page.shot(`${screens}/desktop-3-chat.png`);
  });

  await chapter('copying reaches the clipboard of the system', async () => {
    await page.run(() => window.dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyN', key: 'n', altKey: true, bubbles: true })));
    await page.wait('dialog input.input');
    await page.click('dialog footer .primary');
    await page.wait('dialog .notice.good');
    await page.click('dialog .row .btn.primary');
    await page.says('dialog .btn', 'Copied');
    await page.run(() => document.querySelector('dialog').close());
    await page.gone('dialog');
  });

  await chapter('links that are none do nothing but say so', async () => {
    const hostile = ['--quit', '-', 'https://example.org/', 'javascript:alert(1)', "hushwing:a');alert(1)//", 'hushwing:abc\u0007', 'hushwing:ab\u202ec', `hushwing:${'a'.repeat(90_000)}`, 'hushwing-relay:abc234', ''];
    for (const link of hostile) {
      const before = (await desk.windows()).length;
      const { code } = await again(desk, dir, '--link', link);
      assert.equal(code, 0, link.slice(0, 30));
      await until(`the sentence about ${JSON.stringify(link.slice(0, 30))}`, async () => (await desk.windows()).length > before);
      if (link === '--quit') await desk.picture(`${screens}/desktop-4-no-link.png`);
      assert.equal(await page.count('dialog'), 0);
      await desk.run('xdotool', ['key', 'Escape']);
      await until('its end', async () => (await desk.windows()).length === before);
    }
    for (const words of [['hushwing:abc'], ['--lock', '--quit'], ['--eval', 'alert(1)']]) assert.equal((await again(desk, dir, ...words)).code, 2);
    assert.equal((await command(dir, 'status')).vault, 'open');
  });

  await chapter('the page gets nowhere else', async () => {
    const tried = await page.run(tryToLeave, trap.url);
    for (const [what, came] of Object.entries(tried)) if (what !== 'global') assert.match(came, /^refused/, `${what}: ${came}`);
    assert.equal(tried.global, 'Tauri: undefined');
    console.log(`    ${Object.entries(tried).filter(([what]) => what.startsWith('bridge')).slice(0, 1).map(([what, came]) => `${what}: ${came}`)}`);
    assert.match(await page.url(), /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.deepEqual(trap.came, [], 'nobody was asked anything');
    assert.equal(await page.count('#composer'), 1, 'the page is as it was');
  });

  await chapter('a link while it is locked waits until it is open', async () => {
    const { code } = await again(desk, dir, '--lock');
    assert.equal(code, 0);
    await page.wait('input[type=password]');
    const link = await invite();
    await again(desk, dir, '--link', link);
    await pause(500);
    assert.equal(await page.count('dialog'), 0);
    assert.equal(await page.run((words) => document.documentElement.outerHTML.includes(words), link), false, 'it is not to be seen');
    await page.shot(`${screens}/desktop-5-locked.png`);
    await unlock(page, ALICE);
    await page.wait('dialog textarea');
    assert.equal(await page.value('dialog textarea'), link);
    await page.run(() => document.querySelector('dialog').close());
  });

  await chapter('the link handler of the system opens the dialog', async () => {
    const installed = await desk.run(fileURLToPath(new URL('../../desktop/install.sh', import.meta.url)), [folder]);
    assert.equal(installed.code, 0, installed.said);
    const link = await invite();
    await desk.run('gio', ['open', link]);
    await page.wait('dialog textarea');
    assert.equal(await page.value('dialog textarea'), link);
    await page.run(() => document.querySelector('dialog').close());
    await page.gone('dialog');
    assert.equal((await command(dir, 'contacts')).contacts.length, 1, 'nothing is redeemed');
  });

  await chapter('a backup goes where a person says', async () => {
    await page.run(() => window.dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyS', key: 's', altKey: true, bubbles: true })));
    const make = async () => {
      await page.click('[aria-labelledby=s-backup] .btn');
      await page.type('[aria-labelledby=s-backup] input', ALICE);
      await page.click('[aria-labelledby=s-backup] .primary');
      await until('the question where', async () => (await desk.windows()).includes('Save the file'));
    };
    const file = join(desk.home, 'kept.backup');
    await make();
    await pause(500);
    await desk.picture(`${screens}/desktop-12-save.png`);
    await desk.run('xdotool', ['key', 'ctrl+a']);
    await desk.run('xdotool', ['type', '--delay', '20', file]);
    await desk.run('xdotool', ['key', 'Return']);
    await until('the file', () => existsSync(file) && statSync(file).size > 1_000);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const checked = desk.start('hushwing', ['--dir', dir, 'restore', '--check', '--passphrase-stdin', file], { stdio: ['pipe', 'pipe', 'pipe'] });
    checked.stdin.end(`${ALICE}\n`);
    assert.equal(await checked.ended, 0, checked.said);
    await make();
    await desk.run('xdotool', ['key', 'Escape']);
    await until('the end of the question', async () => !(await desk.windows()).includes('Save the file'));
    assert.deepEqual(desk.files().filter((name) => /hushwing-\d{4}/.test(name)), [], 'nothing else is written');
    // The list itself may be made anew, empty.
    const told = desk.files().filter((name) => name.includes('recently-used')).map((name) => readFileSync(name, 'utf8'));
    assert.deepEqual(told.filter((list) => /backup|<bookmark /.test(list)), [], 'no other program is told of it');
  });

  await chapter('a page whose token is dead is opened again', async () => {
    await page.run(() => {
      addEventListener('pagehide', () => sessionStorage.clear());
      setTimeout(() => location.reload());
    });
    await page.wait('a[href="hushwing-window:again"]');
    await page.shot(`${screens}/desktop-6-closed.png`);
    await page.click('a[href="hushwing-window:again"]');
    await page.wait('.strip');
  });

  await chapter('the daemon is killed: a plain sentence, and it goes on', async () => {
    const before = (await desk.windows()).length;
    const pid = (await desk.run('pgrep', ['-f', `hushwing --dir ${dir} --json run`])).said.trim();
    process.kill(Number(pid), 'SIGKILL');
    await until('the sentence', async () => (await desk.windows()).length > before);
    await desk.picture(`${screens}/desktop-7-stopped.png`);
    await desk.run('xdotool', ['key', 'Return']);
    await page.wait('input[type=password]');
    await unlock(page, ALICE);
    await page.says('nav .chat', 'Bob');
  });

  await chapter('closed without a tray, it ends, and the daemon it has started', async () => {
    await desk.run('xdotool', ['key', 'alt+F4']);
    await until('the end', () => !existsSync(join(dir, 'api.json')));
    await until('the last window', async () => !(await desk.windows()).some((name) => name.includes('Hushwing')));
    await until('the end of the door', () => !existsSync(join(dir, 'window.sock')));
    await page.end();
    assert.equal((await again(desk, dir, '--quit')).code, 0, 'nobody is there to end');
  });

  await chapter('nothing was sent to the proxy of the system', () => assert.deepEqual(trap.came, []));
  await desk.close();
  await tray(bob);
  await unseen(bob, relay);
}

/** A desktop with a tray, in Arabic and dark, before a daemon that runs already. */
async function tray(bob) {
  const desk = await makeDesk('tray', { language: 'ar_EG.UTF-8', dark: true, width: 1000 });
  opened.push(desk);
  desk.env.PATH = path;
  const host = desk.start(join(dirname(program), 'examples/tray_host'), [], { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = [];
  createInterface({ input: host.stdout }).on('line', (line) => lines.push(line));
  const heard = (what) => until(`${what} from the tray`, () => lines.some((line) => line.startsWith(what)));
  let page;
  await chapter('a tray: the sign says nothing of the account', async () => {
    await heard('ready');
    page = await drive(desk, ['--dir', bob.dir]);
    await page.wait('.strip');
    assert.equal(await page.run(() => document.documentElement.dir), 'rtl');
    await heard('registered');
    host.stdin.write('tell\n');
    await heard('IconName');
    assert(lines.includes('menu افتح Hushwing|قفل|إنهاء'), lines.join('; '));
    assert(!lines.some((line) => /Alice|Bob|\(\d/.test(line)));
    await page.shot(`${screens}/desktop-8-arabic-dark.png`);
  });

  await chapter('closed, it hides; the tray, a menu or a link bring it back', async () => {
    const isSeen = async () => (await desk.windows()).some((name) => name.includes('Hushwing'));
    const comes = (how) => until(`the window by ${how}`, isSeen);
    const goes = async () => {
      await desk.run('xdotool', ['key', 'alt+F4']);
      await until('the window’s going', async () => !(await isSeen()));
    };
    await comes('start');
    await goes();
    assert.equal(await page.count('.strip'), 1, 'it goes on');
    assert.equal((await again(desk, bob.dir)).code, 0);
    await comes('a second start');
    await goes();
    host.stdin.write('click افتح Hushwing\n');
    await comes('the tray');
    await goes();
    await again(desk, bob.dir, '--link', 'hushwing:abc234');
    await comes('a link');
    await page.wait('dialog textarea');
    await page.shot(`${screens}/desktop-9-redeem-arabic.png`);
    await page.run(() => document.querySelector('dialog').close());
  });

  await chapter('narrow', async () => {
    const { said } = await desk.run('xdotool', ['search', '--onlyvisible', '--name', 'Hushwing']);
    const id = said.trim().split('\n')[0];
    await desk.run('xdotool', ['windowsize', '--sync', id, '200', '300']);
    await pause(400);
    const [width, height] = await page.run(() => [innerWidth, innerHeight]);
    assert(width >= 360 && height >= 480, `${width} × ${height}`);
    await page.shot(`${screens}/desktop-10-narrow.png`);
  });

  await chapter('lock and quit by the tray; the daemon that was there stays', async () => {
    host.stdin.write('click قفل\n');
    await page.wait('input[type=password]');
    assert.equal((await command(bob.dir, 'status')).vault, 'locked');
    host.stdin.write('click إنهاء\n');
    await until('the end', () => !existsSync(join(bob.dir, 'window.sock')));
    assert.equal((await command(bob.dir, 'status')).vault, 'locked');
    await page.end();
  });
  host.stdin.end();
  await desk.close();
}

/** As people have it, driven by nobody: what it writes to the disk, and whom it speaks to. */
async function unseen(bob) {
  const desk = await makeDesk('unseen', { dark: true });
  opened.push(desk);
  desk.env.PATH = path;
  Object.assign(desk.env, PROXIES);
  await chapter('the window leaves nothing behind and speaks to the daemon alone', async () => {
    await command(bob.dir, 'unlock', { passphrase: BOB });
    const trace = join(desk.home, 'trace');
    const { port } = new URL(await bob.appAddress());
    const contact = (await command(bob.dir, 'contacts')).contacts[0];
    await command(bob.dir, 'send', { contact: contact.id, text: MARK });
    const link = `hushwing:${'seekmefindme'.repeat(4)}`;
    const traced = desk.start('strace', ['-f', '-qq', '-s', '0', '-e', 'trace=connect,sendto,sendmsg,bind', '-o', trace, program, '--dir', bob.dir, '--link', link]);
    await until('the window', async () => (await desk.windows()).some((name) => name.includes('Hushwing')), 90_000);
    await pause(6_000);
    await desk.picture(`${screens}/desktop-11-unseen.png`);
    const lines = (await desk.run('sh', ['-c', "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null; tr '\\0' ' ' < $p/comm 2>/dev/null; done"])).said;
    assert(!lines.replace(/strace[^\n]*?hushwing-window --dir \S+ --link \S+/g, '').includes('seekmefindme'), 'the link stands on no command line any more');
    const limits = readFileSync(`/proc/${(await desk.run('pgrep', ['-f', 'hushwing-window --again'])).said.trim().split('\n')[0]}/limits`, 'utf8');
    assert.match(limits, /Max core file size\s+0\s+0/);
    const web = (await desk.run('pgrep', ['WebKitWebProces'])).said.trim().split('\n').filter(Boolean);
    assert(web.length > 0 && web.every((pid) => /Max core file size\s+0\s+0/.test(readFileSync(`/proc/${pid}/limits`, 'utf8'))), 'the page’s process leaves no core dump either');
    assert.equal((await again(desk, bob.dir, '--quit')).code, 0);
    await traced.ended;
    const calls = readFileSync(trace, 'utf8').split('\n');
    const inet = calls.filter((line) => /sa_family=AF_INET/.test(line));
    const others = inet.filter((line) => !line.includes(`sin_port=htons(${port}), sin_addr=inet_addr("127.0.0.1")`));
    assert(inet.length > 0, 'the trace sees connections');
    assert.deepEqual(others, [], 'the daemon alone is spoken to');
    assert.deepEqual(trap.came, []);
    assert.deepEqual(filesWith(desk, [MARK, 'seekmefindme', 'Hello from the window']), []);
    const ours = desk.files().map((file) => file.slice(desk.home.length + 1)).filter((file) => !/^(trace|run\/|\.cache\/openbox\/|\.config\/gtk-3.0\/settings.ini)/.test(file));
    assert.deepEqual(ours, [], 'it makes no file');
  });
  await desk.close();
}

try {
  await tell();
} catch (error) {
  for (const [n, desk] of opened.entries()) await desk.picture(`${screens}/desktop-failed-${n}.png`).catch(() => undefined);
  faults.push(String(error.stack).split('\n').slice(0, 12).join('\n    '));
} finally {
  cleanUpScreens();
  cleanUp();
  trap.close();
}
finish('desktop');
process.exit();
