import { describe, expect, it } from 'vitest';
import { snippet } from '../src/lib/found';
import { lockChoices } from '../src/lib/locking';

const told = (text: string, matches: [number, number][]) =>
  snippet(text, matches).map((part) => (part.isMatch ? `[${part.text}]` : part.text)).join('');

describe('what is shown of a text that was found', () => {
  it('marks every match and nothing else', () => {
    expect(told('one two three two', [[4, 7], [14, 17]])).toBe('one [two] three [two]');
    expect(told('nothing of it', [])).toBe('nothing of it');
  });

  it('counts characters, not units of UTF-16', () => {
    expect(told('🎉🎉 party', [[3, 8]])).toBe('🎉🎉 [party]');
  });

  it('begins shortly before the first match and says that there is more', () => {
    const parts = snippet(`${'a '.repeat(100)}needle${' b'.repeat(200)}`, [[200, 206]]);
    expect(parts[0]).toEqual({ text: '…', isMatch: false });
    expect(parts.find((part) => part.isMatch)?.text).toBe('needle');
    expect(parts.at(-1)).toEqual({ text: '…', isMatch: false });
    expect(parts.map((part) => part.text).join('').length).toBeLessThan(140);
  });

  it('takes what a daemon tells that is out of order, overlaps or lies outside', () => {
    expect(told('one two', [[0, 5], [2, 4], [4, 7]])).toBe('[one t]wo');
    expect(told('one', [[5, 9]])).toBe('one');
    expect(told('one', [[0, 900]])).toBe('[one]');
  });
});

describe('after how long an account locks itself', () => {
  it('offers what is set as well, and never last', () => {
    expect(lockChoices(0)).toEqual([5, 15, 60, 480, 0]);
    expect(lockChoices(7)).toEqual([5, 7, 15, 60, 480, 0]);
  });
});
