// On a pretended daemon: everything without a mouse, hostile texts, and a
// conversation of 100,000 messages.
import { strict as assert } from 'node:assert';
import { checkAccess, checkLayout, faults, finish, launch, newPage } from './browser.mjs';
import { pretended } from './pretended.mjs';

const PASSPHRASE = 'plover tundra eggshell wharf mimic';

const focused = (page) =>
  page.evaluate(() => {
    const at = document.activeElement;
    const box = at?.getBoundingClientRect();
    return { tag: at?.tagName ?? '', id: at?.id ?? '', text: (at?.getAttribute('aria-label') ?? at?.textContent ?? '').trim().slice(0, 60), seen: !!box && box.width > 0 && box.height > 0 };
  });

/** Tab until the focus is where `wanted` says; whatever is passed must be seen. */
async function tabTo(page, wanted, most = 40) {
  for (let n = 0; n < most; n += 1) {
    const at = await focused(page);
    if (wanted(at)) return at;
    assert(at.tag === 'BODY' || at.seen, `the focus is on something that is not seen: ${JSON.stringify(at)}`);
    await page.keyboard.press('Tab');
  }
  throw new Error(`not reached by Tab: ${wanted}; at ${JSON.stringify(await focused(page))}`);
}

const stories = {
  async 'a new account and its first steps, by keyboard alone'(browser) {
    const there = await pretended({ SCENE: 'new' });
    const page = await newPage(browser, { name: 'keyboard' });
    await page.goto(there.address);
    await page.locator('.way').first().waitFor();
    await tabTo(page, (at) => at.text.startsWith('Create an account'));
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
    await page.keyboard.type(PASSPHRASE);
    await page.locator('.strength.enough').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Type it once more').waitFor();
    await page.waitForFunction(() => document.activeElement?.value === '');
    await page.keyboard.type(PASSPHRASE);
    await page.keyboard.press('Enter');
    await page.locator('.strip').waitFor();
    await tabTo(page, (at) => at.text.startsWith('Optional: add a relay'));
    await page.keyboard.press('Enter');
    // This types faster than any hand: a dialog is fetched when it is first asked for.
    const dialog = () => page.waitForFunction(() => document.activeElement?.matches('dialog input, dialog textarea'));
    await dialog();
    await page.keyboard.type('hushwing-relay:aebagbafaydqqcikbmga2dqpcaireeyu');
    await tabTo(page, (at) => at.tag === 'BUTTON' && at.text === 'Add a relay');
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Alt+KeyN');
    await dialog();
    await page.keyboard.type('Ana');
    await page.keyboard.press('Enter');
    await page.locator('dialog .link').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+KeyK');
    await dialog();
    await page.keyboard.type('invite');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('The link that you were given').waitFor();
    await page.keyboard.type('hushwing:abc');
    await tabTo(page, (at) => at.text === 'Connect');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'composer');
    there.stop();
  },

  async 'reading and writing by keyboard alone'(browser) {
    const there = await pretended({ SCENE: 'open' });
    const page = await newPage(browser, { name: 'writing' });
    await page.goto(there.address);
    await page.locator('.chat').first().waitFor();
    await page.keyboard.press('Alt+ArrowDown');
    await page.waitForFunction(() => document.activeElement?.id === 'composer');
    await page.locator('article').first().waitFor();
    await page.keyboard.type('First line');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('second line');
    await page.keyboard.press('Enter');
    await page.locator('article.mine', { hasText: 'second line' }).waitFor();
    assert.equal(await page.locator('#composer').inputValue(), '');
    await page.locator('article.mine', { hasText: 'On their device' }).last().waitFor();
    // An answer that events have overtaken does not set the message back.
    await page.keyboard.type('late answer');
    const answered = page.waitForResponse((response) => response.request().postData()?.includes('late answer') ?? false);
    await page.keyboard.press('Enter');
    await answered;
    await page.waitForTimeout(200);
    await page.locator('article.mine', { hasText: 'late answer' }).filter({ hasText: 'On their device' }).waitFor({ timeout: 1_000 });
    await page.keyboard.press('ArrowUp');
    assert.equal((await focused(page)).tag, 'ARTICLE');
    await page.keyboard.press('Enter');
    await page.locator('.side .history li').first().waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.side').waitFor({ state: 'detached' });
    assert.equal((await focused(page)).tag, 'ARTICLE', 'the focus goes back to the message');
    // A draft stays with its chat.
    await page.keyboard.press('Alt+KeyW');
    await page.keyboard.type('kept');
    await page.keyboard.press('Alt+ArrowDown');
    await page.waitForFunction(() => document.querySelector('#composer')?.value === '');
    await page.locator('.draft').waitFor();
    await page.keyboard.press('Alt+ArrowUp');
    await page.waitForFunction(() => document.querySelector('#composer')?.value === 'kept');
    // Everything that can be pressed can be reached, and says what it is.
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, textarea, select')].filter((one) => one.checkVisibility() && one.tabIndex >= 0 && !(one.getAttribute('aria-label') || one.labels?.length || one.textContent?.trim())).map((one) => one.outerHTML.slice(0, 120)),
    );
    assert.deepEqual(nameless, []);
    there.stop();
  },

  async 'searching by keyboard alone'(browser) {
    const there = await pretended({ SCENE: 'open' });
    const page = await newPage(browser, { name: 'searching' });
    const queries = [];
    page.on('request', (request) => { if (request.postData()?.includes('"command":"search"')) queries.push(JSON.parse(request.postData())); });
    await page.goto(there.address);
    await page.locator('.chat').first().waitFor();
    await page.keyboard.press('Alt+KeyF');
    await page.keyboard.type('papers');
    await page.locator('.hit').waitFor();
    assert.equal(await page.locator('.hit mark').textContent(), 'papers');
    await page.keyboard.press('ArrowDown');
    assert((await focused(page)).text.includes('papers'), 'down from the words: what was found');
    await page.keyboard.press('ArrowUp');
    assert.equal((await focused(page)).id, 'chat-search', 'and up again');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('article.sought', { hasText: 'papers' }).waitFor();
    await page.waitForFunction(() => document.activeElement?.matches('article.sought'));
    assert((await page.locator('article.sought .sr').first().textContent()).includes('that you looked for'), 'said, not only shown');
    // In this chat alone, then at a time, then everywhere again.
    await page.keyboard.press('Alt+Shift+KeyF');
    await page.waitForFunction(() => document.activeElement?.id === 'chat-search');
    await page.keyboard.press('Control+KeyA');
    await page.keyboard.type('usual');
    await page.getByText('No message has all these words.').waitFor();
    assert.equal(await page.locator('nav .chat').count(), 0);
    await tabTo(page, (at) => at.tag === 'BUTTON' && at.text === 'Search all chats and all times');
    await page.keyboard.press('Enter');
    await page.locator('.hit', { hasText: 'usual' }).waitFor();
    assert.equal((await focused(page)).id, 'chat-search', 'the focus does not go with the button');
    await page.getByLabel('Only at a certain time').check();
    await page.getByLabel('Last day').fill('2001-01-31');
    await page.getByText('No message has all these words.').waitFor();
    const asked = queries.at(-1);
    assert.equal(asked.before_ms, await page.evaluate(() => new Date(2001, 1, 1).getTime()), 'the last day is looked through to its end');
    assert.equal(asked.contact, null);
    // What no daemon would take is cut where characters end; markup and signs are words or nothing.
    await page.getByLabel('Only at a certain time').uncheck();
    await page.locator('#chat-search').fill('ب'.repeat(300));
    await page.waitForTimeout(600);
    assert.equal(Buffer.byteLength(queries.at(-1).text), 256);
    assert.equal(await page.locator('nav section [role=alert]:not(:empty)').count(), 0);
    await page.locator('#chat-search').fill('<img onerror');
    await page.locator('.hit', { hasText: '<img src=x onerror=alert(1)>' }).waitFor();
    assert.equal(await page.locator('.hit img, .hit script').count(), 0);
    await page.locator('#chat-search').fill('👍');
    await page.locator('.hit mark', { hasText: '👍' }).waitFor();
    await page.locator('#chat-search').press('Escape');
    await page.locator('.hit').waitFor({ state: 'detached' });
    // A lock leaves nothing of it behind.
    await page.locator('#chat-search').fill('papers');
    await page.locator('.hit').waitFor();
    await page.keyboard.press('Alt+KeyL');
    await page.locator('input[type=password]').fill('right');
    await page.keyboard.press('Enter');
    await page.locator('.chat').first().waitFor();
    assert.equal(await page.locator('#chat-search').inputValue(), '');
    there.stop();
  },

  async 'many messages found, page by page'(browser) {
    const there = await pretended({ SCENE: 'long' });
    const page = await newPage(browser, { name: 'pages' });
    await page.goto(there.address);
    await page.locator('.chat').first().waitFor();
    await page.locator('#chat-search').fill('number 5');
    await page.locator('.hit').waitFor();
    await page.locator('#chat-search').fill('message number');
    await page.locator('.hit').nth(19).waitFor();
    assert((await page.locator('nav section [role=status]').textContent()).includes('there are more'));
    for (let pages = 2; pages <= 4; pages += 1) {
      await page.locator('nav section .more').click();
      await page.locator('.hit').nth(pages * 20 - 1).waitFor();
    }
    const order = await page.locator('.hit').evaluateAll((all) => all.map((one) => Number(/number (\d+)/.exec(one.textContent)[1])));
    assert.deepEqual(order, [...order].sort((a, b) => b - a), 'the newest first');
    assert.equal(new Set(order).size, 80);
    // One from the deep: the window begins around it and goes on to both sides.
    await page.locator('#chat-search').fill('number 41237');
    await page.locator('.hit', { hasText: '41237' }).click();
    await page.locator('article.sought', { hasText: 'number 41237' }).waitFor();
    const inSight = await page.locator('article.sought').evaluate((one) => { const box = one.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; });
    assert(inSight, 'it stands in sight');
    await page.locator('article', { hasText: 'number 41236' }).waitFor();
    await page.locator('article', { hasText: 'number 41238' }).waitFor();
    there.stop();
  },

  async 'deleting by keyboard alone'(browser) {
    const there = await pretended({ SCENE: 'long' });
    const page = await newPage(browser, { name: 'deleting' });
    // While a dialog rises its colours are those of what shines through.
    const atRest = () => page.waitForFunction(() => document.getAnimations().length === 0);
    await page.goto(there.address);
    await page.locator('.chat').first().waitFor();
    // A message far from the end: the others stay where they are.
    await page.locator('#chat-search').fill('number 41237');
    await page.locator('.hit', { hasText: '41237' }).press('Enter');
    await page.locator('article.sought').waitFor();
    await page.waitForFunction(() => document.activeElement?.matches('article.sought'));
    await page.keyboard.press('Enter');
    await page.locator('.side .history li').first().waitFor();
    await tabTo(page, (at) => at.tag === 'BUTTON' && at.text === 'Delete');
    await page.keyboard.press('Enter');
    await page.getByText('The other side keeps').waitFor();
    assert.equal((await focused(page)).text, 'Cancel', 'the question begins on the way out');
    await atRest();
    await checkAccess(page, 'delete-message');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('article', { hasText: 'number 41237' }).waitFor({ state: 'detached' });
    await page.locator('.side').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.hit').count(), 0, 'what was found goes with it');
    const near = await page.locator('article', { hasText: 'number 41238' }).evaluate((one) => { const box = one.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; });
    assert(near, 'what stood beside it is still in sight');
    // A history that has not arrived as a whole: asked again, then only the contact is left.
    await page.locator('#chat-search').fill('');
    await page.keyboard.press('Alt+KeyI');
    const remove = async (name) => {
      await tabTo(page, (at) => at.tag === 'BUTTON' && at.text === name);
      await page.keyboard.press('Enter');
      await page.locator('dialog').waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
    };
    await remove('Delete all messages');
    await page.getByText('has not reached their device yet').waitFor();
    await atRest();
    await checkAccess(page, 'delete-unsent');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    assert((await page.locator('article').count()) > 0, 'nothing is deleted before the second answer');
    await remove('Delete all messages');
    await page.getByText('has not reached their device yet').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing has been said yet').waitFor();
    assert.equal(await page.locator('.chat', { hasText: 'Ana' }).count(), 1);
    await remove('Delete the contact');
    await page.locator('.chat', { hasText: 'Ana' }).waitFor({ state: 'detached' });
    assert.equal(await page.locator('#composer').count(), 0);
    there.stop();
  },

  async 'wrong passphrases, and the pause that grows with them'(browser) {
    const there = await pretended({ SCENE: 'locked' });
    const page = await newPage(browser, { name: 'wrong' });
    await page.goto(there.address);
    await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
    const attempt = async (passphrase) => {
      await page.locator('main input').fill(passphrase);
      await page.keyboard.press('Enter');
      await page.locator('main .error span').waitFor();
    };
    for (let n = 0; n < 4; n += 1) {
      await attempt('wrong');
      assert((await page.locator('main .error').textContent()).includes('not the right one'));
      if (n === 3) break;
      await page.waitForTimeout(n === 2 ? 1_100 : 0);
    }
    // Two seconds from here on: it says so once, counts where that is not read out, and sends nothing.
    await page.locator('main input').fill('right');
    await page.keyboard.press('Enter');
    const button = page.locator('main form .primary');
    await page.getByText('Too many wrong passphrases').waitFor();
    assert(await button.isDisabled());
    const said = await page.locator('main .error').textContent();
    await page.getByText('One second more').waitFor();
    assert.equal(await page.locator('main .error').textContent(), said, 'what is read out does not count');
    let sent = 0;
    page.on('request', (request) => { if (request.postData()?.includes('"unlock"')) sent += 1; });
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('main form .primary')?.disabled === false);
    assert.equal(sent, 0);
    assert.equal(await page.locator('main .error span').count(), 0);
    assert.equal((await focused(page)).tag, 'INPUT');
    await page.keyboard.press('Enter');
    await page.locator('.chat').first().waitFor();
    there.stop();
  },

  async 'another passphrase, a lock by itself, and the end of the account, by keyboard alone'(browser) {
    const there = await pretended({ SCENE: 'open' });
    const page = await newPage(browser, { name: 'ending' });
    const commands = [];
    page.on('request', (request) => { if (request.url().endsWith('/v0/command')) commands.push(JSON.parse(request.postData())); });
    await page.goto(there.address);
    await page.locator('.chat').first().waitFor();
    await page.keyboard.press('Alt+KeyS');
    await page.locator('[aria-labelledby=s-lock] fieldset').waitFor();
    await tabTo(page, (at) => at.text === 'Change the passphrase', 60);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
    const NEW = 'harbour velvet osprey ninety quilt';
    const fields = page.locator('dialog input');
    const change = async (present, chosen, repeated) => {
      await fields.nth(0).fill(present);
      await fields.nth(1).fill(chosen);
      await fields.nth(2).fill(repeated);
      await page.waitForTimeout(500);
      await fields.nth(2).press('Enter');
    };
    const count = () => commands.filter((one) => one.command === 'passphrase_change').length;
    await change('', NEW, NEW);
    await page.getByText('Type your passphrase.').waitFor();
    await change(PASSPHRASE, PASSPHRASE, PASSPHRASE);
    await page.getByText('This is the current passphrase.').waitFor();
    await change(PASSPHRASE, 'sunny', 'sunny');
    await page.getByText('Add words until the bar turns green.').waitFor();
    await change(PASSPHRASE, NEW, 'another one entirely');
    await page.getByText('not the same as the new one above').waitFor();
    assert.equal(count(), 0, 'nothing is asked before it can be');
    await change('wrong', NEW, NEW);
    await page.getByText('This passphrase is not the right one').waitFor();
    await change(PASSPHRASE, NEW, NEW);
    await page.locator('dialog').waitFor({ state: 'detached' });
    assert.deepEqual(commands.findLast((one) => one.command === 'passphrase_change'), { command: 'passphrase_change', present: PASSPHRASE, new: NEW });
    assert.equal((await focused(page)).text, 'Change the passphrase', 'the focus is back');
    await tabTo(page, (at) => at.tag === 'INPUT');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.waitForTimeout(300);
    assert.equal(commands.findLast((one) => one.command === 'settings').lock_after_minutes, 5, 'from never, one on: the first choice');
    await tabTo(page, (at) => at.text === 'Delete the account…');
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor();
    assert.equal((await focused(page)).text, 'Cancel', 'the question begins on the way out');
    const word = page.locator('dialog input');
    await word.fill('');
    await word.press('Enter');
    await page.getByText('so that nothing is deleted by mistake').waitFor();
    assert(!commands.some((one) => one.command === 'wipe'));
    await word.fill(' Delete ');
    await word.press('Enter');
    await page.getByText('The account is deleted').waitFor();
    await page.locator('.way').first().waitFor();
    assert.equal(await page.locator('.chat, article, dialog').count(), 0);
    // It is told once, and not of the next account.
    await page.locator('.way').first().click();
    await page.locator('main input').fill(PASSPHRASE);
    await page.locator('.strength.enough').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Type it once more').waitFor();
    await page.locator('main input').fill(PASSPHRASE);
    await page.keyboard.press('Enter');
    await page.locator('.strip').waitFor();
    assert.equal(await page.locator('.chat').count(), 0);
    there.stop();
  },

  async 'nothing counts as read while nobody sits there'(browser) {
    const there = await pretended({ SCENE: 'open' });
    const page = await newPage(browser, { name: 'presence' });
    let marks = 0;
    page.on('request', (request) => { if (request.postData()?.includes('"mark_read"')) marks += 1; });
    await page.clock.install();
    await page.goto(there.address);
    await page.locator('.chat', { hasText: 'Ana' }).click();
    await page.locator('article').first().waitFor();
    let said = 0;
    /** Something is said, everything of `then` happens, and it is answered. */
    const answered = async (then) => {
      const text = `word ${(said += 1)}`;
      await page.locator('#composer').fill(text);
      await page.keyboard.press('Enter');
      await page.locator('article.mine', { hasText: text }).waitFor();
      await then();
      const before = marks;
      await page.locator('article:not(.mine)', { hasText: `You said: ${text}` }).waitFor();
      await page.locator('.chat .unread', { hasText: '1' }).first().waitFor();
      await page.waitForTimeout(400);
      return marks - before;
    };
    const isUnread = async () => (await page.locator('.chat', { hasText: 'Ana' }).locator('.unread').count()) > 0;
    const isRead = () => page.waitForFunction(() => !document.querySelector('.chat.open .unread, [aria-current] .unread'));

    assert.equal(await answered(() => page.clock.fastForward(61_000)), 0, 'a window that lies open');
    assert(await isUnread());
    await page.evaluate(() => document.body.dispatchEvent(new PointerEvent('pointermove', { bubbles: true })));
    await page.waitForTimeout(300);
    assert(await isUnread(), 'a script is no hand');
    await page.mouse.move(700, 300);
    await isRead();
    assert.equal(marks, 1);

    assert.equal(await answered(() => page.evaluate(() => window.dispatchEvent(new Event('blur')))), 0, 'another window has the focus');
    await page.keyboard.press('Shift');
    await isRead();
    assert.equal(marks, 2);

    const hide = (state) => page.evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
    assert.equal(await answered(() => hide('hidden')), 0, 'a page in the background');
    await page.mouse.move(710, 310);
    await page.waitForTimeout(300);
    assert(await isUnread(), 'not even when something moves over it');
    await hide('visible');
    await page.mouse.move(720, 320);
    await page.waitForTimeout(300);
    assert.equal(marks, 3);
    there.stop();
  },

  async 'hostile texts are text'(browser) {
    const there = await pretended({ SCENE: 'open' });
    for (const width of [360, 1280]) {
      const page = await newPage(browser, { name: `hostile-${width}`, width });
      let dialogs = 0;
      page.on('dialog', (dialog) => { dialogs += 1; void dialog.dismiss(); });
      await page.goto(there.address);
      await page.locator('.chat', { hasText: '<b>' }).click();
      await page.locator('article').first().waitFor();
      await page.locator('[role=log]').evaluate((log) => (log.scrollTop = 0));
      const log = await page.locator('[role=log]').evaluate((log) => ({
        made: [...log.querySelectorAll('img, script, iframe, a, object, style, svg[onload]')].map((one) => one.outerHTML),
        text: log.textContent,
        out: [...log.querySelectorAll('.bubble')].filter((one) => one.getBoundingClientRect().right > log.getBoundingClientRect().right + 1 || one.scrollWidth > one.clientWidth + 1).length,
        sideways: document.documentElement.scrollWidth > innerWidth,
      }));
      assert.deepEqual(log.made, [], 'nothing of a message becomes an element');
      assert(log.text.includes('<img src=x onerror=alert(1)><script>alert(1)</script>'), 'markup is shown as it was written');
      assert(log.text.includes('invoiceU+202Efdp.exe'), 'what turns the direction is shown');
      assert(log.text.includes('zeroU+200Bwidth'), 'what has no width is shown');
      assert(log.text.includes('escapeU+001B[31m'), 'controls are shown');
      assert.equal(log.out, 0, 'nothing sticks out of its bubble');
      assert.equal(log.sideways, false);
      assert.equal(dialogs, 0);
      assert(!/[\u202a-\u202e\u2066-\u2069]/.test(await page.title()));
      await checkLayout(page, `hostile-${width}`);
      await checkAccess(page, `hostile-${width}`);
      await page.context().close();
    }
    there.stop();
  },

  async 'a text of a megabyte is refused where it is typed'(browser) {
    const there = await pretended({ SCENE: 'open' });
    const page = await newPage(browser, { name: 'megabyte' });
    await page.goto(there.address);
    await page.locator('.chat').first().click();
    const before = Date.now();
    await page.locator('#composer').focus();
    await page.evaluate(() => navigator.clipboard.writeText('x'.repeat(1_000_000)));
    await page.keyboard.press('Control+KeyV');
    await page.locator('.toast.bad').waitFor();
    assert.equal(await page.locator('#composer').inputValue(), '');
    await page.locator('#composer').fill('x'.repeat(9_000));
    await page.locator('.room.bad').waitFor();
    console.log(`  a megabyte in the field: ${Date.now() - before} ms`);
    assert(await page.locator('button.send').isDisabled());
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('article', { hasText: 'xxxx' }).count(), 0);
    await checkLayout(page, 'megabyte');
    there.stop();
  },

  async 'a hundred thousand messages'(browser) {
    const there = await pretended({ SCENE: 'long' });
    const page = await newPage(browser, { name: 'long' });
    await page.goto(there.address);
    await page.locator('.chat').first().waitFor();
    const before = Date.now();
    await page.locator('.chat', { hasText: 'Ana' }).click();
    await page.locator('article', { hasText: 'Call me when you are home.' }).waitFor();
    console.log(`  opened in ${Date.now() - before} ms`);
    const seen = await page.evaluate(async () => {
      const log = document.querySelector('[role=log]');
      const next = () => new Promise((resolve) => requestAnimationFrame(() => resolve()));
      let most = 0;
      let jumps = 0;
      const frames = [];
      for (let n = 0; n < 600; n += 1) {
        const anchor = [...log.querySelectorAll('article')].find((one) => one.getBoundingClientRect().top >= 60);
        const top = anchor.getBoundingClientRect().top;
        const scrolled = Math.min(log.scrollTop, 400);
        log.scrollTop -= scrolled;
        const started = performance.now();
        await next();
        await next();
        frames.push((performance.now() - started) / 2);
        // What was looked at moved by what was scrolled and by nothing else.
        if (anchor.isConnected && Math.abs(anchor.getBoundingClientRect().top - top - scrolled) > 2) jumps += 1;
        most = Math.max(most, log.querySelectorAll('article').length);
      }
      frames.sort((a, b) => a - b);
      return { most, jumps, first: log.querySelector('article').textContent.slice(0, 40), median: frames[300], worst: frames[594] };
    });
    console.log(`  600 steps up: a frame takes ${seen.median.toFixed(1)} ms (1 of 100: ${seen.worst.toFixed(1)} ms), ${seen.most} messages in the page at most, ${seen.jumps} jumps; first: ${seen.first}`);
    assert(seen.most <= 250, 'the page holds a window, not all of it');
    assert.equal(seen.jumps, 0);
    await page.locator('.down').click();
    await page.locator('article', { hasText: 'Call me when you are home.' }).waitFor();
    there.stop();
  },

  async 'asks for less movement and more contrast are kept'(browser) {
    const there = await pretended({ SCENE: 'open' });
    for (const theme of ['light', 'dark']) {
      const page = await newPage(browser, { name: `contrast-${theme}`, theme, reducedMotion: 'reduce', contrast: 'more' });
      await page.goto(there.address);
      await page.locator('.chat').first().click();
      await page.locator('article').first().waitFor();
      await checkAccess(page, `contrast-${theme}`);
      await page.keyboard.press('Alt+KeyS');
      await page.locator('.side .rich').waitFor();
      await page.getByLabel('Higher', { exact: true }).check({ force: true });
      assert.equal(await page.evaluate(() => document.documentElement.dataset.contrast), 'more');
      await checkAccess(page, `more-contrast-${theme}`);
      await page.context().close();
    }
    there.stop();
  },
};

const browser = await launch();
for (const [story, tell] of Object.entries(stories)) {
  if (!story.includes(process.argv[2] ?? '')) continue;
  console.log(story);
  try {
    await tell(browser);
  } catch (error) {
    for (const context of browser.contexts()) for (const page of context.pages()) await page.screenshot({ path: `/tmp/failed-${story.slice(0, 12).replaceAll(' ', '-')}.png` }).catch(() => undefined);
    faults.push(`${story}: ${String(error.stack).split('\n').slice(0, 5).join('\n    ')}`);
  }
  for (const context of browser.contexts()) await context.close();
}
await browser.close();
finish('manners');
process.exit();
