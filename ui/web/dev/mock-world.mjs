// NOT SHIPPED. What the pretended daemon knows: people, messages, a network that starts.
import { randomBytes } from 'node:crypto';

const id = () => randomBytes(16).toString('hex');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const refuse = (code, message) => Object.assign(new Error(message), { code });
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const DIGITS = '31975 62014 88452 09731 55820 41367 70298 16645';
const EMOJI = [
  ['🐳', 'whale', 'ballena', 'حوت'], ['🌵', 'cactus', 'cactus', 'صبار'], ['🔑', 'key', 'llave', 'مفتاح'], ['🍋', 'lemon', 'limón', 'ليمون'],
  ['⛵', 'sailboat', 'velero', 'مركب شراعي'], ['🦊', 'fox', 'zorro', 'ثعلب'], ['🎈', 'balloon', 'globo', 'بالون'], ['🌙', 'moon', 'luna', 'قمر'],
  ['🪑', 'chair', 'silla', 'كرسي'], ['🥁', 'drum', 'tambor', 'طبل'], ['🍄', 'mushroom', 'seta', 'فطر'], ['🚲', 'bicycle', 'bicicleta', 'دراجة'],
  ['🦋', 'butterfly', 'mariposa', 'فراشة'], ['🧭', 'compass', 'brújula', 'بوصلة'], ['🍇', 'grapes', 'uvas', 'عنب'], ['🪁', 'kite', 'cometa', 'طائرة ورقية'],
].map(([symbol, english, spanish, arabic]) => ({ symbol, english, spanish, arabic }));

