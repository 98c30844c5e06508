import { describe, expect, it } from 'vitest';
import { asked, snippet, timesOf } from '../src/lib/found';
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

describe('what is asked for', () => {
  it('is what is typed, without what stands around it', () => {
    expect(asked('  two words ')).toBe('two words');
  });

  it('is nothing where no word and no emoji stands', () => {
    for (const typed of ['', '   ', '.', '"*"', '—']) expect(asked(typed)).toBe('');
    expect(asked('🎉')).toBe('🎉');
    expect(asked('٣')).toBe('٣');
  });

  it('has no more bytes than the daemon takes, and no half character', () => {
    const bytes = (text: string) => new TextEncoder().encode(text).length;
    expect(asked('a'.repeat(500))).toBe('a'.repeat(256));
    expect(bytes(asked('ب'.repeat(500)))).toBe(256);
    expect(asked(`${'a'.repeat(254)}🎉 and more`)).toBe('a'.repeat(254));
  });
});

describe('the time that is looked through', () => {
  const local = (year: number, month: number, day: number) => new Date(year, month - 1, day).getTime();

  it('is the whole of both days', () => {
    expect(timesOf('2026-03-01', '2026-03-01')).toEqual({ since_ms: local(2026, 3, 1), before_ms: local(2026, 3, 2) });
    expect(timesOf('2026-12-31', '2026-12-31')).toEqual({ since_ms: local(2026, 12, 31), before_ms: local(2027, 1, 1) });
  });

  it('may be open on either side', () => {
    expect(timesOf('', '')).toEqual({ since_ms: null, before_ms: null });
    expect(timesOf('2026-03-01', '')).toEqual({ since_ms: local(2026, 3, 1), before_ms: null });
    expect(timesOf('', '2026-03-01')).toEqual({ since_ms: null, before_ms: local(2026, 3, 2) });
  });

  it('does not run backwards', () => {
    expect(timesOf('2026-03-02', '2026-03-01')).toBeNull();
  });

  it('takes a year that is still being typed as it stands, and nothing of before 1970', () => {
    expect(timesOf('0020-03-01', '')).toEqual({ since_ms: 0, before_ms: null });
    expect(timesOf('not a day', '')).toEqual({ since_ms: null, before_ms: null });
  });
});

describe('after how long an account locks itself', () => {
  it('offers what is set as well, and never last', () => {
    expect(lockChoices(0)).toEqual([5, 15, 60, 480, 0]);
    expect(lockChoices(7)).toEqual([5, 7, 15, 60, 480, 0]);
  });
});
