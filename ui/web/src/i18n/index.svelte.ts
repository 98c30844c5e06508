/** Words in the user's language, from the Fluent catalogues in `ui/locales`. */
import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';
import ar from '../../../locales/ar.ftl?raw';
import en from '../../../locales/en.ftl?raw';
import es from '../../../locales/es.ftl?raw';

export type Locale = 'en' | 'es' | 'ar';

interface Language {
  /** What its speakers call it. */
  name: string;
  direction: 'ltr' | 'rtl';
  /** For `Intl`; digits are Latin everywhere, as in safety numbers. */
  tag: string;
  catalogue: string;
}

export const LANGUAGES: Record<Locale, Language> = {
  en: { name: 'English', direction: 'ltr', tag: 'en-u-nu-latn', catalogue: en },
  es: { name: 'Español', direction: 'ltr', tag: 'es-u-nu-latn', catalogue: es },
  ar: { name: 'العربية', direction: 'rtl', tag: 'ar-u-nu-latn', catalogue: ar },
};

const bundles = new Map<Locale, FluentBundle>();

function bundleOf(locale: Locale): FluentBundle {
  let bundle = bundles.get(locale);
  if (bundle === undefined) {
    bundle = new FluentBundle(LANGUAGES[locale].tag);
    bundle.addResource(new FluentResource(LANGUAGES[locale].catalogue));
    bundles.set(locale, bundle);
  }
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

/** Shows everything in `locale` from now on. */
export function speak(locale: Locale): void {
  speech.locale = locale;
  document.documentElement.lang = locale;
  document.documentElement.dir = LANGUAGES[locale].direction;
}

/** The words for `id`; a missing one shows its id, which the checks do not let pass. */
export function t(id: string, args?: Record<string, FluentVariable>): string {
  for (const locale of [speech.locale, 'en'] as const) {
    const bundle = bundleOf(locale);
    const pattern = bundle.getMessage(id)?.value;
    if (pattern) return bundle.formatPattern(pattern, args, []);
  }
  return id;
}
