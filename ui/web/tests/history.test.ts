import { describe, expect, it } from 'vitest';
import type { MessageView } from '../src/api/types';
import { around, EMPTY, firstPosition, lastPosition, newest, PAGE, WINDOW, withMessage, withNewer, withOlder, withoutMessage } from '../src/lib/history';

const message = (position: number, text = ''): MessageView => ({
  id: `m${position}`, contact: 'c', position, order: null, mine: true, text,
  sent_at_ms: position, state: { state: 'sending' }, since_ms: position,
});
const page = (from: number, length = PAGE) => Array.from({ length }, (_, at) => message(from + at));
const positions = (history: { messages: readonly MessageView[] }) => history.messages.map((one) => one.position);

describe('the window on a conversation', () => {
  it('knows that a short page is the beginning', () => {
    expect(newest(page(1, 3)).hasOlder).toBe(false);
    expect(newest(page(1)).hasOlder).toBe(true);
  });

  it('can begin in the middle, and knows what lies on both sides', () => {
    const history = around(page(51), page(101));
    expect(positions(history)).toEqual(Array.from({ length: 2 * PAGE }, (_, at) => 51 + at));
    expect([history.hasOlder, history.hasNewer]).toEqual([true, true]);
    expect(around(page(1, 3), page(4, 2))).toMatchObject({ hasOlder: false, hasNewer: false });
  });

  it('leaves out what was deleted, and nothing else', () => {
    const history = newest(page(1, 3));
    expect(positions(withoutMessage(history, 'm2'))).toEqual([1, 3]);
    expect(withoutMessage({ ...history, hasOlder: true, hasNewer: true }, 'm2')).toMatchObject({ hasOlder: true, hasNewer: true });
    expect(withoutMessage(history, 'm9')).toBe(history);
  });

  it('never holds more than its size, and moves without a gap', () => {
    let history = newest(page(100_000));
    for (let first = 100_000 - PAGE; first > 90_000; first -= PAGE) history = withOlder(history, page(first));
    expect(history.messages).toHaveLength(WINDOW);
    expect(history.hasNewer).toBe(true);
    const first = history.messages[0]?.position ?? 0;
    expect(positions(history)).toEqual(Array.from({ length: WINDOW }, (_, at) => first + at));
    while (history.hasNewer) {
      const last = history.messages.at(-1)?.position ?? 0;
      history = withNewer(history, page(last + 1, Math.min(PAGE, 100_000 + PAGE - 1 - last)));
    }
    expect(history.messages.at(-1)?.position).toBe(100_000 + PAGE - 1);
    expect(history.hasOlder).toBe(true);
  });

  it('takes a changed message in at its place, and a new one at the end', () => {
    let history = newest(page(1, 3));
    history = withMessage(history, message(2, 'changed'));
    expect(history.messages[1]?.text).toBe('changed');
    history = withMessage(history, message(4));
    expect(positions(history)).toEqual([1, 2, 3, 4]);
    expect(history.hasNewer).toBe(false);
  });

  it('does not put a new message behind a window that ends before', () => {
    const history = { ...newest(page(1, 3)), hasNewer: true };
    expect(withMessage(history, message(500))).toBe(history);
  });

  it('shows in the order of both sides and pages by the order of this one', () => {
    const at = (position: number, clock: number | null): MessageView => ({ ...message(position), order: clock === null ? null : { clock, writer: 0 } });
    let history = newest([at(10, 7), at(12, 5), at(11, null)]);
    expect(positions(history)).toEqual([12, 10, 11]);
    expect([firstPosition(history), lastPosition(history)]).toEqual([10, 12]);
    history = withMessage(history, at(11, 6));
    expect(positions(history)).toEqual([12, 11, 10]);
    history = withOlder({ ...history, hasOlder: true }, [at(9, 8)]);
    expect(positions(history)).toEqual([12, 11, 10, 9]);
  });

  it('begins with a first message', () => {
    expect(positions(withMessage(EMPTY, message(1)))).toEqual([1]);
  });
});
