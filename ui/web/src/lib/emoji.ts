/** The emoji of the grid with their words in a language; loaded when first asked for. */
import type { Locale } from '../i18n/index.svelte';

export interface Emoji {
  sign: string;
  /** What it is called, and what else finds it; may be empty. */
  words: string;
  name: string;
}

/** In the order of `src/emoji/list.json`. */
export const GROUPS = [
  { id: 'emoji-smileys', sign: '🙂' },
  { id: 'emoji-people', sign: '👋' },
  { id: 'emoji-nature', sign: '🌿' },
  { id: 'emoji-food', sign: '🍎' },
  { id: 'emoji-travel', sign: '🚲' },
  { id: 'emoji-activities', sign: '⚽' },
  { id: 'emoji-objects', sign: '💡' },
  { id: 'emoji-symbols', sign: '💬' },
  { id: 'emoji-flags', sign: '🏁' },
] as const;

const names: Record<Locale, () => Promise<{ default: string[][] }>> = {
  en: () => import('../emoji/en.json'),
  es: () => import('../emoji/es.json'),
  ar: () => import('../emoji/ar.json'),
};

export async function load(locale: Locale): Promise<Emoji[][]> {
  const [list, words] = await Promise.all([import('../emoji/list.json'), names[locale]()]);
  return list.default.map((group, at) =>
    group.map((sign, place) => {
      const all = words.default[at]?.[place] ?? '';
      return { sign, words: all, name: all.split(' ').slice(0, 4).join(' ') };
    }),
  );
}
