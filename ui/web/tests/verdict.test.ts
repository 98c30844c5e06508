import { expect, it, vi } from 'vitest';
import { isHardEnough } from '../src/lib/verdict';

vi.mock('../src/api/client', () => ({ strength: () => Promise.reject(new Error('not asked here')) }));

const judge = (passphrase: string) => Promise.resolve({ enough: passphrase.length > 10 });

it('is about the text that is there, whatever was shown before', async () => {
  expect(await isHardEnough(() => 'plover tundra', judge)).toBe(true);
  expect(await isHardEnough(() => 'cat', judge)).toBe(false);
  expect(await isHardEnough(() => '', judge)).toBe(false);
});

it('is none when something else was typed before it came', async () => {
  let text = 'plover tundra';
  const late = isHardEnough(() => text, judge);
  text = 'cat';
  expect(await late).toBeNull();
});
