import { expect, it } from 'vitest';
import { pauseMs, step, type Link } from '../src/stores/link';

it('a dead token stays dead, whatever happens', () => {
  const dead: Link = { at: 'stranger' };
  for (const event of ['listening', 'broken', 'refused'] as const) expect(step(dead, event)).toBe(dead);
});

it('counts tries until events come again', () => {
  let link: Link = { at: 'open' };
  link = step(link, 'broken');
  link = step(link, 'broken');
  expect(link).toEqual({ at: 'retrying', tries: 2 });
  expect(step(link, 'listening')).toEqual({ at: 'open' });
  expect(step(link, 'refused')).toEqual({ at: 'stranger' });
});

it('waits longer each time, but never long', () => {
  expect([1, 2, 3, 4, 5, 6, 60].map(pauseMs)).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});
