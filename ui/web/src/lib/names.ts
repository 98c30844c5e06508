/** What people are called in a sentence: the name that they chose, on one line. */
import type { ContactView } from '../api/types';
import { t } from '../i18n/index.svelte';
import { inline } from './visible';

export function called(name: string): string {
  return inline(name).trim() || t('no-name');
}

/** The same of a contact, whose name may not have come yet. */
export function calledContact({ name, phase }: Pick<ContactView, 'name' | 'phase'>): string {
  return inline(name).trim() || t(phase.phase === 'established' ? 'no-name' : 'new-contact');
}
