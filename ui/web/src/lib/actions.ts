/** What a user does that several places offer; failures are told. */
import { call } from '../api/client';
import type { ContactView } from '../api/types';
import { t } from '../i18n/index.svelte';
import { account } from '../stores/account.svelte';
import { chats } from '../stores/chats.svelte';
import { connection } from '../stores/connection.svelte';
import { notices } from '../stores/notices.svelte';
import { sentence } from './failure';

/** Runs `work`; tells a failure and answers whether there was none. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (failure) {
    notices.say(sentence(failure), 'bad');
    return false;
  }
}

export const retryNow = () =>
  attempt(async () => {
    await call('retry_now');
    await account.refresh();
    notices.say(t('retrying-now'));
  });

export const lock = () =>
  attempt(async () => {
    await call('lock');
    await connection.readAnew();
  });

export const setBlocked = (contact: ContactView, blocked: boolean) =>
  attempt(async () => {
    const command = blocked ? 'contact_block' : 'contact_unblock';
    chats.takeContact(await call(command, { contact: contact.id }));
  });
