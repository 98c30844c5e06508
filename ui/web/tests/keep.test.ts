import { expect, it } from 'vitest';
import { pieces } from '../src/lib/keep';

it('gives a file in pieces that together are the file', () => {
  for (const length of [0, 1, 2, 3, 4096, 196_608, 196_609, 500_000]) {
    const bytes = Uint8Array.from({ length }, (_, n) => (n * 31 + (n >> 8)) % 256);
    const next = pieces(bytes);
    let text = '';
    for (let piece = next(); piece !== ''; piece = next()) text += atob(piece);
    expect(text.length).toBe(length);
    expect(bytes.every((byte, n) => text.charCodeAt(n) === byte), `${length}`).toBe(true);
    expect(next()).toBe('');
  }
});
