/** What is asked for when something is looked for, and what of a text is shown where it was found. */

/** Bytes of UTF-8 that the daemon takes. */
const LONGEST_BYTES = 256;

/** What is typed, as it is asked for: whole characters, as many as the daemon takes; empty: nothing to look for. */
export function asked(typed: string): string {
  let text = '';
  let bytes = 0;
  for (const character of typed.trim()) {
    bytes += new TextEncoder().encode(character).length;
    if (bytes > LONGEST_BYTES) break;
    text += character;
  }
  return /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(text) ? text.trim() : '';
}

/**
 * The times from the beginning of a day to the end of another, by the machine's calendar
 * (`YYYY-MM-DD`, or nothing), in milliseconds since 1970; `null` where they lie backwards.
 */
export function timesOf(first: string, last: string): { since_ms: number | null; before_ms: number | null } | null {
  const [since, before] = [midnight(first, 0), midnight(last, 1)];
  if (since !== null && before !== null && since >= before) return null;
  return { since_ms: since, before_ms: before };
}

// By the calendar: a day in which clocks are changed is shorter or longer than others.
function midnight(day: string, later: number): number | null {
  const parts = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(day);
  if (parts === null) return null;
  const date = new Date(0);
  date.setFullYear(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + later);
  date.setHours(0, 0, 0, 0);
  const ms = date.getTime();
  // The daemon counts from 1970 on.
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** A part of a text, and whether it is what was looked for. */
export interface Part {
  text: string;
  isMatch: boolean;
}

/** Characters before the first match and after it. */
const BEFORE = 24;
const AFTER = 96;

/**
 * The text around its first match, on one line. `matches` count characters (Unicode scalar
 * values), as the daemon tells them.
 */
export function snippet(text: string, matches: readonly (readonly [number, number])[]): Part[] {
  const all = [...text.slice(0, LONGEST)];
  const first = Math.min(matches[0]?.[0] ?? 0, all.length);
  const from = Math.max(0, first - BEFORE);
  const to = Math.min(all.length, first + AFTER);
  const parts: Part[] = [];
  const add = (start: number, end: number, isMatch: boolean) => {
    if (end > start) parts.push({ text: all.slice(start, end).join(''), isMatch });
  };
  let here = from;
  for (const [start, end] of matches) {
    if (start >= to) break;
    if (start < here) continue;
    add(here, start, false);
    add(start, Math.min(end, to), true);
    here = Math.min(end, to);
  }
  add(here, to, false);
  if (from > 0) parts.unshift({ text: '…', isMatch: false });
  if (to < all.length || text.length > LONGEST) parts.push({ text: '…', isMatch: false });
  return parts;
}

/** UTF-16 units of a text that are looked at. */
const LONGEST = 200_000;
