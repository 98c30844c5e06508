/**
 * Whether the daemon is there, as a state machine without side effects:
 * `connection.svelte.ts` carries out what it says.
 */

export type Link =
  /** The code is being exchanged, or the stream opened for the first time. */
  | { at: 'opening' }
  /** Events come. */
  | { at: 'open' }
  /** The stream broke; the next try comes by itself. */
  | { at: 'retrying'; tries: number }
  /** The token is dead: only a new code helps. */
  | { at: 'stranger' };

export type LinkEvent = 'listening' | 'broken' | 'refused';

/** Where `link` goes on `event`. A dead token stays dead. */
export function step(link: Link, event: LinkEvent): Link {
  if (link.at === 'stranger') return link;
  switch (event) {
    case 'listening':
      return { at: 'open' };
    case 'refused':
      return { at: 'stranger' };
    case 'broken':
      return { at: 'retrying', tries: link.at === 'retrying' ? link.tries + 1 : 1 };
  }
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** Milliseconds until the next try. */
export function pauseMs(tries: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, tries - 1));
}
