/** Every action with a key, once: the keyboard, the sheet and the palette read this list. */
import { tick } from 'svelte';
import { chats } from '../stores/chats.svelte';
import { finding } from '../stores/finding.svelte';
import { screen } from '../stores/screen.svelte';
import { lock, retryNow } from './actions';
import type { IconName } from './icons';

export interface Action {
  /** The id of its words. */
  id: string;
  icon: IconName;
  /** As shown: `Alt+N`; letters are places on the keyboard, whatever they write. */
  keys?: string;
  run: () => void;
  /** Not offered without an open chat. */
  needsChat?: boolean;
}

export const ACTIONS: Action[] = [
  { id: 'action-palette', icon: 'search', keys: 'Ctrl+K', run: () => (screen.dialog = 'palette') },
  { id: 'action-search', icon: 'search', keys: 'Alt+F', run: focusSearch },
  { id: 'action-search-here', icon: 'search', keys: 'Alt+Shift+F', run: searchHere, needsChat: true },
  { id: 'action-next-chat', icon: 'down', keys: 'Alt+ArrowDown', run: () => move(1) },
  { id: 'action-previous-chat', icon: 'up', keys: 'Alt+ArrowUp', run: () => move(-1) },
  { id: 'action-write', icon: 'chat', keys: 'Alt+W', run: focusComposer, needsChat: true },
  { id: 'action-details', icon: 'person', keys: 'Alt+I', run: () => screen.toggle('contact'), needsChat: true },
  { id: 'action-invite', icon: 'invite', keys: 'Alt+N', run: () => (screen.dialog = 'invite') },
  { id: 'action-redeem', icon: 'link', keys: 'Alt+R', run: () => (screen.dialog = 'redeem') },
  { id: 'action-requests', icon: 'bell', keys: 'Alt+Q', run: () => (screen.dialog = 'requests') },
  { id: 'action-network', icon: 'cloud', keys: 'Alt+C', run: () => screen.toggle('network') },
  { id: 'action-retry', icon: 'refresh', run: () => void retryNow() },
  { id: 'action-settings', icon: 'gear', keys: 'Alt+S', run: () => screen.toggle('settings') },
  { id: 'action-shortcuts', icon: 'keyboard', keys: 'Ctrl+/', run: () => (screen.dialog = 'shortcuts') },
  { id: 'action-lock', icon: 'lock', keys: 'Alt+L', run: () => void lock() },
];

/** Runs the action of `event`, if there is one. */
export function onShortcut(event: KeyboardEvent): void {
  if (event.key === 'Escape' && screen.panel !== null && !event.defaultPrevented && !document.querySelector('dialog[open]')) {
    screen.panel = null;
    return;
  }
  if (event.repeat && !event.code.startsWith('Arrow')) return;
  const pressed = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${event.shiftKey ? 'Shift+' : ''}${named(event)}`;
  const action = ACTIONS.find((one) => one.keys === pressed);
  if (!action || (action.needsChat && screen.chat === null)) return;
  event.preventDefault();
  action.run();
}

// By place, so that Alt+N works where Alt writes other letters and under any layout.
function named(event: KeyboardEvent): string {
  if (event.code.startsWith('Key')) return event.code.slice(3);
  return event.code === 'Slash' || event.key === '/' ? '/' : event.code;
}

function move(by: 1 | -1): void {
  const ids = chats.list.map((chat) => chat.contact.id);
  if (ids.length === 0) return;
  const here = screen.chat === null ? -1 : ids.indexOf(screen.chat);
  const to = here < 0 ? 0 : (here + by + ids.length) % ids.length;
  screen.openChat(ids[to] ?? null);
}

function focusSearch(): void {
  const field = document.getElementById('chat-search');
  // Where a chat takes the whole screen, the list comes back for it.
  if (field?.checkVisibility() === false) screen.openChat(null);
  void tick().then(() => field?.focus());
}

/** Looks through the open chat alone. */
export function searchHere(): void {
  finding.contact = screen.chat;
  focusSearch();
}

function focusComposer(): void {
  document.getElementById('composer')?.focus();
}
