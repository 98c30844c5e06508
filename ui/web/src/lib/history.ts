/** A window on a conversation: some hundreds of its messages, however long it is. */
import type { MessageView } from '../api/types';

/** Messages asked for at a time. */
export const PAGE = 80;

/** Messages held, and so shown, at most. */
export const WINDOW = 320;

export interface History {
  messages: readonly MessageView[];
  hasOlder: boolean;
  hasNewer: boolean;
}

export const EMPTY: History = { messages: [], hasOlder: false, hasNewer: false };

/** Begins with what `read` answered without a place: the newest. */
export function newest(page: readonly MessageView[]): History {
  return { messages: page, hasOlder: page.length >= PAGE, hasNewer: false };
}

/** Puts an older page in front; what is too much falls off the end. */
export function withOlder(history: History, page: readonly MessageView[]): History {
  const messages = [...page, ...history.messages];
  return {
    messages: messages.slice(0, WINDOW),
    hasOlder: page.length >= PAGE,
    hasNewer: history.hasNewer || messages.length > WINDOW,
  };
}

/** Puts a newer page behind; what is too much falls off the front. */
export function withNewer(history: History, page: readonly MessageView[]): History {
  const messages = [...history.messages, ...page];
  return {
    messages: messages.slice(-WINDOW),
    hasOlder: history.hasOlder || messages.length > WINDOW,
    hasNewer: page.length >= PAGE,
  };
}

/** Takes in a message that is new or has changed. */
export function withMessage(history: History, message: MessageView): History {
  const at = history.messages.findIndex((one) => one.id === message.id);
  if (at >= 0) return { ...history, messages: history.messages.with(at, message) };
  const last = history.messages.at(-1);
  if (last === undefined || message.position > last.position) {
    if (history.hasNewer) return history;
    const kept = withNewer(history, [message]);
    return { ...kept, hasNewer: false };
  }
  const first = history.messages[0];
  if (first !== undefined && message.position < first.position) return history;
  const messages = [...history.messages, message].sort((a, b) => a.position - b.position);
  return { ...history, messages };
}
