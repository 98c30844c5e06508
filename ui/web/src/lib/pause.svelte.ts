/** After wrong passphrases the next one may be tried only later (HW-VAULT-22): counts down to then. */
import { Refusal } from '../api/client';
import { t } from '../i18n/index.svelte';
import { notices } from '../stores/notices.svelte';
import { sentence } from './failure';

const SECOND_MS = 1_000;

export class Pause {
  /** Seconds until the next try; 0: now. */
  leftS = $state(0);
  /** Why it has to wait, as long as it has to. It does not count, or it would be read out each second. */
  said = $state('');
  #until = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Takes in a failure; answers what to say of it beside `said`. */
  take(failure: unknown): string {
    if (failure instanceof Refusal && failure.code === 'too_soon' && failure.retryAfterS !== null) {
      this.said = sentence(failure);
      this.#until = Date.now() + failure.retryAfterS * SECOND_MS;
      clearInterval(this.#timer);
      this.#timer = setInterval(() => this.#look(), SECOND_MS / 4);
      this.#look();
      return '';
    }
    return sentence(failure);
  }

  /** Nobody waits for it any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.leftS = 0;
    this.said = '';
  }

  // By the clock and not by ticks: a page in the background ticks slowly.
  #look(): void {
    this.leftS = Math.max(0, Math.ceil((this.#until - Date.now()) / SECOND_MS));
    if (this.leftS > 0) return;
    this.stop();
    notices.speak(t('pause-over'));
  }
}
