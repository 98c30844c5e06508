/** What a contact is called in a sentence: the name that they chose, on one line. */
import { t } from '../i18n/index.svelte';
import { inline } from './visible';

export function called(name: string): string {
  return inline(name).trim() || t('no-name');
}