export function makeWorld({ scene, tor, index, tell }) {
  const now = Date.now();
  const world = {
    vault: scene === 'new' ? 'missing' : scene === 'locked' ? 'locked' : 'open',
    network: { state: 'off' },
    relays: [],
    contacts: [],
    messages: new Map(),
    unread: new Map(),
    requests: [],
    invites: [],
    settings: { read_reports: 'off', relays_told: 2, lock_after_minutes: 0 },
    policy: 'automatic',
  };

  function contact(name, more = {}) {
    const made = {
      id: id(), name, phase: { phase: 'established' }, blocked_since_ms: null, safety_number: DIGITS,
      verification: { state: 'unverified' }, missing: 0, repairing: false, succeeding: false, ...more,
    };
    world.contacts.push(made);
    world.messages.set(made.id, []);
    return made;
  }

  function message(to, text, mine, ago_ms, state) {
    const all = world.messages.get(to.id);
    const made = {
      id: id(), contact: to.id, position: (all.at(-1)?.position ?? 0) + 1, order: null, mine, text,
      sent_at_ms: now - ago_ms, state: state ?? { state: mine ? 'delivered' : 'received' }, since_ms: now - ago_ms,
    };
    all.push(made);
    return made;
  }

  function startNetwork() {
    if (tor === 'blocked') return setNetwork({ state: 'blocked', reason: 'The network cable is out, or this computer is not connected. Plug it in.' });
    if (tor === 'starting') return setNetwork({ state: 'starting', percent: 45, stage: 'fetching the list of Tor relays' });
    if (scene !== 'new') return setNetwork({ state: 'ready' });
    let percent = 5;
    const timer = setInterval(() => {
      percent += 15;
      setNetwork(percent >= 100 ? { state: 'ready' } : { state: 'starting', percent, stage: 'fetching the list of Tor relays' });
      if (percent >= 100) clearInterval(timer);
    }, 1500);
    setNetwork({ state: 'starting', percent, stage: 'connecting to the first Tor relay' });
  }

  function setNetwork(network) {
    world.network = network;
    tell({ event: 'network', network });
  }

  if (scene === 'open' || scene === 'locked' || scene === 'long') {
    const relay = (n, state) => ({ address: `hushwing-relay:${'aebagbafaydqqcikbmga2dqpcaireeyu'.slice(n)}${'mfrggzdfmztwq2lknnwg23tpobyxe43u'.slice(0, n)}`, state, role: 'told', resting_since_ms: null });
    world.relays = [relay(0, { state: 'reachable' }), relay(5, { state: 'reachable' })];
    people(world, contact, message, scene);
    world.requests = [{ id: id(), name: 'Dora', safety_number: DIGITS, since_ms: now - 40 * MINUTE, expires_at_ms: now + 6 * DAY, state: 'open', used_twice: false }];
    world.invites = [{ id: id(), expires_at_ms: now + 3 * DAY, state: 'ready', policy: 'accept' }];
  }
  if (world.vault === 'open') startNetwork();

  const find = (key) => {
    const found = world.contacts.find((one) => one.id === key);
    if (!found) throw refuse('not_found', 'There is no such contact.');
    return found;
  };
  // As HW-VAULT-22 has it; the wrong passphrase is 'wrong', and 'soon' comes too soon.
  const tries = { wrong: 0, until: 0 };
  const guess = (passphrase) => {
    const left = passphrase === 'soon' ? 8 : Math.ceil((tries.until - Date.now()) / 1000);
    if (left > 0) throw Object.assign(refuse('too_soon', 'Too many wrong passphrases came in a row.'), { retry_after_s: left });
    if (passphrase !== 'wrong') return Object.assign(tries, { wrong: 0, until: 0 });
    tries.wrong += 1;
    if (tries.wrong >= 3) tries.until = Date.now() + Math.min(60, 2 ** (tries.wrong - 3)) * 1000;
    throw refuse('wrong_passphrase', 'This passphrase does not open the account.');
  };
  const setVault = (vault) => {
    world.vault = vault;
    tell({ event: 'vault', vault });
  };
  const chat = (one) => {
    const unread = world.unread.get(one.id) ?? 0;
    const all = world.messages.get(one.id);
    return { contact: one, last: all.at(-1) ?? null, unread, unread_from: unread === 0 ? null : all.at(-unread).position };
  };
  const change = (one, changes) => {
    Object.assign(one, changes);
    tell({ event: 'contact', ...one });
    return one;
  };

  async function deliver(to, sent) {
    const set = (state) => {
      sent.state = state;
      tell({ event: 'message', ...sent });
    };
    if (to.phase.phase !== 'established') return;
    if (world.network.state !== 'ready') set({ state: 'waiting_for_tor' });
    while (world.network.state !== 'ready') await later(300);
    await later(400);
    set({ state: 'at_relay', stored: 1, of: 2 });
    await later(500);
    set({ state: 'at_relay', stored: 2, of: 2 });
    await later(900);
    set({ state: 'delivered' });
    await later(1200);
    const answer = message(to, `You said: ${sent.text.slice(0, 200)}`, false, 0);
    answer.sent_at_ms = Date.now();
    tell({ event: 'message', ...answer });
    world.unread.set(to.id, (world.unread.get(to.id) ?? 0) + 1);
    tell({ event: 'unread', contact: to.id, unread: chat(to).unread, unread_from: chat(to).unread_from });
  }

  const commands = {
    status: () => ({ version: '0.1.0', vault: world.vault, network: world.network, relays: world.vault === 'open' ? world.relays : [], undelivered: 0, requests: world.requests.length }),
    async create() {
      await later(700);
      setVault('open');
      startNetwork();
      return {};
    },
    async unlock({ passphrase }) {
      await later(500);
      guess(passphrase);
      setVault('open');
      startNetwork();
      return {};
    },
    lock() {
      setVault('locked');
      setNetwork({ state: 'off' });
      return {};
    },
    backup_create: () => ({ made_at_ms: Date.now(), contacts: world.contacts.length, messages: 812, len: 1_234_567 }),
    backup_check({ passphrase }) {
      if (passphrase === 'wrong') throw refuse('wrong_passphrase', 'No.');
      return { made_at_ms: now - 3 * DAY, contacts: 4, messages: 812, len: 1_234_567 };
    },
    restore() {
      setVault('open');
      startNetwork();
      return {};
    },
    relay_list: () => ({ relays: world.relays }),
    relay_add({ address }) {
      if (!address.startsWith('hushwing-relay:')) throw refuse('bad_input', 'This is not the address of a relay: it begins with hushwing-relay:');
      const made = { address, state: { state: 'reachable' }, role: 'told', resting_since_ms: null };
      world.relays = [...world.relays, made];
      return made;
    },
    relay_remove({ address }) {
      world.relays = world.relays.filter((one) => one.address !== address);
      return {};
    },
    async relay_test() {
      await later(600);
      return { took_ms: 812, accepting: true, max_ttl_s: 7_776_000 };
    },
    invite_create({ expires_hours, policy }) {
      const made = { id: id(), expires_at_ms: Date.now() + expires_hours * 3_600_000, state: 'publishing', policy };
      world.invites.push(made);
      setTimeout(() => (made.state = 'ready'), 2500);
      return { ...made, link: `hushwing:${'aebagbafaydqqcikbmga2dqpcaireeyudamrwga4tambqgeydqmjqga2dambrgq'.repeat(3).slice(0, 150)}` };
    },
    invite_list: () => ({ invites: world.invites }),
    invite_revoke({ id: which }) {
      world.invites = world.invites.filter((one) => one.id !== which);
      return {};
    },
    invite_redeem({ link }) {
      if (!/^hushwing:/i.test(link)) throw refuse('bad_input', 'This is not an invite: it begins with hushwing:');
      const made = contact('', { phase: { phase: 'fetching' }, safety_number: null });
      setTimeout(() => change(made, { phase: { phase: 'requested' } }), 1500);
      setTimeout(() => {
        change(made, { phase: { phase: 'established' }, name: 'Erin', safety_number: DIGITS });
        for (const sent of world.messages.get(made.id).filter((one) => one.mine)) void deliver(made, sent);
      }, 5000);
      return made;
    },
    requests: () => ({ requests: world.requests }),
    request_accept({ id: which }) {
      const request = world.requests.find((one) => one.id === which);
      world.requests = world.requests.filter((one) => one.id !== which);
      return contact(request.name);
    },
    request_refuse({ id: which }) {
      world.requests = world.requests.filter((one) => one.id !== which);
      return {};
    },
    request_block({ id: which }) {
      world.requests.find((one) => one.id === which).state = 'blocked';
      return {};
    },
    chats() {
      const newest = (one) => chat(one).last?.sent_at_ms ?? now;
      const sorted = [...world.contacts].sort((a, b) => (a.blocked_since_ms ? 1 : 0) - (b.blocked_since_ms ? 1 : 0) || newest(b) - newest(a));
      return { chats: sorted.map(chat) };
    },
    contact_rename({ contact: key, name }) {
      const whom = find(key);
      const own = whom.own_name ?? whom.name;
      return change(whom, name === '' ? { name: own, own_name: undefined } : { name, own_name: own });
    },
    contact_block: ({ contact: key }) => change(find(key), { blocked_since_ms: Date.now() }),
    contact_unblock: ({ contact: key }) => change(find(key), { blocked_since_ms: null }),
    async send({ contact: key, text }) {
      const to = find(key);
      const sent = message(to, text, true, 0, { state: to.phase.phase === 'established' ? 'sending' : 'waiting_for_contact' });
      sent.sent_at_ms = Date.now();
      const answer = structuredClone(sent);
      void deliver(to, sent);
      // Events may overtake the answer.
      if (text.startsWith('late')) await later(2500);
      return answer;
    },
    read({ contact: key, limit, after, before }) {
      let all = world.messages.get(find(key).id);
      if (after != null) return { messages: all.filter((one) => one.position > after).slice(0, limit) };
      if (before != null) all = all.filter((one) => one.position < before);
      return { messages: all.slice(-limit) };
    },
    mark_read({ contact: key }) {
      world.unread.set(key, 0);
      tell({ event: 'unread', contact: key, unread: 0, unread_from: null });
      return {};
    },
    settings(changes) {
      Object.assign(world.settings, Object.fromEntries(Object.entries(changes).filter(([, value]) => value != null)));
      return world.settings;
    },
    delivery({ policy }) {
      world.policy = policy ?? world.policy;
      return { policy: world.policy };
    },
    doctor: () => ({ findings: world.contacts.length < 2 ? [] : [{ kind: 'undelivered', about: world.contacts[1]?.id ?? null, what: 'Two messages wait for Bob.', advice: 'Wait until they come online.', since_ms: now - DAY }] }),
    message: ({ id: which }) => ledger([...world.messages.values()].flat().find((one) => one.id === which), world),
    give_up: () => ({}),
    repair: ({ contact: key }) => change(find(key), { repairing: true }),
    safety_number: ({ contact: key }) => ({ contact: key, name: find(key).name, digits: DIGITS, emoji: EMOJI, code: 'HUSHWING-SAFETY:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTU', verification: find(key).verification }),
    verify: ({ contact: key, by }) => change(find(key), { verification: { state: 'verified', how: by.by, at_ms: Date.now() } }),
    unverify: ({ contact: key }) => change(find(key), { verification: { state: 'unverified' } }),
    retry_now: () => ({}),
    async passphrase_change({ present, new: chosen }) {
      await later(700);
      guess(present);
      if (chosen.length < 8) throw refuse('bad_input', 'It is too easy to guess.');
      return {};
    },
    async wipe({ confirm }) {
      if (confirm !== 'wipe this account') throw refuse('bad_input', 'That is not the phrase.');
      await later(400);
      Object.assign(world, { relays: [], contacts: [], requests: [], invites: [], settings: { read_reports: 'off', relays_told: 2, lock_after_minutes: 0 } });
      world.messages.clear();
      world.unread.clear();
      setVault('missing');
      setNetwork({ state: 'off' });
      return {};
    },
    search({ text, contact: key, since_ms, before_ms, after, limit }) {
      if (Buffer.byteLength(text) > 256) throw refuse('bad_input', 'A query has 256 bytes at most.');
      const words = wordsOf(text).map((one) => one[0]);
      if (words.length === 0) throw refuse('bad_input', 'There is no word in it.');
      const all = [...world.messages.entries()].filter(([of]) => key == null || of === key).flatMap(([, some]) => some);
      const hits = all
        .filter((one) => one.sent_at_ms >= (since_ms ?? 0) && one.sent_at_ms < (before_ms ?? Infinity))
        .map((one) => ({ message: one, matches: matchesOf(one.text, words) }))
        .filter(({ matches }) => matches !== null)
        .sort((a, b) => b.message.sent_at_ms - a.message.sent_at_ms);
      const from = Number(after ?? 0);
      const found = hits.slice(from, from + limit);
      return { found, next: hits.length > from + limit ? String(from + limit) : null, complete: index !== 'partial' };
    },
    message_delete({ id: which, unsent }) {
      const of = world.contacts.find((one) => world.messages.get(one.id).some((message) => message.id === which));
      const all = world.messages.get(of.id);
      if (unsent !== 'delete' && waits(all.find((one) => one.id === which))) throw refuse('not_arrived', 'It is not on their device yet.');
      world.messages.set(of.id, all.filter((one) => one.id !== which));
      tell({ event: 'message_deleted', contact: of.id, message: which, position: all.find((one) => one.id === which).position });
      return {};
    },
    history_delete({ contact: key, unsent }) {
      if (unsent !== 'delete' && world.messages.get(find(key).id).some(waits)) throw refuse('not_arrived', 'Not on their device yet: 2 of your messages.');
      world.messages.set(key, []);
      world.unread.set(key, 0);
      tell({ event: 'history_deleted', contact: key });
      return {};
    },
    contact_delete({ contact: key, unsent }) {
      if (unsent !== 'delete' && world.messages.get(find(key).id).some(waits)) throw refuse('not_arrived', 'Not on their device yet: 2 of your messages.');
      world.contacts = world.contacts.filter((one) => one.id !== key);
      world.messages.delete(key);
      tell({ event: 'contact_deleted', contact: key });
      return {};
    },
  };

  return {
    async call(command, fields) {
      const known = commands[command];
      if (!known) throw refuse('bad_input', 'this is not a command of version 0');
      return known(fields);
    },
  };
}

