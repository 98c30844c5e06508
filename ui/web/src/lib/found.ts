/** What of a text is shown where something was found in it. */

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
