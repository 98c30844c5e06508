/**
 * Text from other people, taken apart so that nothing of it hides or turns what
 * stands around it. Shown as text nodes only; the same characters as in
 * `crates/cli/src/safe_text.rs`.
 */

export interface Piece {
  /** The text as it is, or the name of a character that is not seen, like `U+202E`. */
  text: string;
  /** Whether it is such a name. */
  hidden: boolean;
}

// Controls but tab and line end, separators, bidirectional marks, and what is not
// seen. The joiners U+200C and U+200D stay: Persian and emoji need them.
const HIDDEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\ud82f[\udca0-\udca3]|\ud834[\udd73-\udd7a]|[\udb40-\udb43][\udc00-\udfff]/g;

// Flags of parts of countries are a black flag and tag characters; those may stay.
const FLAG = /\u{1f3f4}[\u{e0020}-\u{e007e}]{2,8}\u{e007f}/gu;

/** `text` in pieces, in order. Line ends of other systems become ours. */
export function pieces(text: string): Piece[] {
  const plain = text.replace(/\r\n?/g, '\n');
  const flags = [...plain.matchAll(FLAG)].map((flag) => [flag.index, flag.index + flag[0].length] as const);
  const found: Piece[] = [];
  let from = 0;
  for (const match of plain.matchAll(HIDDEN)) {
    if (flags.some(([start, end]) => match.index >= start && match.index < end)) continue;
    if (match.index > from) found.push({ text: plain.slice(from, match.index), hidden: false });
    found.push({ text: nameOf(match[0]), hidden: true });
    from = match.index + match[0].length;
  }
  if (from < plain.length) found.push({ text: plain.slice(from), hidden: false });
  return found;
}

/** The same on one line, for names and reasons. */
export function inline(text: string): string {
  return pieces(text.replace(/[\n\r\t]+/g, ' '))
    .map((piece) => (piece.hidden ? `[${piece.text}]` : piece.text))
    .join('');
}

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const EMOJI = /^(?:\p{Emoji_Presentation}|\p{Emoji}\ufe0f|\p{Regional_Indicator}{2})/u;

/** Whether `text` is one to three emoji and nothing else: those are shown large. */
export function isFewEmoji(text: string): boolean {
  if (text.length === 0 || text.length > 60) return false;
  const graphemes = [...segmenter.segment(text.trim())];
  return (
    graphemes.length >= 1 &&
    graphemes.length <= 3 &&
    graphemes.every(({ segment }) => EMOJI.test(segment) && segment.length < 20)
  );
}

const encoder = new TextEncoder();

/** Bytes of a text as it will be sent. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
