/** Takes what was deleted off the page, whoever deleted it. */
import { chats } from './chats.svelte';
import { conversation } from './conversation.svelte';
import { keepDraft } from './drafts';
import { screen } from './screen.svelte';

export async function forgetMessage(id: string): Promise<void> {
  if (screen.panel?.kind === 'message' && screen.panel.id === id) screen.panel = null;
  await Promise.all([conversation.drop(id), chats.load()]);
}

export async function forgetHistory(contact: string): Promise<void> {
  if (conversation.contact === contact) {
    if (screen.panel?.kind === 'message') screen.panel = null;
    await conversation.load();
  }
  await chats.load();
}

export function forgetContact(contact: string): void {
  keepDraft(contact, '');
  if (conversation.contact === contact) screen.reset();
  chats.drop(contact);
}
