/** The open conversation. */
import { call } from '../api/client';
import type { MessageView } from '../api/types';
import { around, EMPTY, firstPosition, lastPosition, newest, PAGE, withMessage, withNewer, withOlder, withoutMessage, type History } from '../lib/history';
import { chats } from './chats.svelte';

class Conversation {
  contact = $state<string | null>(null);
  history = $state.raw<History>(EMPTY);
  isLoaded = $state(false);
  /** Where the line "new" stood when the chat was opened. */
  newFrom = $state<number | null>(null);
  /** The message that was looked for: it is gone to, and marked. */
  sought = $state<string | null>(null);
  #busy = false;
  /** Counts openings: a page that was asked for before the last one is left. */
  #openings = 0;
  /** Deleted while it is open: an answer that is under way may still have them. */
  readonly #gone = new Set<string>();

  async open(contact: string | null): Promise<void> {
    this.#openings += 1;
    this.#gone.clear();
    this.contact = contact;
    this.history = EMPTY;
    this.isLoaded = false;
    this.sought = null;
    this.newFrom = chats.of(contact)?.unread_from ?? null;
    if (contact !== null) await this.load();
  }

  /** Opens the conversation around a message; answers whether that is there. */
  async openAt({ contact, position, id }: MessageView): Promise<boolean> {
    const mine = (this.#openings += 1);
    if (contact !== this.contact) this.#gone.clear();
    this.contact = contact;
    this.history = EMPTY;
    this.isLoaded = false;
    this.newFrom = null;
    const [before, after] = await Promise.all([
      call('read', { contact, limit: PAGE, before: position + 1 }),
      call('read', { contact, limit: PAGE, after: position }),
    ]);
    if (mine !== this.#openings) return true;
    this.history = this.#without(around(before.messages, after.messages));
    this.sought = id;
    this.isLoaded = true;
    return before.messages.some((one) => one.id === id);
  }

  /** Reads the newest page anew. */
  async load(): Promise<void> {
    const mine = (this.#openings += 1);
    const contact = this.contact;
    if (contact === null) return;
    const { messages } = await call('read', { contact, limit: PAGE });
    if (mine !== this.#openings) return;
    this.history = this.#without(newest(messages));
    this.sought = null;
    this.isLoaded = true;
  }

  async older(): Promise<void> {
    const first = firstPosition(this.history);
    if (first !== undefined && this.history.hasOlder) await this.#page({ before: first }, withOlder);
  }

  async newer(): Promise<void> {
    const last = lastPosition(this.history);
    if (last !== undefined && this.history.hasNewer) await this.#page({ after: last }, withNewer);
  }

  async #page(
    place: { before: number } | { after: number },
    join: (history: History, page: readonly MessageView[]) => History,
  ): Promise<void> {
    const [contact, mine] = [this.contact, this.#openings];
    if (contact === null || this.#busy) return;
    this.#busy = true;
    try {
      const { messages } = await call('read', { contact, limit: PAGE, ...place });
      if (mine === this.#openings) this.history = this.#without(join(this.history, messages));
    } finally {
      this.#busy = false;
    }
  }

  take(message: MessageView): void {
    if (message.contact === this.contact && this.isLoaded && !this.#gone.has(message.id))
      this.history = withMessage(this.history, message);
  }

  /** A message was deleted; the others stay where they are. */
  async drop(id: string): Promise<void> {
    this.#gone.add(id);
    const history = this.#without(this.history);
    if (history === this.history) return;
    this.history = history;
    if (this.history.messages.length === 0 && (this.history.hasOlder || this.history.hasNewer)) await this.load();
  }

  // By the whole page, since a shorter one would look like the last.
  #without(history: History): History {
    return [...this.#gone].reduce(withoutMessage, history);
  }

  /** What `send` answered: by then an event may have told more about the same message. */
  takeSent(message: MessageView): void {
    if (!this.history.messages.some((one) => one.id === message.id)) this.take(message);
    if (chats.of(message.contact)?.last?.id !== message.id && !this.#gone.has(message.id)) chats.takeMessage(message);
  }

  /** The user sees the newest messages. */
  async markRead(): Promise<void> {
    const chat = chats.of(this.contact);
    const last = lastPosition(this.history);
    if (!chat || last === undefined || chat.unread === 0 || chat.unread_from === null || this.history.hasNewer) return;
    // An event tells what is unread then: more may have come meanwhile.
    await call('mark_read', { contact: chat.contact.id, from: chat.unread_from, up_to: last });
  }
}

export const conversation = new Conversation();
