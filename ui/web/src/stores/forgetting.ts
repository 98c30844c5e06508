/** Takes what was deleted off the page, whoever deleted it. */
import { chats } from './chats.svelte';
import { conversation } from './conversation.svelte';
import { keepDraft } from './drafts';
import { finding } from './finding.svelte';
import { screen } from './screen.svelte';

export async function forgetMessage(id: string): Promise<void> {
  if (screen.panel?.kind === 'message' && screen.panel.id === id) screen.panel = null;
  finding.drop(({ message }) => message.id === id);
  await Promise.all([conversation.drop(id), chats.load()]);
}

export async function forgetHistory(contact: string): Promise<void> {
  finding.drop(({ message }) => message.contact === contact);
  if (conversation.contact === contact) {
    if (screen.panel?.kind === 'message') screen.panel = null;
    await conversation.load();
  }
  await chats.load();
}

export async function forgetContact(contact: string): Promise<void> {
  finding.dropContact(contact);
  keepDraft(contact, '');
  if (conversation.contact === contact) screen.reset();
  await chats.drop(contact);
}