const waits = (message) => message.mine && !['delivered', 'read', 'failed'].includes(message.state.state);

/** Words as the daemon takes them apart, but for scripts without spaces: letters and digits, and each emoji. */
const wordsOf = (text) => [...text.toLowerCase().matchAll(/[\p{L}\p{N}]+|\p{Extended_Pictographic}/gu)];

/** Where every word begins a word of `text`, in characters; `null` when one is missing. */
function matchesOf(text, words) {
  const found = [];
  const all = wordsOf(text);
  for (const word of words) {
    const begin = all.filter((one) => (word.length < 3 ? one[0] === word : one[0].startsWith(word)));
    if (begin.length === 0) return null;
    for (const one of begin) {
      const from = [...text.slice(0, one.index)].length;
      found.push([from, from + [...one[0]].length]);
    }
  }
  return found.sort((a, b) => a[0] - b[0]);
}

function ledger(message, world) {
  const at = (ms) => message.sent_at_ms + ms;
  const [first, second] = world.relays.map((relay) => relay.address);
  if (!message.mine) return { message, history: [{ at_ms: at(2000), step: 'arrived' }], ways: [] };
  return {
    message,
    history: [
      { at_ms: at(0), step: 'written' },
      { at_ms: at(40), step: 'sealed' },
      { at_ms: at(1900), step: 'kept_by_relay', relay: first },
      { at_ms: at(2400), step: 'kept_by_relay', relay: second },
      ...(message.state.state === 'delivered' ? [{ at_ms: at(9000), step: 'delivered', by: 'receipt' }] : []),
    ],
    ways: [
      { relay: null, way: 'waiting', reason: 'It did not answer in time.', next_try_ms: Date.now() + 180_000 },
      { relay: first, way: 'kept' },
      { relay: second, way: 'kept' },
    ],
  };
}

