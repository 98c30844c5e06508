/**
 * What the desktop window gives to this page: an invite that was opened somewhere else. It
 * waits here until the account is open and no other dialog is; a person decides then.
 */

/** Characters of an invite, of its own alphabet and no other: longer ones are none. */
const INVITE = /^hushwing:[a-z2-7]{1,2039}$/;

class Arrived {
  invite = $state<string | null>(null);

  /** Whatever is no invite does nothing. The last one counts. */
  receive(detail: unknown): void {
    if (typeof detail === 'string' && INVITE.test(detail)) this.invite = detail;
  }

  /** Gives it out, once; nothing when there is none. */
  take(): string {
    const invite = this.invite ?? '';
    this.invite = null;
    return invite;
  }
}

export const arrived = new Arrived();

/** From the first line of the page on: the window speaks as soon as it is loaded. */
export function receiveInvites(): void {
  addEventListener('hushwing-invite', (event) => arrived.receive((event as CustomEvent<unknown>).detail));
}

/** Whether this page is in the desktop window, which can open it again. */
export function isInWindow(): boolean {
  return 'hushwingWindow' in globalThis;
}
