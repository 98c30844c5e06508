/** Messages as rows of a conversation: where a day begins, what is new, who goes on. */
import type { MessageView } from '../api/types';
import { dayOf } from './time';

export interface Row {
  message: MessageView;
  /** A day begins here. */
  isNewDay: boolean;
  /** The first that was unread when the chat was opened. */
  isFirstNew: boolean;
  /** The same person goes on within some minutes. */
  goesOn: boolean;
}

/** Between two messages of one thought. */
const PAUSE_MS = 4 * 60_000;

export function rowsOf(messages: readonly MessageView[], newFrom: number | null): Row[] {
  const firstNew = newFrom === null ? -1 : messages.findIndex((one) => !one.mine && one.position >= newFrom);
  return messages.map((message, at) => {
    const before = messages[at - 1];
    const isNewDay = before === undefined || dayOf(before.sent_at_ms) !== dayOf(message.sent_at_ms);
    const isFirstNew = at === firstNew;
    const goesOn =
      !isNewDay &&
      !isFirstNew &&
      before.mine === message.mine &&
      Math.abs(message.sent_at_ms - before.sent_at_ms) < PAUSE_MS;
    return { message, isNewDay, isFirstNew, goesOn };
  });
}
