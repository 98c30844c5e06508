import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChatView, FoundView, MessageView } from '../src/api/types';

const { asked } = vi.hoisted(() => ({ asked: [] as { name: string; fields: Record<string, unknown>; answer: (value: unknown) => void }[] }));
vi.mock('../src/api/client', () => ({
  call: (name: string, fields: Record<string, unknown>) => new Promise((answer) => asked.push({ name, fields, answer })),
  Refusal: class extends Error {},
}));
const { chats } = await import('../src/stores/chats.svelte');
const { conversation } = await import('../src/stores/conversation.svelte');
const { finding } = await import('../src/stores/finding.svelte');

const message = (position: number, contact = 'ana'): MessageView => ({
  id: `${contact}${position}`, contact, position, order: null, mine: true, text: `text ${position}`,
  sent_at_ms: position, state: { state: 'delivered' }, since_ms: position,
});
const found = (position: number, contact = 'ana'): FoundView => ({ message: message(position, contact), matches: [] });
const chat = (id: string): ChatView => ({
  contact: { id, name: id, phase: { phase: 'established' }, blocked_since_ms: null, safety_number: null, verification: { state: 'unverified' }, missing: 0, repairing: false, succeeding: false },
  last: null, unread: 0, unread_from: null,
});
const settled = () => new Promise((resolve) => setTimeout(resolve));
/** Answers what was asked as the `nth`, which may be later than others. */
async function answer(nth: number, value: unknown): Promise<void> {
  asked[nth]?.answer(value);
  await settled();
}
const ids = () => finding.found.map((one) => one.message.id);

beforeEach(() => {
  asked.length = 0;
  finding.clear();
  chats.clear();
});

describe('an answer that comes late', () => {
  it('does not bring back a message that was deleted meanwhile', async () => {
    void conversation.open('ana');
    await answer(0, { messages: [message(3), message(4)] });
    void conversation.openAt(message(3));
    await conversation.drop('ana3');
    await answer(1, { messages: [message(2), message(3)] });
    await answer(2, { messages: [message(4)] });
    expect(conversation.history.messages.map((one) => one.id)).toEqual(['ana2', 'ana4']);
    conversation.takeSent(message(3));
    expect(conversation.history.messages).toHaveLength(2);
  });

  it('does not show one conversation in another', async () => {
    void conversation.open('ana');
    void conversation.open('bob');
    await answer(1, { messages: [message(1, 'bob')] });
    await answer(0, { messages: [message(1, 'ana')] });
    expect(conversation.history.messages.map((one) => one.id)).toEqual(['bob1']);
    void conversation.open(null);
    await settled();
    expect(conversation.history.messages).toEqual([]);
  });

  it('does not bring back a contact that was deleted meanwhile', async () => {
    void chats.load();
    void chats.drop('bob');
    await answer(0, { chats: [chat('ana'), chat('bob')] });
    await answer(1, { chats: [chat('ana')] });
    expect(chats.list.map((one) => one.contact.id)).toEqual(['ana']);
    expect(chats.isLoaded).toBe(true);
  });

  it('shows no chats after a lock', async () => {
    void chats.load();
    chats.clear();
    await answer(0, { chats: [chat('ana')] });
    expect(chats.list).toEqual([]);
  });
});

describe('a search', () => {
  const look = async (text: string) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    finding.text = text;
    finding.soon();
    await vi.advanceTimersByTimeAsync(300);
    vi.useRealTimers();
  };

  it('shows the answer to the last words alone, and goes on where it ended', async () => {
    await look('one');
    await look('two');
    await answer(1, { found: [found(9)], next: 'there', complete: true });
    await answer(0, { found: [found(1)], next: null, complete: true });
    expect(ids()).toEqual(['ana9']);
    expect(finding.isMore).toBe(true);
    void finding.more();
    expect(asked[2]?.fields).toMatchObject({ text: 'two', after: 'there' });
    await answer(2, { found: [found(8)], next: null, complete: true });
    expect(ids()).toEqual(['ana9', 'ana8']);
    expect(finding.isMore).toBe(false);
  });

  it('asks for nothing where no word stands, and for no time that runs backwards', async () => {
    await look(' . ');
    expect(asked).toEqual([]);
    finding.first = '2026-03-02';
    finding.last = '2026-03-01';
    await look('word');
    expect(asked).toEqual([]);
    expect(finding.isBackwards).toBe(true);
  });

  it('lets go what was deleted, and the contact that it was limited to', async () => {
    finding.contact = 'ana';
    await look('one');
    await answer(0, { found: [found(3), found(2)], next: null, complete: true });
    finding.drop(({ message }) => message.id === 'ana3');
    expect(ids()).toEqual(['ana2']);
    finding.dropContact('ana');
    expect(ids()).toEqual([]);
    expect(finding.contact).toBeNull();
  });

  it('leaves nothing at a lock, whatever is answered afterwards', async () => {
    await look('one');
    finding.clear();
    await answer(0, { found: [found(3)], next: null, complete: true });
    expect(ids()).toEqual([]);
    expect(finding.text).toBe('');
    expect(finding.phase).toBe('quiet');
  });
});
