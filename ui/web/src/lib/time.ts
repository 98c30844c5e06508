/** Times as people say them, in their language and the machine's time zone. */
import { speech, t } from '../i18n/index.svelte';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = speech.tag + JSON.stringify(options);
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat(speech.tag, options);
    formats.set(key, made);
  }
  return made;
}

/** What `Date` can hold; the clock of somebody else may say anything. */
const LAST_MS = 8_640_000_000_000_000;

function sane(ms: number): Date {
  return new Date(Number.isFinite(ms) ? Math.max(-LAST_MS, Math.min(LAST_MS, ms)) : 0);
}

/** For programs. */
export function iso(ms: number): string {
  return sane(ms).toISOString();
}

/** Which day of the machine's calendar, as a number that grows by one a day. */
export function dayOf(ms: number): number {
  const date = sane(ms);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}

/** 14:05 */
export function clock(ms: number): string {
  return format({ hour: 'numeric', minute: '2-digit' }).format(sane(ms));
}

/** Today, Yesterday, Friday, 3 March, 3 March 2024. */
export function day(ms: number, now = Date.now()): string {
  const ago = dayOf(now) - dayOf(ms);
  if (ago === 0) return t('day-today');
  if (ago === 1) return t('day-yesterday');
  if (ago > 1 && ago < 7) return format({ weekday: 'long' }).format(sane(ms));
  const sameYear = new Date(now).getFullYear() === sane(ms).getFullYear();
  return format({ day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) }).format(sane(ms));
}

/** As short as a row of the list allows. */
export function brief(ms: number, now = Date.now()): string {
  const ago = dayOf(now) - dayOf(ms);
  if (ago === 0) return clock(ms);
  if (ago > 0 && ago < 7) return format({ weekday: 'short' }).format(sane(ms));
  return format({ day: 'numeric', month: 'short' }).format(sane(ms));
}

/** The whole of it, to the second. */
export function full(ms: number): string {
  return format({ dateStyle: 'medium', timeStyle: 'medium' }).format(sane(ms));
}

/** Day and time, for something that is to come. */
export function moment(ms: number): string {
  return format({ dateStyle: 'medium', timeStyle: 'short' }).format(sane(ms));
}
