/** The list of chats: contacts, the newest message of each, what is unread. */
import { call } from '../api/client';
import type { ChatView, ContactView, MessageView } from '../api/types';

class Chats {
  /** In the daemon's order: newest first, blocked ones last. */
  list = $state.raw<ChatView[]>([]);
  isLoaded = $state(false);
  unread = $derived(this.list.reduce((sum, chat) => sum + chat.unread, 0));

  of(contact: string | null): ChatView | undefined {
    return this.list.find((chat) => chat.contact.id === contact);
  }

  /** Counts what was asked for: an answer is left that was overtaken by another one, or by a lock. */
  #asked = 0;
  #isAsking = false;

  async load(): Promise<void> {
    const mine = (this.#asked += 1);
    this.#isAsking = true;
    try {
      const { chats } = await call('chats');
      if (mine !== this.#asked) return;
      this.list = chats;
      this.isLoaded = true;
    } finally {
      if (mine === this.#asked) this.#isAsking = false;
    }
  }

  clear(): void {
    this.#asked += 1;
    this.#isAsking = false;
    this.list = [];
    this.isLoaded = false;
  }

  /** A contact was deleted. */
  async drop(contact: string): Promise<void> {
    this.list = this.list.filter((one) => one.contact.id !== contact);
    // An answer that is under way may still have it.
    if (this.#isAsking) await this.load();
  }

  takeContact(contact: ContactView): void {
    const known = this.of(contact.id);
    const chat: ChatView = known
      ? { ...known, contact }
      : { contact, last: null, unread: 0, unread_from: null };
    this.#put(chat, known === undefined);
  }

  takeMessage(message: MessageView): void {
    const known = this.of(message.contact);
    if (known === undefined || (known.last !== null && known.last.position > message.position)) return;
    const isNewer = known.last === null || known.last.id !== message.id;
    this.#put({ ...known, last: message }, isNewer);
  }

  takeUnread(contact: string, unread: number, unreadFrom: number | null): void {
    const known = this.of(contact);
    if (known) this.#put({ ...known, unread, unread_from: unreadFrom }, false);
  }

  #put(chat: ChatView, toTop: boolean): void {
    const isBlocked = (one: ChatView) => one.contact.blocked_since_ms !== null;
    let list = toTop
      ? [chat, ...this.list.filter((one) => one.contact.id !== chat.contact.id)]
      : this.list.map((one) => (one.contact.id === chat.contact.id ? chat : one));
    list = [...list.filter((one) => !isBlocked(one)), ...list.filter(isBlocked)];
    this.list = list;
  }
}

export const chats = new Chats();
