// Every screen on a pretended daemon, in both themes, wide and narrow, from left to
// right and from right to left: looked at by axe-core and for what sticks out.
//   node e2e/screens.mjs [PART OF A NAME]
import { faults, finish, launch, newPage, shot } from './browser.mjs';
import { pretended } from './pretended.mjs';

const wanted = process.argv[2] ?? '';
const looks = [
  { look: 'wide-light', width: 1280, height: 800, theme: 'light', locale: 'en' },
  { look: 'wide-dark-ar', width: 1280, height: 800, theme: 'dark', locale: 'ar' },
  { look: 'narrow-dark', width: 360, height: 740, theme: 'dark', locale: 'en' },
  { look: 'narrow-light-ar', width: 360, height: 740, theme: 'light', locale: 'ar' },
  { look: 'zoomed-light-es', width: 640, height: 400, theme: 'light', locale: 'es', deviceScaleFactor: 2 },
];

const byId = (page, id) => page.locator(`#${id}`);
const openMenu = async (page, at, item) => {
  await page.locator('nav [aria-haspopup=menu]').nth(at).click();
  await page.locator('[role=menuitem]').nth(item).click();
};
const openChat = async (page, name) => {
  await page.locator('nav li .chat', { hasText: name }).click();
  await page.locator('[role=log] article').first().waitFor();
};

