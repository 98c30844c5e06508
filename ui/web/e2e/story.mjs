// Two people and a relay: the real programs, driven through the app alone.
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { faults, finish, launch, newPage, screens, shot } from './browser.mjs';
import { cleanUp, isOverTor, makePerson, makeRelay } from './people.mjs';

const ALICE = 'plover tundra eggshell wharf mimic';
const ALICE_LATER = 'harbour velvet osprey ninety quilt';
const BOB = 'lantern gravel orchid seventeen moth';
// Numbers stand in marks that keep their direction apart.
const AT_RELAY = 'Waits for them at';
const HOSTILE = '<img src=x onerror=alert(1)> \u202etxt.exe \u200b\u0007 end';

const browser = await launch();
const chapter = async (title, tell) => {
  const began = Date.now();
  await tell();
  console.log(`  ${title}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
};

/** Longest wait for anything on a page: an onion service has to be found first. */
const PATIENCE_MS = isOverTor ? 240_000 : 30_000;

const openApp = async (page, person) => {
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(await person.appAddress());
  await page.locator('h1').first().waitFor();
};
const open = async (page) => {
  await page.locator('nav .chat').first().click();
  await page.locator('#composer').waitFor();
};
const write = async (page, text) => {
  await page.locator('#composer').fill(text);
  await page.locator('#composer').press('Enter');
  await page.locator('article.mine', { hasText: text.slice(0, 20) }).last().waitFor();
};
const state = (page, text, words) => page.locator('article.mine', { hasText: text }).filter({ hasText: words }).last().waitFor();
const panel = async (page, open) => {
  const info = page.locator('.centre header > .icon-btn').last();
  if (((await page.locator('.side').count()) > 0) !== open) await info.click();
};
const dialogButton = (page, nth) => page.locator('dialog footer .btn').nth(nth);

async function createAccount(page, passphrase, name) {
  await shot(page, `story-1-welcome-${name}`);
  await page.locator('.way').first().click();
  await page.locator('main input').fill('password1');
  await page.locator('.strength .full').first().waitFor();
  await page.locator('main .primary').click();
  await page.locator('.error span').waitFor();
  await shot(page, `story-2-weak-${name}`);
  await page.locator('main input').fill(passphrase);
  await page.locator('.strength.enough').waitFor();
  await page.locator('main .primary').click();
  await page.locator('.notice.wait').waitFor();
  await page.locator('main input').fill(passphrase);
  await page.locator('main .primary').click();
  await page.locator('.strip').waitFor();
  await page.locator('.start .step:visible').first().waitFor();
  await shot(page, `story-3-ready-${name}`);
}

async function addRelay(page, address) {
  await page.locator('.strip').click();
  await page.locator('.side section .btn').last().click();
  await page.locator('dialog textarea').fill('nonsense');
  await dialogButton(page, 1).click();
  await page.locator('dialog .error span').waitFor();
  await page.locator('dialog textarea').fill(address);
  await dialogButton(page, 1).click();
  await page.locator('.side .relay').waitFor();
  await page.keyboard.press('Escape');
}

async function unlock(page, passphrase) {
  await page.locator('input[type=password]').fill(passphrase);
  await page.locator('main form .primary').click();
}

async function tell() {
  const relay = await makeRelay('relay');
  const people = { alice: await makePerson('alice'), bob: await makePerson('bob') };
  const alice = await newPage(browser, { name: 'alice' });
  const bob = await newPage(browser, { name: 'bob', width: 390, height: 780, theme: 'dark', locale: 'es' });
  alice.on('dialog', () => faults.push('alice: a text ran as a script'));

  await chapter('two accounts and a relay', async () => {
    await openApp(alice, people.alice);
    await openApp(bob, people.bob);
    await createAccount(alice, ALICE, 'alice');
    await createAccount(bob, BOB, 'bob');
    await addRelay(alice, relay.address);
    await addRelay(bob, relay.address);
  });

  await chapter('an invite that asks, by the image of its code', async () => {
    await alice.keyboard.press('Alt+KeyN');
    await alice.locator('dialog input.input').fill('Alice');
    await alice.locator('dialog .rich input').last().check({ force: true });
    await dialogButton(alice, 1).click();
    await alice.locator('dialog .notice.good').waitFor();
    await alice.locator('dialog [aria-expanded]').click();
    await shot(alice, 'story-4-invite-alice');
    const code = await alice.locator('dialog svg[role=img]').screenshot();
    await alice.keyboard.press('Escape');
    await bob.locator('nav header [aria-haspopup]').first().click();
    await bob.locator('[role=menuitem]').nth(1).click();
    await bob.locator('dialog input[type=file]').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: code });
    await bob.waitForFunction(() => document.querySelector('dialog textarea')?.value.startsWith('hushwing:'));
    await bob.locator('dialog input.input').fill('Bob');
    await shot(bob, 'story-5-redeem-bob');
    await dialogButton(bob, 1).click();
    await bob.locator('.centre .notice').waitFor();
    await shot(bob, 'story-6-waiting-bob');
  });

  await chapter('written before it was accepted', async () => {
    await write(bob, 'Hello, it is me.');
    await state(bob, 'Hello, it is me.', 'Espera a que acepten');
  });

  await chapter('a request, accepted', async () => {
    await alice.locator('nav .requests').click();
    await alice.locator('dialog .card').waitFor();
    await shot(alice, 'story-7-request-alice');
    await alice.locator('dialog .card .primary').click();
    await alice.locator('article', { hasText: 'Hello, it is me.' }).waitFor();
    await state(bob, 'Hello, it is me.', 'En su dispositivo');
  });

  await chapter('the safety number: emoji, and by the image of a code', async () => {
    await panel(alice, true);
    await panel(bob, true);
    await alice.locator('.side .primary').click();
    await bob.locator('.side .primary').click();
    const symbols = (page) => page.locator('.side .emoji li > span:first-child').allTextContents();
    await alice.locator('.side .emoji li').first().waitFor();
    await bob.locator('.side .emoji li').first().waitFor();
    assert.deepEqual(await symbols(alice), await symbols(bob), 'both see the same emoji');
    assert.equal((await symbols(alice)).length, 16);
    await shot(alice, 'story-8-compare-alice');
    await alice.locator('.side input[type=radio]').nth(2).check({ force: true });
    const code = await alice.locator('.side svg[role=img]').screenshot();
    await alice.locator('.side input[type=radio]').nth(0).check({ force: true });
    await alice.locator('.side .primary').click();
    await alice.locator('.side .notice.good').waitFor();
    await bob.locator('.side input[type=radio]').nth(2).check({ force: true });
    await bob.locator('.side input[type=file]').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: code });
    await bob.locator('.side .notice.good').waitFor();
    await shot(bob, 'story-9-verified-bob');
    await panel(alice, false);
    await bob.keyboard.press('Escape');
    await alice.locator('nav .verified').waitFor();
  });

  await chapter('both ways, live', async () => {
    await write(alice, 'Welcome, Bob.');
    await bob.locator('article', { hasText: 'Welcome, Bob.' }).waitFor();
    await state(alice, 'Welcome, Bob.', 'On their device');
    await write(bob, 'مرحبا يا أليس 🎉');
    await alice.locator('article', { hasText: 'مرحبا يا أليس' }).waitFor();
    await write(bob, HOSTILE);
    await alice.locator('article', { hasText: 'onerror=alert(1)' }).waitFor();
    assert.equal(await alice.locator('[role=log] img').count(), 0);
    assert((await alice.locator('article', { hasText: 'onerror' }).textContent()).includes('U+202E'));
    await alice.locator('article.mine .meta').last().click();
    await alice.locator('.side .history li').nth(2).waitFor();
    await shot(alice, 'story-10-details-alice');
    await alice.keyboard.press('Escape');
  });

  await chapter('a reload keeps the page, a stranger gets none', async () => {
    await alice.reload();
    await open(alice);
    await alice.locator('article', { hasText: 'Welcome, Bob.' }).waitFor();
    assert.equal(await alice.evaluate(() => JSON.stringify([localStorage.length, sessionStorage.getItem('hushwing.again'), document.cookie])), '[0,null,""]');
    const stranger = await newPage(browser, { name: 'stranger' });
    await stranger.goto(new URL(alice.url()).origin);
    await stranger.locator('h1').waitFor();
    await stranger.locator('code').waitFor();
    await shot(stranger, 'story-11-stranger');
    await stranger.context().close();
  });

  await chapter('somebody is away', async () => {
    await people.bob.stop();
    await bob.locator('.offline').waitFor();
    await shot(bob, 'story-12-daemon-gone-bob');
    await write(alice, 'Read this when you are back.');
    await state(alice, 'Read this when', AT_RELAY);
    await shot(alice, 'story-13-at-relay-alice');
    await people.bob.start();
    await openApp(bob, people.bob);
    await unlock(bob, 'not the right one at all');
    await bob.locator('.error span').waitFor();
    await shot(bob, 'story-14-wrong-bob');
    await unlock(bob, BOB);
    await bob.locator('nav .unread').waitFor();
    await shot(bob, 'story-15-unread-bob');
    await open(bob);
    await bob.locator('article', { hasText: 'Read this when you are back.' }).waitFor();
    await state(alice, 'Read this when', 'On their device');
  });

  await chapter('no relay, no device: it waits, and is tried again', async () => {
    await people.bob.stop();
    await relay.stop();
    await write(alice, 'Nobody can take this now.');
    await state(alice, 'Nobody can take this', 'Waiting for a relay');
    await shot(alice, 'story-16-waiting-alice');
    await relay.start();
    const retry = alice.locator('article.mine', { hasText: 'Nobody can take this' }).locator('.after .btn');
    // A relay takes its time to come back over Tor: it may be tried again by itself at any moment.
    if (!isOverTor) await retry.click();
    else if (await retry.isVisible()) await retry.click({ timeout: 5_000 }).catch(() => undefined);
    await state(alice, 'Nobody can take this', AT_RELAY);
    await people.bob.start();
    await openApp(bob, people.bob);
    await unlock(bob, BOB);
    await open(bob);
    await bob.locator('article', { hasText: 'Nobody can take this now.' }).waitFor();
  });

  await chapter('search, lock, unlock', async () => {
    await alice.locator('#chat-search').fill('nobody');
    await alice.locator('nav .hit', { hasText: 'Nobody can take this now.' }).click();
    await alice.locator('article.sought', { hasText: 'Nobody can take this now.' }).waitFor();
    await shot(alice, 'story-16-found-alice');
    await alice.locator('#chat-search').fill('zzz');
    await alice.locator('nav section .none').waitFor();
    // In this chat alone and on a day of long ago: nothing; then everywhere again.
    await alice.keyboard.press('Alt+Shift+KeyF');
    await alice.locator('#chat-search').fill('welcome');
    await alice.locator('nav .hit', { hasText: 'Welcome, Bob.' }).waitFor();
    await alice.locator('nav .limits > label input').last().check();
    await alice.locator('nav input[type=date]').last().fill('2001-01-31');
    await alice.locator('nav section .none').waitFor();
    await alice.locator('nav section .more').click();
    await alice.locator('nav .hit', { hasText: 'Welcome, Bob.' }).waitFor();
    // What hides or turns something is as visible in what was found.
    await alice.locator('#chat-search').fill('onerror');
    assert((await alice.locator('nav .hit', { hasText: 'onerror' }).textContent()).includes('U+202E'));
    await alice.keyboard.press('Alt+KeyL');
    await alice.locator('input[type=password]').waitFor();
    assert.equal(await alice.locator('article, .chat').count(), 0, 'nothing of what was said stays on the page');
    await unlock(alice, ALICE);
    await open(alice);
    await alice.locator('article', { hasText: 'Nobody can take this now.' }).waitFor();
    assert.equal(await alice.locator('#chat-search').inputValue(), '', 'nor what was looked for');
  });

  await chapter('another passphrase: the old one opens nothing any more', async () => {
    await alice.keyboard.press('Alt+KeyS');
    await alice.locator('[aria-labelledby=s-lock] .row .btn').nth(1).click();
    const type = async (present) => {
      await alice.locator('dialog input').nth(0).fill(present);
      await alice.locator('dialog input').nth(1).fill(ALICE_LATER);
      await alice.locator('dialog .strength.enough').waitFor();
      await alice.locator('dialog input').nth(2).fill(ALICE_LATER);
      await alice.locator('dialog footer .primary').click();
    };
    await type('not the right one at all');
    await alice.locator('dialog .error span').first().waitFor();
    await shot(alice, 'story-17-wrong-alice');
    await type(ALICE);
    await alice.locator('dialog').waitFor({ state: 'detached' });
    await alice.keyboard.press('Escape');
    await alice.keyboard.press('Alt+KeyL');
    await unlock(alice, ALICE);
    await alice.locator('.error span').waitFor();
    await unlock(alice, ALICE_LATER);
    await open(alice);
  });

  await chapter('a message, deleted here alone', async () => {
    const gone = alice.locator('article.mine', { hasText: 'Welcome, Bob.' });
    await gone.locator('.meta').click();
    await alice.locator('.side .row .btn').last().click();
    await dialogButton(alice, 1).click();
    await gone.waitFor({ state: 'detached' });
    // Its details close with it.
    await alice.locator('.side').waitFor({ state: 'detached' });
    await alice.locator('#chat-search').fill('welcome');
    await alice.locator('nav section .none').waitFor();
    await alice.locator('#chat-search').fill('');
    assert.equal(await bob.locator('article', { hasText: 'Welcome, Bob.' }).count(), 1, 'the other side keeps it');
  });

  await chapter('blocked: nothing comes', async () => {
    await panel(alice, true);
    await alice.locator('.side > .body > section.tight .btn').nth(1).click();
    await dialogButton(alice, 1).click();
    await alice.locator('.centre .notice.wait').waitFor();
    await shot(alice, 'story-17-blocked-alice');
    await write(bob, 'Do you hear me?');
    await state(bob, 'Do you hear me?', 'relés');
    await alice.waitForTimeout(1_500);
    assert.equal(await alice.locator('article', { hasText: 'Do you hear me?' }).count(), 0);
    await alice.locator('.centre .notice .btn').click();
    await alice.locator('article', { hasText: 'Do you hear me?' }).waitFor();
    await panel(alice, false);
  });

  await chapter('a backup, restored elsewhere', async () => {
    await alice.keyboard.press('Alt+KeyS');
    await alice.locator('[aria-labelledby=s-backup] .btn').click();
    await alice.locator('[aria-labelledby=s-backup] input').fill(ALICE_LATER);
    const downloading = alice.waitForEvent('download');
    await alice.locator('[aria-labelledby=s-backup] .primary').click();
    const file = `${screens}/alice.backup`;
    await (await downloading).saveAs(file);
    await alice.locator('[aria-labelledby=s-backup] .notice.good').waitFor();
    await shot(alice, 'story-18-backup-alice');
    await people.alice.stop();
    people.again = await makePerson('alice-again');
    const again = await newPage(browser, { name: 'again', width: 1000 });
    await openApp(again, people.again);
    await again.locator('.way').nth(1).click();
    await again.locator('input[type=file]').setInputFiles({ name: 'alice.backup', mimeType: 'application/octet-stream', buffer: readFileSync(file) });
    await again.locator('main input[type=password]').fill('wrong one');
    await again.locator('main .primary').click();
    await again.locator('.error span').waitFor();
    await again.locator('main input[type=password]').fill(ALICE_LATER);
    await again.locator('main .primary').click();
    await again.locator('.notice.good').waitFor();
    await shot(again, 'story-19-restore-again');
    await again.locator('main .primary').click();
    await open(again);
    await again.locator('article', { hasText: 'Nobody can take this now.' }).waitFor();
    await write(again, 'I am back on another computer.');
    await bob.locator('article', { hasText: 'I am back on another computer.' }).waitFor();
    await shot(again, 'story-20-restored-again');
    people.again.page = again;
  });

  await chapter('all messages and then the contact, deleted on one side', async () => {
    const { page } = people.again;
    // Asked a second time where something has not arrived yet.
    const remove = async (nth) => {
      await bob.locator('.side section .btn').nth(nth).click();
      for (let n = 0; n < 2 && (await bob.locator('dialog').count()) > 0; n += 1) {
        await dialogButton(bob, 1).click();
        await bob.waitForFunction(() => document.querySelector('dialog footer .danger')?.disabled !== true);
      }
      await bob.locator('dialog').waitFor({ state: 'detached' });
    };
    await panel(bob, true);
    await remove(-2);
    await bob.keyboard.press('Escape');
    await bob.locator('[role=log] .empty').waitFor();
    assert.equal(await bob.locator('article').count(), 0);
    await shot(bob, 'story-21-no-history-bob');
    // A search finds none of it either, and the contact can still be written to.
    await bob.locator('.centre .back').click();
    await bob.locator('#chat-search').fill('welcome');
    await bob.locator('nav section .none').waitFor();
    await bob.locator('#chat-search').fill('');
    await open(bob);
    await write(bob, 'I have tidied up.');
    await page.locator('article', { hasText: 'I have tidied up.' }).waitFor();
    assert.equal(await page.locator('article', { hasText: 'I am back on another computer.' }).count(), 1, 'the other side keeps it');
    await state(bob, 'I have tidied up.', 'En su dispositivo');
    await panel(bob, true);
    await remove(-1);
    await bob.locator('.side').waitFor({ state: 'detached' });
    assert.equal(await bob.locator('nav .chat').count(), 0);
    assert.equal(await page.locator('nav .chat').count(), 1, 'who was deleted is not told');
    await shot(bob, 'story-22-no-contact-bob');
  });

  await chapter('the account is deleted: nothing of it is left', async () => {
    const { page } = people.again;
    await page.keyboard.press('Alt+KeyS');
    await page.locator('[aria-labelledby=s-wipe] .btn').click();
    await page.locator('dialog input').fill('not this');
    await page.locator('dialog footer .danger').click();
    await page.locator('dialog .error span').waitFor();
    await page.locator('dialog input').fill('delete');
    await shot(page, 'story-23-wipe-again');
    await page.locator('dialog footer .danger').click();
    await page.locator('.way').first().waitFor();
    await page.locator('main .notice.good').waitFor();
    assert.equal(await page.locator('article, .chat').count(), 0);
    assert.deepEqual(people.again.files().filter((name) => name.startsWith('vault') && name !== 'vault.lock'), []);
    await shot(page, 'story-24-gone-again');
  });
}

try {
  await tell();
} catch (error) {
  let n = 0;
  for (const context of browser.contexts()) for (const page of context.pages()) await page.screenshot({ path: `${screens}/failed-${(n += 1)}.png` }).catch(() => undefined);
  faults.push(String(error.stack).split('\n').slice(0, 12).join('\n    '));
} finally {
  await browser.close();
  cleanUp();
}
finish('story');
process.exit();
