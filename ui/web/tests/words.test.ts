import { expect, it } from 'vitest';
import type { ContactView, MessageState } from '../src/api/types';
import { canGiveUp, canRetry, ofContact, ofMessage, ofNetwork } from '../src/lib/words';

const contact: ContactView = {
  id: 'c', name: '', phase: { phase: 'established' }, blocked_since_ms: null, safety_number: null,
  verification: { state: 'unverified' }, missing: 0, repairing: false, succeeding: false,
};

it('says the worst about a contact first', () => {
  expect(ofContact(contact)).toBeNull();
  expect(ofContact({ ...contact, repairing: true })?.id).toBe('contact-repairing');
  const changed = { ...contact, repairing: true, verification: { state: 'changed', how: 'emoji', at_ms: 1 } } as const;
  expect(ofContact(changed)?.id).toBe('contact-changed');
  expect(ofContact({ ...changed, verification: { state: 'succeeded', since_ms: 1 } })?.id).toBe('contact-changed');
  expect(ofContact({ ...changed, blocked_since_ms: 1 })?.id).toBe('contact-blocked');
});

it('offers to try again only what is tried again', () => {
  const states: MessageState[] = [{ state: 'waiting_for_tor' }, { state: 'sending' }, { state: 'delivered' }, { state: 'failed', reason: '' }];
  expect(states.map(canRetry)).toEqual([true, false, false, false]);
  expect(states.map(canGiveUp)).toEqual([true, false, false, false]);
});

it('never shows a failure as something good', () => {
  for (const state of ['failed', 'damaged', 'unreadable'] as const) expect(ofMessage({ state, reason: '' }).tone).toBe('bad');
  expect(ofMessage({ state: 'at_relay', stored: 1, of: 2 }).args).toEqual({ stored: 1, of: 2 });
});

it('never says that Tor hides somebody who goes without it', () => {
  for (const without of [false, true]) {
    const said = ofNetwork({ state: 'ready' }, without);
    expect(said.tone).toBe(without ? 'bad' : 'good');
    expect(said.id).toBe(without ? 'network-without-tor' : 'network-ready');
  }
});
