/** A window on a conversation: some hundreds of its messages, however long it is. */
import type { MessageView } from '../api/types';

/** Messages asked for at a time. */
export const PAGE = 50;

/** Messages held, and so shown, at most. */
export const WINDOW = 250;

/**
 * Pages are cut by `position`, the order in which messages came to this machine, and
 * shown in the order that both sides agree on. So the window keeps a range of
 * positions without a gap, whatever is shown first.
 */
export interface History {
  /** As shown. */
  messages: readonly MessageView[];
  hasOlder: boolean;
  hasNewer: boolean;
}

export const EMPTY: History = { messages: [], hasOlder: false, hasNewer: false };

/** The smallest position that is held. */
export function firstPosition(history: History): number | undefined {
  return history.messages.length === 0 ? undefined : Math.min(...history.messages.map((one) => one.position));
}

/** The greatest position that is held. */
export function lastPosition(history: History): number | undefined {
  return history.messages.length === 0 ? undefined : Math.max(...history.messages.map((one) => one.position));
}

/** Begins with what `read` answered without a place: the newest. */
export function newest(page: readonly MessageView[]): History {
  return { messages: shown(page), hasOlder: page.length >= PAGE, hasNewer: false };
}

/** Begins around a message: what stands before it and itself, and what comes after it. */
export function around(before: readonly MessageView[], after: readonly MessageView[]): History {
  return { messages: shown([...before, ...after]), hasOlder: before.length >= PAGE, hasNewer: after.length >= PAGE };
}

/** Adds an older page; what is too much falls off the other end. */
export function withOlder(history: History, page: readonly MessageView[]): History {
  const all = byPosition([...page, ...history.messages]);
  return {
    messages: shown(all.slice(0, WINDOW)),
    hasOlder: page.length >= PAGE,
    hasNewer: history.hasNewer || all.length > WINDOW,
  };
}

/** Adds a newer page; what is too much falls off the other end. */
export function withNewer(history: History, page: readonly MessageView[]): History {
  const all = byPosition([...history.messages, ...page]);
  return {
    messages: shown(all.slice(-WINDOW)),
    hasOlder: history.hasOlder || all.length > WINDOW,
    hasNewer: page.length >= PAGE,
  };
}

/** Takes in a message that is new or has changed. */
export function withMessage(history: History, message: MessageView): History {
  const at = history.messages.findIndex((one) => one.id === message.id);
  // Its place among the others may have come with the change.
  if (at >= 0) return { ...history, messages: shown(history.messages.with(at, message)) };
  const [first, last] = [firstPosition(history), lastPosition(history)];
  if (last !== undefined && message.position > last && history.hasNewer) return history;
  if (first !== undefined && message.position < first && history.hasOlder) return history;
  return { ...withNewer(history, [message]), hasNewer: history.hasNewer };
}

/** Leaves out a message that was deleted. */
export function withoutMessage(history: History, id: string): History {
  const messages = history.messages.filter((one) => one.id !== id);
  return messages.length === history.messages.length ? history : { ...history, messages };
}

function byPosition(messages: readonly MessageView[]): MessageView[] {
  return [...messages].sort((a, b) => a.position - b.position);
}

/** What has no place among the others yet stands last. */
function shown(messages: readonly MessageView[]): MessageView[] {
  return [...messages].sort((a, b) => {
    if (a.order === null || b.order === null)
      return Number(a.order === null) - Number(b.order === null) || a.position - b.position;
    return a.order.clock - b.order.clock || a.order.writer - b.order.writer || a.position - b.position;
  });
}
