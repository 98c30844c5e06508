/**
 * Whether somebody sits before this window. A window that lies open on a desk must not say
 * that what comes in was read: that takes a hand on the keyboard, the mouse or the screen.
 */

/** A minute without any of these, and nobody counts as being there. */
export const AWAY_AFTER_MS = 60_000;

/** What a hand does. */
const BY_HAND = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

class Presence {
  /** Somebody did something here within the last minute. */
  isHere = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    for (const event of BY_HAND) addEventListener(event, (one) => this.note(one.isTrusted), { passive: true, capture: true });
    addEventListener('blur', () => this.left());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') this.left();
    });
  }

  /** Something was done; `isTrusted` where a hand did it and no script. */
  note(isTrusted: boolean): void {
    if (!isTrusted) return;
    this.isHere = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.left(), AWAY_AFTER_MS);
  }

  /** The window is not looked at any more. */
  left(): void {
    clearTimeout(this.#timer);
    this.isHere = false;
  }
}

export const presence = new Presence();
