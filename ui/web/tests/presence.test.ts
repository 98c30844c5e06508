import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AWAY_AFTER_MS, presence } from '../src/stores/presence.svelte';

describe('whether somebody sits before the window', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    presence.left();
    vi.useRealTimers();
  });

  it('takes a hand for that, and no script', () => {
    expect(presence.isHere).toBe(false);
    presence.note(false);
    expect(presence.isHere).toBe(false);
    presence.note(true);
    expect(presence.isHere).toBe(true);
  });

  it('lasts a minute from the last thing that was done', () => {
    presence.note(true);
    vi.advanceTimersByTime(AWAY_AFTER_MS - 1);
    presence.note(true);
    vi.advanceTimersByTime(AWAY_AFTER_MS - 1);
    expect(presence.isHereStill()).toBe(true);
    vi.advanceTimersByTime(1);
    expect(presence.isHere).toBe(false);
  });

  it('ends at once when the window is left', () => {
    presence.note(true);
    presence.left();
    expect(presence.isHere).toBe(false);
    vi.advanceTimersByTime(AWAY_AFTER_MS);
    expect(presence.isHereStill()).toBe(false);
  });

  it('does not outlast a sleep of the machine, in which timers stand still', () => {
    presence.note(true);
    vi.setSystemTime(Date.now() + 8 * 60 * 60_000);
    expect(presence.isHere).toBe(true);
    expect(presence.isHereStill()).toBe(false);
    expect(presence.isHere).toBe(false);
  });
});