/** Each begins on a fresh page of its scene. */
const stories = {
  'first-run': { env: { SCENE: 'new' }, async walk(page, see) {
    await see('1-welcome');
    await page.locator('.way').first().click();
    await see('2-passphrase');
    await page.locator('input').fill('sunny');
    await page.waitForTimeout(400);
    await page.locator('form button.primary').click();
    await see('3-weak');
    await page.locator('input').fill('plover tundra eggshell wharf mimic');
    await page.locator('.strength.enough').waitFor();
    await see('4-strong');
    await page.locator('form button.primary').click();
    await see('5-repeat');
    await page.locator('input').fill('plover tundra eggshell wharf mimic');
    await page.locator('form button.primary').click();
    await page.locator('.strip').waitFor();
    await see('6-started');
  } },
  restore: { env: { SCENE: 'new' }, async walk(page, see) {
    await page.locator('.way').nth(1).click();
    await see('1-file');
    await page.locator('input[type=file]').setInputFiles({ name: 'a.backup', mimeType: 'application/octet-stream', buffer: Buffer.from('x') });
    await page.locator('input[type=password]').fill('wrong');
    await page.locator('form button.primary').click();
    await page.locator('[role=alert]:not(:empty)').waitFor();
    await see('2-wrong');
    await page.locator('input[type=password]').fill('right');
    await page.locator('form button.primary').click();
    await page.locator('.notice.good').waitFor();
    await see('3-found');
  } },
  unlock: { env: { SCENE: 'locked' }, async walk(page, see) {
    await page.locator('input').fill('wrong');
    await page.locator('form button').last().click();
    await page.locator('[role=alert]:not(:empty)').waitFor();
    await see('1-wrong');
    await page.locator('input').fill('soon');
    await page.locator('form button').last().click();
    await page.locator('form button.primary:disabled', { hasText: /\d/ }).waitFor();
    await see('2-soon');
  } },
  closed: { env: { SCENE: 'open' }, noCode: true, async walk(page, see) {
    await see('1');
  } },
  main: { env: { SCENE: 'open' }, async walk(page, see) {
    await see('1-list');
    await openChat(page, 'Ana');
    await see('2-chat');
    await byId(page, 'composer').fill('One more thing');
    await byId(page, 'composer').press('Enter');
    await page.waitForTimeout(500);
    await page.locator('form .icon-btn').first().click();
    await page.locator('.picker .grid button').first().waitFor();
    await see('3-emoji');
    await page.keyboard.press('Escape');
    await page.locator('.centre header .who').click();
    await see('4-contact');
    await page.keyboard.press('Escape');
    await page.locator('article.mine .meta').nth(-2).click();
    await page.locator('.side .history li').first().waitFor();
    await see('5-details');
    await page.locator('.side .row .btn', { has: page.locator('svg') }).last().click();
    await page.locator('dialog footer .danger').waitFor();
    await see('6-delete');
    await page.locator('dialog footer .danger').click();
    await page.waitForTimeout(300);
    await see('7-delete-unsent');
  } },
  search: { env: { SCENE: 'open', INDEX: 'partial' }, async walk(page, see) {
    await byId(page, 'chat-search').fill('the');
    await page.locator('nav .hit').first().waitFor();
    await see('1-found');
    await byId(page, 'chat-search').fill('zebra');
    await page.locator('nav section .none').waitFor();
    await see('2-nothing');
    await byId(page, 'chat-search').fill('committee');
    await page.locator('nav .hit').click();
    await page.locator('article.sought').waitFor();
    await see('3-there');
    await page.keyboard.press('Alt+Shift+KeyF');
    await byId(page, 'chat-search').fill('');
    await page.locator('nav .limits input:checked').waitFor();
    await see('4-here');
    await byId(page, 'chat-search').fill('papers');
    await page.locator('nav .hit').waitFor();
    await page.locator('nav .limits > label input').last().check();
    await page.locator('nav input[type=date]').nth(0).fill('2026-03-02');
    await page.locator('nav input[type=date]').nth(1).fill('2026-03-01');
    await page.locator('nav .limits .bad:not(:empty)').waitFor();
    await see('5-backwards');
    await page.locator('nav input[type=date]').nth(1).fill('2026-03-03');
    await page.locator('nav section .none').first().waitFor();
    await see('6-nothing-then');
    await page.locator('nav section .more').click();
    await page.locator('nav .hit').waitFor();
    await see('7-everywhere');
  } },
  ending: { env: { SCENE: 'open' }, async walk(page, see) {
    await openMenu(page, 1, 0);
    await page.locator('.side section[aria-labelledby=s-lock] .row .btn').nth(1).click();
    await page.locator('dialog input').nth(0).fill('wrong');
    await page.locator('dialog input').nth(1).fill('plover tundra eggshell wharf mimic');
    await page.locator('dialog .strength.enough').waitFor();
    await page.locator('dialog input').nth(2).fill('plover tundra eggshell wharf mimic');
    await page.locator('dialog footer .primary').click();
    await page.locator('dialog [role=alert]:not(:empty)').first().waitFor();
    await see('1-wrong');
    await page.locator('dialog input').nth(0).fill('soon');
    await page.locator('dialog footer .primary').click();
    await page.locator('dialog footer .primary:disabled', { hasText: /\d/ }).waitFor();
    await see('1-soon');
    await page.keyboard.press('Escape');
    await page.locator('.side section[aria-labelledby=s-wipe] .btn').click();
    await page.locator('dialog input').fill('no');
    await page.locator('dialog footer .danger').click();
    await page.locator('dialog [role=alert]:not(:empty)').first().waitFor();
    await see('2-wipe');
    const word = (await page.locator('dialog label').textContent()).match(/[“«]\P{L}*(\p{L}+)/u)[1];
    await page.locator('dialog input').fill(word);
    await page.locator('dialog footer .danger').click();
    await page.locator('.way').first().waitFor();
    await page.locator('main .notice').waitFor();
    await see('3-wiped');
  } },
  safety: { env: { SCENE: 'open' }, async walk(page, see) {
    await openChat(page, 'Bob');
    await see('1-unread');
    await page.locator('.centre header .who').click();
    await page.locator('.side .btn.primary').click();
    await see('2-emoji');
    await page.locator('.side input[type=radio]').nth(1).check({ force: true });
    await see('3-digits');
    await page.locator('.side input[type=radio]').nth(2).check({ force: true });
    await see('4-code');
    await page.locator('.side input[type=radio]').nth(0).check({ force: true });
    await page.locator('.side .btn.primary').click();
    await page.locator('.side .notice.good').waitFor();
    await see('5-verified');
    await page.locator('.side > .body > section.tight .btn').nth(1).click();
    await see('6-block');
    await page.keyboard.press('Escape');
    await page.locator('.side section .btn').first().waitFor();
    await page.locator('.side > .body > section.tight .btn').first().click();
    await page.locator('dialog input').fill('Bob from the paper');
    await see('7-rename');
    await page.locator('dialog footer .primary').click();
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.locator('.side .body').evaluate((body) => (body.scrollTop = 0));
    await see('8-renamed');
  } },
  strange: { env: { SCENE: 'open' }, async walk(page, see) {
    await openChat(page, 'Source');
    await see('1-changed');
    if (await page.locator('.centre .back').isVisible()) await page.locator('.centre .back').click();
    await openChat(page, '<b>');
    await see('2-hostile-end');
    await page.locator('[role=log]').evaluate((log) => (log.scrollTop = 0));
    await see('3-hostile');
  } },
  panels: { env: { SCENE: 'open' }, async walk(page, see) {
    await page.locator('.strip').click();
    await page.locator('.side .relay').first().waitFor();
    await see('1-network');
    await page.keyboard.press('Escape');
    await openMenu(page, 1, 0);
    await page.locator('.side .rich').waitFor();
    await see('2-settings');
    await page.locator('.side .body').evaluate((body) => (body.scrollTop = body.scrollHeight));
    await see('3-settings-end');
  } },
  dialogs: { env: { SCENE: 'open' }, async walk(page, see) {
    await openMenu(page, 0, 0);
    await see('1-invite');
    await page.locator('dialog footer .primary').click();
    await page.locator('dialog .link').waitFor();
    await page.locator('dialog [aria-expanded]').click();
    await see('2-invite-link');
    await page.keyboard.press('Escape');
    await openMenu(page, 0, 1);
    await see('3-redeem');
    await page.keyboard.press('Escape');
    await page.locator('nav .requests').click();
    await see('4-requests');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await see('5-palette');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+/');
    await see('6-shortcuts');
    await page.keyboard.press('Escape');
    await openMenu(page, 1, 1);
    await page.locator('.side section .btn').last().click();
    await see('7-relay');
  } },
  blocked: { env: { SCENE: 'open', TOR: 'blocked' }, async walk(page, see) {
    await page.locator('.strip').click();
    await see('1-network');
  } },
  starting: { env: { SCENE: 'open', TOR: 'starting' }, async walk(page, see) {
    await page.locator('.strip').click();
    await see('1-network');
  } },
};

const browser = await launch();
for (const [story, { env, noCode, walk }] of Object.entries(stories)) {
  for (const { look, ...settings } of looks) {
    const name = `${story}-${look}`;
    if (!name.includes(wanted)) continue;
    const there = await pretended(env);
    const page = await newPage(browser, { ...settings, name });
    try {
      await page.goto(noCode ? there.address.split('#')[0] : there.address);
      await page.locator('h1').first().waitFor();
      await walk(page, (part) => shot(page, `${story}-${part}-${look}`));
    } catch (error) {
      await page.screenshot({ path: `/tmp/failed-${name}.png` }).catch(() => undefined);
      faults.push(`${name}: ${String(error.message).split('\n').slice(0, 3).join(' ')}`);
    }
    await page.context().close();
    there.stop();
  }
}
await browser.close();
finish('screens');
