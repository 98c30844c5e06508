import { describe, expect, it } from 'vitest';
import { byteLength, inline, isFewEmoji, pieces } from '../src/lib/visible';

const shown = (text: string) => pieces(text).map((piece) => (piece.hidden ? `<${piece.text}>` : piece.text)).join('');

describe('text of other people', () => {
  it('is left as it is where nothing hides', () => {
    for (const text of ['Hello', 'مرحبا', 'می\u200cخواهم', '👩\u200d👩\u200d👧', '❤\ufe0f', 'a\nb\tc', '<b>&amp;</b>', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'])
      expect(pieces(text)).toEqual([{ text, hidden: false }]);
  });

  it('shows what turns the direction, controls the terminal or cannot be seen', () => {
    expect(shown('a\u202eb')).toBe('a<U+202E>b');
    expect(shown('\u2066x\u2069')).toBe('<U+2066>x<U+2069>');
    expect(shown('\u0000\u001b[2J\u009b')).toBe('<U+0000><U+001B>[2J<U+009B>');
    expect(shown('zero\u200bwidth\ufeff')).toBe('zero<U+200B>width<U+FEFF>');
    expect(shown('tag\u{e0041}')).toBe('tag<U+E0041>');
    expect(shown('\u2028\u2029\u00ad\u3164')).toBe('<U+2028><U+2029><U+00AD><U+3164>');
  });

  it('takes line ends of other systems for line ends', () => {
    expect(shown('a\r\nb\rc')).toBe('a\nb\nc');
  });

  it('stays on one line in names and reasons', () => {
    expect(inline('a\nb\u202e\r\n\tc')).toBe('a b[U+202E] c');
  });

  it('is shown large when it is a few emoji and nothing else', () => {
    for (const few of ['👍', '❤\ufe0f', '👩\u200d👩\u200d👧', '🇪🇸', '🎉🎉 ']) expect(isFewEmoji(few), few).toBe(true);
    for (const other of ['', 'a', '1', '👍👍👍👍', 'ok 👍', '#']) expect(isFewEmoji(other), other).toBe(false);
  });

  it('is measured in the bytes that are sent', () => {
    expect(byteLength('añ🐳')).toBe(7);
  });
});
