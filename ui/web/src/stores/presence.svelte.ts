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
  /** When something was done last. */
  #at = 0;

  start(): void {
    for (const event of BY_HAND) addEventListener(event, (one) => this.note(one.isTrusted && document.visibilityState === 'visible'), { passive: true, capture: true });
    addEventListener('blur', () => this.left());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') this.left();
    });
  }

  /** Something was done; `byHand` where a hand did it, no script, and where it is seen. */
  note(byHand: boolean): void {
    if (!byHand) return;
    this.isHere = true;
    this.#at = Date.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.left(), AWAY_AFTER_MS);
  }

  /** The same, by the clock: timers stand still while the machine sleeps. */
  isHereStill(): boolean {
    if (Date.now() - this.#at >= AWAY_AFTER_MS) this.left();
    return this.isHere;
  }

  /** The window is not looked at any more. */
  left(): void {
    clearTimeout(this.#timer);
    this.isHere = false;
  }
}

export const presence = new Presence();
