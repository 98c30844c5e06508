/** Words in the user's language, from the Fluent catalogues in `ui/locales`. */
import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import en from '../../../locales/en.ftl?raw';

export type Locale = 'en' | 'es' | 'ar';

interface Language {
  /** What its speakers call it. */
  name: string;
  direction: 'ltr' | 'rtl';
  /** For `Intl`; digits are Latin everywhere, as in safety numbers. */
  tag: string;
  /** English comes with the app, since it stands in for what another language lacks; others when somebody reads them. */
  catalogue: () => Promise<string>;
}

const words = (module: { default: string }) => module.default;

export const LANGUAGES: Record<Locale, Language> = {
  en: { name: 'English', direction: 'ltr', tag: 'en-u-nu-latn', catalogue: () => Promise.resolve(en) },
  es: { name: 'Español', direction: 'ltr', tag: 'es-u-nu-latn', catalogue: () => import('../../../locales/es.ftl?raw').then(words) },
  ar: { name: 'العربية', direction: 'rtl', tag: 'ar-u-nu-latn', catalogue: () => import('../../../locales/ar.ftl?raw').then(words) },
};

const bundles = new Map<Locale, FluentBundle>([['en', bundleOf('en', en)]]);

function bundleOf(locale: Locale, catalogue: string): FluentBundle {
  const bundle = new FluentBundle(LANGUAGES[locale].tag);
  bundle.addResource(new FluentResource(catalogue));
  return bundle;
}

/** The first of the browser's languages that there is. */
export function preferred(): Locale {
  for (const wish of navigator.languages) {
    const base = wish.split('-')[0] ?? '';
    if (base in LANGUAGES) return base as Locale;
  }
  return 'en';
}

class Speech {
  locale = $state<Locale>('en');

  get tag(): string {
    return LANGUAGES[this.locale].tag;
  }
}

export const speech = new Speech();

let wished: Locale = 'en';

/** Shows everything in `locale` once its words are there; of two wishes the later one counts. */
export async function speak(locale: Locale): Promise<void> {
  wished = locale;
  if (!bundles.has(locale)) bundles.set(locale, bundleOf(locale, await LANGUAGES[locale].catalogue()));
  if (wished !== locale) return;
  speech.locale = locale;
  document.documentElement.lang = locale;
  document.documentElement.dir = LANGUAGES[locale].direction;
}

/** The words for `id`; a missing one shows its id, which the checks do not let pass. */
export function t(id: string, args?: Record<string, FluentVariable>): string {
  for (const locale of [speech.locale, 'en'] as const) {
    const bundle = bundles.get(locale);
    const pattern = bundle?.getMessage(id)?.value;
    if (bundle && pattern) return bundle.formatPattern(pattern, args, []);
  }
  return id;
}
