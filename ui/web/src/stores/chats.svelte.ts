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

  /** Counts locks: what was asked for before one must not be shown after it. */
  #locks = 0;

  async load(): Promise<void> {
    const locks = this.#locks;
    const { chats } = await call('chats');
    if (locks !== this.#locks) return;
    this.list = chats;
    this.isLoaded = true;
  }

  clear(): void {
    this.#locks += 1;
    this.list = [];
    this.isLoaded = false;
  }

  /** A contact was deleted. */
  drop(contact: string): void {
    this.list = this.list.filter((one) => one.contact.id !== contact);
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
