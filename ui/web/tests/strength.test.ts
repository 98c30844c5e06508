import { expect, it } from 'vitest';
import { guessingTime, PARTS, partsOf } from '../src/lib/strength';

it('fills half of the bar at what is demanded, and no less for less', () => {
  expect(partsOf(0)).toBe(0);
  expect(partsOf(1)).toBe(1);
  expect(partsOf(9.99)).toBeLessThan(PARTS / 2);
  expect(partsOf(10)).toBe(PARTS / 2);
  expect(partsOf(300)).toBe(PARTS);
});

it('says how long a thief guesses, at ten thousand tries a second', () => {
  expect(guessingTime(4).id).toBe('time-moment');
  expect(guessingTime(6)).toEqual({ id: 'time-minutes', count: 1 });
  expect(guessingTime(10)).toEqual({ id: 'time-days', count: 11 });
  expect(guessingTime(12)).toEqual({ id: 'time-years', count: 3 });
  expect(guessingTime(300).id).toBe('time-centuries');
});
