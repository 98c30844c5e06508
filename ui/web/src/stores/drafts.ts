/** What was begun and not sent, for each chat. In memory only: it goes with the lock. */
import { account } from './account.svelte';

const drafts = new Map<string, string>();

export function draftOf(contact: string): string {
  return drafts.get(contact) ?? '';
}

export function keepDraft(contact: string, text: string): void {
  // What is on the screen goes away after the lock, and must not bring it back.
  if (text === '' || account.state !== 'open') drafts.delete(contact);
  else drafts.set(contact, text);
}

export function forgetDrafts(): void {
  drafts.clear();
}