function people(world, contact, message, scene) {
  const ana = contact('Ana María', { verification: { state: 'verified', how: 'emoji', at_ms: Date.now() - 9 * DAY } });
  const bob = contact('Bob');
  const layla = contact('ليلى');
  const newcomer = contact('', { phase: { phase: 'requested' }, safety_number: null });
  const changed = contact('Source 14', { verification: { state: 'changed', how: 'digits', at_ms: Date.now() - DAY } });
  const mallory = contact('Mal\u202Elory<b>', { blocked_since_ms: Date.now() - DAY });

  if (scene === 'long') for (let n = 0; n < 100_000; n += 1) message(ana, `Message number ${n + 1}. ${'It says a little more. '.repeat(n % 5)}`, n % 3 !== 0, (100_000 - n) * 4 * MINUTE + DAY);
  message(ana, 'Are we still meeting on Thursday?', false, 2 * DAY);
  message(ana, 'Yes. Same place as last time, an hour later.', true, 2 * DAY - 5 * MINUTE);
  message(ana, 'Good. I will bring the papers.', false, 2 * DAY - 6 * MINUTE);
  message(ana, 'I read the first part on the train.\n\nPage 12 is the one that matters: the dates do not fit what they told the committee.', false, 3 * 60 * MINUTE);
  message(ana, 'Then we need the original. Can you get it without anybody noticing?', true, 170 * MINUTE, { state: 'read' });
  message(ana, 'I think so. Give me until tomorrow.', false, 165 * MINUTE);
  message(ana, '👍', true, 164 * MINUTE);
  message(ana, 'The second relay was slow today, but everything arrived.', true, 20 * MINUTE, { state: 'at_relay', stored: 2, of: 2 });
  message(ana, 'Call me when you are home.', true, 2 * MINUTE, { state: 'waiting_for_relay', reason: 'It did not answer in time.', next_try_ms: Date.now() + 90_000 });

  message(bob, 'Did you get the new key?', false, DAY);
  message(bob, 'Not yet.', true, DAY - 4 * MINUTE);
  message(bob, 'This one could not be sent.', true, 50 * MINUTE, { state: 'failed', reason: 'No relay took it for 14 days, and their device never answered. Ask for a new invite by another way.' });
  message(bob, 'Lunch?', false, 12 * MINUTE);
  message(bob, 'The usual place', false, 11 * MINUTE);
  world.unread.set(bob.id, 2);

  message(layla, 'مرحبا! هل وصلت الملفات؟', false, 26 * 60 * MINUTE);
  message(layla, 'نعم، وصلت كلها. شكرا لك.', true, 25 * 60 * MINUTE);
  message(layla, 'ممتاز 🎉', false, 24.5 * 60 * MINUTE);

  message(newcomer, 'Hello! It is me, from the library.', true, 30 * MINUTE, { state: 'waiting_for_contact' });
  message(changed, 'I have a new phone.', false, 5 * DAY);

  const hostile = [
    '<img src=x onerror=alert(1)><script>alert(1)</script><svg onload=alert(1)>',
    'invoice\u202Efdp.exe and \u2066more\u2069',
    `zero\u200Bwidth\u2060and\uFEFFnothing`,
    `bell\u0007 escape\u001b[31m null\u0000 c1\u009b`,
    'Z̸̡̢̧̛̛̖̖̗̘̙̜̝̞̟̠̣̤̥̦̩̪̫̬̭̮̯̰̱̲̳̹̺̻̼͇͈͉͍͎̀́̂̃̄̅̆̇̈̉̊̋̌̍̎̏̐̑̒̓̔̽̾̿̀́͂̓̈́͆͊͋͌͐͑͒͗͛ͣͤͥͦͧͨͩͪͫͬͭͮͯa̷l̶g̵o̴'.repeat(4),
    'a'.repeat(8192),
    '🐳🌵🔑'.repeat(400),
    'line\n'.repeat(300),
    'https://example.com/?q=secret javascript:alert(1)',
  ];
  message(mallory, 'From the end of time', false, 4 * DAY).sent_at_ms = 1.8e19;
  hostile.forEach((text, at) => message(mallory, text, false, 3 * DAY - at * MINUTE));
}
