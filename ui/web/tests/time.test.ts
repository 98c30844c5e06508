import { expect, it } from 'vitest';
import { brief, clock, day, dayOf, full, iso, moment } from '../src/lib/time';

it('survives what the clock of somebody else may say', () => {
  for (const ms of [0, -1, 1.8e19, -1.8e19, Number.MAX_SAFE_INTEGER, NaN, Infinity])
    for (const say of [brief, clock, day, full, iso, moment]) expect(say(ms)).toBeTruthy();
});

it('begins a day at midnight of this machine', () => {
  const noon = new Date(2026, 10, 27, 12).getTime();
  expect(dayOf(new Date(2026, 10, 27, 0, 0).getTime())).toBe(dayOf(noon));
  expect(dayOf(new Date(2026, 10, 26, 23, 59).getTime())).toBe(dayOf(noon) - 1);
  expect(day(new Date(2026, 10, 26, 23, 59).getTime(), noon)).toContain('Yesterday');
});
