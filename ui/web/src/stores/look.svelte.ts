/** Language and appearance. Kept over a reload of the tab; nothing is written to a disk. */
import { LANGUAGES, preferred, speak, speech, type Locale } from '../i18n/index.svelte';

export type Theme = 'auto' | 'light' | 'dark';
export type Contrast = 'auto' | 'more';
export type Motion = 'auto' | 'less';

const KEPT = 'hushwing.look';

class Look {
  theme = $state<Theme>('auto');
  contrast = $state<Contrast>('auto');
  motion = $state<Motion>('auto');

  /** Rejects when the words of the wished language cannot be fetched; English is shown then. */
  async start(): Promise<void> {
    const kept: Record<string, unknown> = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}');
    const locale = kept['locale'];
    if (kept['theme'] === 'light' || kept['theme'] === 'dark') this.theme = kept['theme'];
    if (kept['contrast'] === 'more') this.contrast = 'more';
    if (kept['motion'] === 'less') this.motion = 'less';
    try {
      await speak(typeof locale === 'string' && locale in LANGUAGES ? (locale as Locale) : preferred());
    } finally {
      this.#show();
    }
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.#show();
  }

  setContrast(contrast: Contrast): void {
    this.contrast = contrast;
    this.#show();
  }

  setMotion(motion: Motion): void {
    this.motion = motion;
    this.#show();
  }

  /** Rejects when the words cannot be fetched; nothing is changed then. */
  async setLocale(locale: Locale): Promise<void> {
    await speak(locale);
    this.#show();
  }

  #show(): void {
    const { theme, contrast, motion } = this;
    Object.assign(document.documentElement.dataset, { theme, contrast, motion });
    sessionStorage.setItem(KEPT, JSON.stringify({ locale: speech.locale, theme, contrast, motion }));
  }
}

export const look = new Look();
