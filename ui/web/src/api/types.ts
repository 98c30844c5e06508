/** What the local API says, as in `crates/engine/src/view`. */

export type VaultState = 'missing' | 'locked' | 'open';

export type NetworkView =
  | { state: 'off' }
  | { state: 'starting'; percent: number; stage: string }
  | { state: 'ready' }
  | { state: 'blocked'; reason: string };

export type RelayRole = 'told' | 'spare' | 'resting';
export type RelayState =
  | { state: 'unknown' }
  | { state: 'reachable' }
  | { state: 'unreachable'; reason: string };

export interface RelayView {
  address: string;
  state: RelayState;
  role: RelayRole;
  resting_since_ms: number | null;
}

export interface RelayTestView {
  took_ms: number;
  accepting: boolean;
  max_ttl_s: number;
}

export interface StatusView {
  version: string;
  vault: VaultState;
  network: NetworkView;
  relays: RelayView[];
  undelivered: number;
  requests: number;
}

export interface BackupView {
  made_at_ms: number;
  contacts: number;
  messages: number;
  len: number;
}

export type InvitePolicy = 'accept' | 'ask';
export type InviteState = 'publishing' | 'ready' | 'asked' | 'used' | 'expired' | 'damaged';
export interface InviteView {
  id: string;
  expires_at_ms: number;
  state: InviteState;
  policy: InvitePolicy;
}
export interface InviteCreatedView extends InviteView {
  link: string;
}

export interface RequestView {
  id: string;
  name: string;
  safety_number: string;
  since_ms: number;
  expires_at_ms: number;
  state: 'open' | 'blocked';
  used_twice: boolean;
}

export type VerifiedHow = 'emoji' | 'digits' | 'code';
export type Verification =
  | { state: 'unverified' }
  | { state: 'verified'; how: VerifiedHow; at_ms: number }
  | { state: 'changed'; how: VerifiedHow; at_ms: number }
  | { state: 'succeeded'; since_ms: number };

export type ContactPhase =
  | { phase: 'fetching' }
  | { phase: 'requested' }
  | { phase: 'established' }
  | { phase: 'failed'; reason: string }
  | { phase: 'damaged'; reason: string };

export interface ContactView {
  id: string;
  name: string;
  phase: ContactPhase;
  blocked_since_ms: number | null;
  safety_number: string | null;
  verification: Verification;
  missing: number;
  repairing: boolean;
  succeeding: boolean;
}

export interface EmojiView {
  symbol: string;
  english: string;
  spanish: string;
  arabic: string;
}
export interface SafetyView {
  contact: string;
  name: string;
  digits: string;
  emoji: EmojiView[];
  code: string;
  verification: Verification;
}
export type Comparison =
  | { by: 'emoji' }
  | { by: 'digits'; theirs: string | null }
  | { by: 'code'; theirs: string };

export type MessageState =
  | { state: 'waiting_for_contact' }
  | { state: 'held'; reason: string }
  | { state: 'waiting_for_tor' }
  | { state: 'waiting_for_relay'; reason: string; next_try_ms: number }
  | { state: 'sending' }
  | { state: 'at_relay'; stored: number; of: number }
  | { state: 'delivered' }
  | { state: 'read' }
  | { state: 'damaged'; reason: string }
  | { state: 'failed'; reason: string }
  | { state: 'received' }
  | { state: 'unreadable'; reason: string };

export interface MessageView {
  id: string;
  contact: string;
  position: number;
  order: { clock: number; writer: number } | null;
  mine: boolean;
  text: string;
  sent_at_ms: number;
  state: MessageState;
  since_ms: number;
}

export type LedgerEntry = { at_ms: number } & (
  | { step: 'written' | 'sealed' | 'sealed_anew' | 'unread_there' | 'given_up' | 'read' | 'damaged' | 'arrived' }
  | { step: 'kept_by_relay'; relay: string }
  | { step: 'put_again'; reason: string }
  | { step: 'delivered'; by: 'direct' | 'receipt' }
  | { step: 'failed'; reason: string }
);
export type WayView = { relay: string | null } & (
  | { way: 'kept' }
  | { way: 'trying' }
  | { way: 'waiting'; reason: string; next_try_ms: number }
  | { way: 'unused'; reason: string }
);
export interface LedgerView {
  message: MessageView;
  history: LedgerEntry[];
  ways: WayView[];
}

