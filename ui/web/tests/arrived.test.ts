import { expect, it } from 'vitest';
import { arrived, receiveInvites } from '../src/stores/arrived.svelte';

it('gives an invite out once', () => {
  arrived.receive('hushwing:abc234');
  arrived.receive('hushwing:def567');
  expect(arrived.take()).toBe('hushwing:def567');
  expect(arrived.take()).toBe('');
});

it('takes nothing that is no invite', () => {
  const hostile = [
    '', 'hushwing:', 'hushwing:abc ', ' hushwing:abc', 'hushwing:abc\n', 'hushwing:ab\u202ec', 'hushwing:abc1', 'HUSHWING:ABC',
    'hushwing-relay:abc', 'javascript:alert(1)', '<img src=x onerror=alert(1)>', `hushwing:${'a'.repeat(2040)}`, null, undefined, 7,
    { toString: () => 'hushwing:abc' }, ['hushwing:abc'],
  ];
  for (const detail of hostile) {
    arrived.receive(detail);
    expect(arrived.invite, String(detail).slice(0, 40)).toBeNull();
  }
  arrived.receive(`hushwing:${'a'.repeat(2039)}`);
  expect(arrived.take()).toHaveLength(2048);
});

it('hears the window', () => {
  const heard: ((event: unknown) => void)[] = [];
  globalThis.addEventListener = ((_: string, take: (event: unknown) => void) => heard.push(take)) as typeof addEventListener;
  receiveInvites();
  heard[0]?.({ detail: 'hushwing:abc234' });
  expect(arrived.take()).toBe('hushwing:abc234');
});
