/** A failure as a sentence: by its code in the user's language, with the detail. */
import { Refusal } from '../api/client';
import { speech, t } from '../i18n/index.svelte';
import { inline } from './visible';

/** What to tell the user. Details are English, so elsewhere they stand in brackets. */
export function sentence(error: unknown): string {
  if (!(error instanceof Refusal)) return t('error-machine');
  if (error.code === 'too_soon' && error.retryAfterS !== null) return t('error-too-soon-seconds', { count: error.retryAfterS });
  const detail = inline(error.detail).trim();
  const said = t(`error-${error.code.replaceAll('_', '-')}`);
  if (detail === '' || PLAIN.has(error.code)) return said;
  return speech.locale === 'en' ? detail : `${said} (${detail})`;
}

// Their own words say it all.
const PLAIN: ReadonlySet<string> = new Set(['locked', 'no_vault', 'wrong_passphrase', 'stranger', 'silent', 'mismatch']);
