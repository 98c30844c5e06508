/** Which words and which sign belong to a state. Pure; the words are in the catalogues. */
import type { ContactView, MessageState, NetworkView } from '../api/types';
import type { IconName } from './icons';

export interface Said {
  /** The id of the words. */
  id: string;
  args?: Record<string, string | number>;
  icon: IconName;
  tone: 'quiet' | 'good' | 'wait' | 'bad';
  /** Details from the daemon, in English. */
  reason?: string;
}

/** Where a message is. */
export function ofMessage(state: MessageState): Said {
  switch (state.state) {
    case 'waiting_for_contact':
      return { id: 'state-waiting-contact', icon: 'clock', tone: 'wait' };
    case 'held':
      return { id: 'state-held', icon: 'pause', tone: 'wait', reason: state.reason };
    case 'waiting_for_tor':
      return { id: 'state-waiting-network', icon: 'clock', tone: 'wait' };
    case 'waiting_for_relay':
      return { id: 'state-waiting-relay', icon: 'clock', tone: 'wait', reason: state.reason };
    case 'sending':
      return { id: 'state-sending', icon: 'up', tone: 'quiet' };
    case 'at_relay':
      return {
        id: 'state-at-relay',
        args: { stored: state.stored, of: state.of },
        icon: 'tray',
        tone: 'quiet',
      };
    case 'delivered':
      return { id: 'state-delivered', icon: 'check', tone: 'good' };
    case 'read':
      return { id: 'state-read', icon: 'checks', tone: 'good' };
    case 'damaged':
      return { id: 'state-damaged', icon: 'alert', tone: 'bad', reason: state.reason };
    case 'failed':
      return { id: 'state-failed', icon: 'alert', tone: 'bad', reason: state.reason };
    case 'received':
      return { id: 'state-received', icon: 'check', tone: 'quiet' };
    case 'unreadable':
      return { id: 'state-unreadable', icon: 'alert', tone: 'bad', reason: state.reason };
  }
}

/** Whether a user may want it tried at once. */
export function canRetry(state: MessageState): boolean {
  return state.state === 'waiting_for_tor' || state.state === 'waiting_for_relay';
}

/** Whether it has not left this machine and can be given up. */
export function canGiveUp(state: MessageState): boolean {
  return (
    state.state === 'waiting_for_contact' ||
    state.state === 'held' ||
    state.state === 'waiting_for_tor'
  );
}

/** The way out. */
export function ofNetwork(network: NetworkView, isWithoutTor: boolean): Said {
  switch (network.state) {
    case 'off':
      return { id: 'network-off', icon: 'cloud-off', tone: 'wait' };
    case 'starting':
      return { id: 'network-starting', args: { percent: network.percent }, icon: 'cloud', tone: 'wait' };
    case 'ready':
      if (isWithoutTor) return { id: 'network-without-tor', icon: 'alert', tone: 'bad' };
      return { id: 'network-ready', icon: 'cloud', tone: 'good' };
    case 'blocked':
      return { id: 'network-blocked', icon: 'cloud-off', tone: 'bad', reason: network.reason };
  }
}

/** What stands above a conversation when something is out of the ordinary. */
export function ofContact(contact: ContactView): Said | null {
  if (contact.blocked_since_ms !== null) return { id: 'contact-blocked', icon: 'block', tone: 'wait' };
  const { phase, verification } = contact;
  if (phase.phase === 'fetching') return { id: 'contact-fetching', icon: 'clock', tone: 'wait' };
  if (phase.phase === 'requested') return { id: 'contact-requested', icon: 'clock', tone: 'wait' };
  if (phase.phase === 'failed') return { id: 'contact-failed', icon: 'alert', tone: 'bad', reason: phase.reason };
  if (phase.phase === 'damaged') return { id: 'contact-damaged', icon: 'alert', tone: 'bad', reason: phase.reason };
  if (verification.state !== 'unverified' && verification.state !== 'verified')
    return { id: 'contact-changed', icon: 'shield-alert', tone: 'bad' };
  if (contact.repairing) return { id: 'contact-repairing', icon: 'refresh', tone: 'wait' };
  if (contact.missing > 0)
    return { id: 'contact-missing', args: { count: contact.missing }, icon: 'clock', tone: 'wait' };
  return null;
}
