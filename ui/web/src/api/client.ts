/**
 * The daemon, over loopback. The token lives in this module's memory and nowhere
 * else; what `sessionStorage` holds over a reload is a code that works once.
 */
import type { Answer, CommandError, CommandName, Failure, Fields, Strength } from './types';

const AGAIN = 'hushwing.again';

/** The daemon said no, or could not be asked. */
export class Refusal extends Error {
  constructor(
    readonly code: Failure,
    /** In English, from the daemon; may be empty. */
    readonly detail: string,
    /** With `too_soon`: in how many seconds it may be tried again. */
    readonly retryAfterS: number | null = null,
  ) {
    super(code);
  }
}

let token = '';
let again = '';

/** The code in the address, or that of the last page of this tab; both are wiped. */
function takeCode(): string | null {
  const inAddress = /^#open=([\w-]{20,100})$/.exec(location.hash)?.[1] ?? null;
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  const kept = sessionStorage.getItem(AGAIN);
  sessionStorage.removeItem(AGAIN);
  return inAddress ?? kept;
}

/** Makes a token of the code that this page was opened with. */
export async function open(): Promise<void> {
  addEventListener('pagehide', () => {
    if (again !== '') sessionStorage.setItem(AGAIN, again);
  });
  addEventListener('pageshow', (shown) => {
    if (shown.persisted) sessionStorage.removeItem(AGAIN);
  });
  // Another address of the same page is no new page, for a browser; a code in it is for one.
  addEventListener('hashchange', () => {
    if (location.hash.startsWith('#open=')) location.reload();
  });
  const code = takeCode();
  if (code === null) throw new Refusal('stranger', '');
  const response = await reach('/v0/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  const pair = (await response.json()) as { token: string; again: string };
  token = pair.token;
  again = pair.again;
}

/** Carries out a command. */
export async function call<Name extends CommandName>(
  name: Name,
  ...[fields]: Record<never, never> extends Fields<Name> ? [Fields<Name>?] : [Fields<Name>]
): Promise<Answer<Name>> {
  const response = await authorised('/v0/command', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ command: name, ...fields }),
  });
  return (await response.json()) as Answer<Name>;
}

/** How hard a passphrase is to guess, by the estimate that the daemon goes by. */
export async function strength(passphrase: string, signal: AbortSignal): Promise<Strength> {
  const response = await authorised('/v0/strength', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ passphrase }),
    signal,
  });
  return (await response.json()) as Strength;
}

/** A place at the daemon for one file, under a name that nobody can guess. */
export class Spool {
  readonly #id = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

  /** What a command calls it. */
  get name(): string {
    return `spool:${this.#id}`;
  }

  async put(file: Blob): Promise<void> {
    await authorised(`/v0/files/${this.#id}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: file,
    });
  }

  async get(): Promise<Blob> {
    return (await authorised(`/v0/files/${this.#id}`, {})).blob();
  }

  async discard(): Promise<void> {
    await authorised(`/v0/files/${this.#id}`, { method: 'DELETE' }).catch(() => undefined);
  }
}

/** The event stream; `place` is where the last one ended. */
export function listen(place: { run: string; serial: number } | null): WebSocket {
  const query = place === null ? '' : `?run=${place.run}&after=${place.serial}`;
  return new WebSocket(`ws://${location.host}/v0/events${query}`, [
    'hushwing.v0',
    `hushwing.token.${token}`,
  ]);
}

function authorised(path: string, init: RequestInit): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string>), Authorization: `Bearer ${token}` };
  return reach(path, { ...init, headers });
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, cache: 'no-store', redirect: 'error' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Refusal('silent', '');
  }
  if (response.ok) return response;
  if (response.status === 401) throw new Refusal('stranger', '');
  const said = (await response.json().catch(() => null)) as CommandError | null;
  throw new Refusal(said?.code ?? 'machine', said?.message ?? '', said?.retry_after_s ?? null);
}
