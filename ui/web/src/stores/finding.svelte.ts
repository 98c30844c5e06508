/** What is looked for in messages, and what was found. It goes with the lock. */
import { call } from '../api/client';
import type { FoundView } from '../api/types';
import { asked, timesOf } from '../lib/found';
import { sentence } from '../lib/failure';

/** Messages asked for at a time. */
const PAGE = 20;
/** After the last key, before the daemon is asked. */
const PAUSE_MS = 200;

class Finding {
  /** As typed. */
  text = $state('');
  /** With whom alone. */
  contact = $state<string | null>(null);
  /** Days of the machine's calendar, as `YYYY-MM-DD`; both are looked through; empty: no limit. */
  first = $state('');
  last = $state('');

  found = $state.raw<FoundView[]>([]);
  /** There may be more. */
  isMore = $state(false);
  /** Whether the daemon has all messages in its index yet. */
  isComplete = $state(true);
  phase = $state<'quiet' | 'looking' | 'done' | 'failed'>('quiet');
  /** Why it failed. */
  why = $state('');

  readonly #times = $derived(timesOf(this.first, this.last));
  /** The last day lies before the first one. */
  readonly isBackwards = $derived(this.#times === null);
  readonly isLimited = $derived(this.contact !== null || this.first !== '' || this.last !== '');

  #next: string | null = null;
  /** Counts what is asked: an answer that was overtaken is left. */
  #asked = 0;

  /** Looks when nothing more is typed for a moment; answers how to call that off. */
  soon(): () => void {
    this.#asked += 1;
    const query = { text: asked(this.text), contact: this.contact, ...this.#times };
    if (query.text === '' || this.#times === null) {
      this.#forget();
      return () => undefined;
    }
    const timer = setTimeout(() => void this.#look(query, null), PAUSE_MS);
    return () => clearTimeout(timer);
  }

  async more(): Promise<void> {
    if (this.#next !== null && this.#times !== null)
      await this.#look({ text: asked(this.text), contact: this.contact, ...this.#times }, this.#next);
  }

  async #look(query: { text: string; contact: string | null }, after: string | null): Promise<void> {
    const mine = (this.#asked += 1);
    this.phase = 'looking';
    try {
      const answer = await call('search', { ...query, after, limit: PAGE });
      if (mine !== this.#asked) return;
      this.found = after === null ? answer.found : [...this.found, ...answer.found];
      this.#next = answer.next;
      this.isMore = answer.next !== null;
      this.isComplete = answer.complete;
      this.phase = 'done';
    } catch (failure) {
      if (mine !== this.#asked) return;
      // What was found for other words would stand under these.
      if (after === null) this.#forget();
      this.why = sentence(failure);
      this.phase = 'failed';
    }
  }

  /** Everywhere and at any time, with the same words. */
  widen(): void {
    this.contact = null;
    this.first = '';
    this.last = '';
  }

  /** These messages were deleted: an answer that is under way may still have them. */
  drop(isGone: (one: FoundView) => boolean): void {
    this.found = this.found.filter((one) => !isGone(one));
    if (this.phase === 'looking') this.soon();
  }

  /** The contact was deleted, and with it what was found. */
  dropContact(contact: string): void {
    if (this.contact === contact) this.contact = null;
    this.drop((one) => one.message.contact === contact);
  }

  clear(): void {
    this.#asked += 1;
    this.text = '';
    this.widen();
    this.#forget();
  }

  #forget(): void {
    this.found = [];
    this.#next = null;
    this.isMore = false;
    this.isComplete = true;
    this.phase = 'quiet';
  }
}

export const finding = new Finding();
