/** What was begun and not sent, for each chat. In memory only: it goes with the lock. */
const drafts = new Map<string, string>();

export function draftOf(contact: string): string {
  return drafts.get(contact) ?? '';
}

export function keepDraft(contact: string, text: string): void {
  if (text === '') drafts.delete(contact);
  else drafts.set(contact, text);
}

export function forgetDrafts(): void {
  drafts.clear();
}