export type FindingKind =
  | 'network' | 'damaged' | 'no_relay' | 'own_relay' | 'their_relay' | 'unreachable' | 'undelivered'
  | 'held' | 'missing' | 'repairing' | 'succeeding' | 'invite' | 'limit';
export interface Finding {
  kind: FindingKind;
  about: string | null;
  what: string;
  advice: string;
  since_ms: number | null;
}

export type ErrorCode =
  | 'locked' | 'no_vault' | 'vault_exists' | 'wrong_passphrase' | 'vault_in_use' | 'vault_unusable'
  | 'bad_input' | 'not_found' | 'refused' | 'unreachable' | 'mismatch' | 'limit' | 'machine';
export interface CommandError {
  code: ErrorCode;
  message: string;
}

export type DeliveryPolicy = 'automatic' | 'relay_only' | 'direct_only';
export interface SettingsView {
  read_reports: 'off' | 'on';
  relays_told: number;
}

export interface ChatView {
  contact: ContactView;
  last: MessageView | null;
  unread: number;
  unread_from: number | null;
}

export interface StrengthView {
  enough: boolean;
  guesses_log10: number;
  /** What makes it weak, where that can be told. */
  because: 'keyboard' | 'repeats' | 'sequence' | 'date' | 'common' | 'single_word' | 'name' | null;
}

/** What `/v0/events` says; each but the first has a `serial`. */
export type Frame = { serial: number } & (
  | { event: 'listening'; run: string; resumed: boolean }
  | { event: 'vault'; vault: VaultState }
  | { event: 'network'; network: NetworkView }
  | ({ event: 'request' } & RequestView)
  | { event: 'request_over'; request: string }
  | ({ event: 'contact' } & ContactView)
  | ({ event: 'message' } & MessageView)
  | { event: 'invite_used_twice'; invite: string }
  | { event: 'warning'; text: string }
  | { event: 'unread'; contact: string; unread: number; unread_from: number | null }
  | { event: 'lagged' }
);

/** The commands that this app sends, and what each is answered with. */
export interface Commands {
  status: [Record<never, never>, StatusView];
  create: [{ passphrase: string }, unknown];
  unlock: [{ passphrase: string }, unknown];
  lock: [Record<never, never>, unknown];
  backup_create: [{ file: string; passphrase: string; key: 'account' | 'own' }, BackupView];
  backup_check: [{ file: string; passphrase: string }, BackupView];
  restore: [{ file: string; passphrase: string }, BackupView];
  relay_add: [{ address: string }, RelayView];
  relay_remove: [{ address: string }, unknown];
  relay_list: [Record<never, never>, { relays: RelayView[] }];
  relay_test: [{ address: string }, RelayTestView];
  invite_create: [{ name: string; expires_hours: number; policy: InvitePolicy }, InviteCreatedView];
  invite_list: [Record<never, never>, { invites: InviteView[] }];
  invite_revoke: [{ id: string }, unknown];
  invite_redeem: [{ link: string; name: string }, ContactView];
  requests: [Record<never, never>, { requests: RequestView[] }];
  request_accept: [{ id: string }, ContactView];
  request_refuse: [{ id: string }, unknown];
  request_block: [{ id: string }, unknown];
  chats: [Record<never, never>, { chats: ChatView[] }];
  contact_block: [{ contact: string }, ContactView];
  contact_unblock: [{ contact: string }, ContactView];
  send: [{ contact: string; text: string }, MessageView];
  read: [{ contact: string; limit: number; after?: number; before?: number }, { messages: MessageView[] }];
  mark_read: [{ contact: string; from: number; up_to: number }, unknown];
  settings: [{ read_reports?: 'off' | 'on'; relays_told?: number }, SettingsView];
  message: [{ id: string }, LedgerView];
  give_up: [{ id: string }, unknown];
  doctor: [Record<never, never>, { findings: Finding[] }];
  delivery: [{ policy?: DeliveryPolicy }, { policy: DeliveryPolicy }];
  repair: [{ contact: string }, unknown];
  safety_number: [{ contact: string }, SafetyView];
  verify: [{ contact: string; by: Comparison }, ContactView];
  unverify: [{ contact: string }, ContactView];
  retry_now: [Record<never, never>, unknown];
}
