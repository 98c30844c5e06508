/** The types of the local API that this app uses, and which answer belongs to which command. */
import type { Command, ErrorCode, Reply } from './schema';

export type {
  BackupView, ChatView, CommandError, Comparison, ContactView, DeliveryPolicy, EmojiView, ErrorCode, Finding, FoundView, Frame,
  InviteCreatedView, InvitePolicy, InviteView, LedgerEntry, LedgerView, MessageState, MessageView, NetworkView, RelayView,
  RequestView, SafetyView, SettingsView, Strength, VaultState,
} from './schema';

/** Why a command was not carried out: `stranger`: the token is dead; `silent`: nobody answered. */
export type Failure = ErrorCode | 'stranger' | 'silent';

interface Answers {
  status: 'status';
  create: 'done';
  unlock: 'done';
  lock: 'done';
  backup_create: 'backup';
  backup_check: 'backup';
  restore: 'backup';
  relay_add: 'relay';
  relay_remove: 'done';
  relay_list: 'relays';
  relay_test: 'relay_test';
  invite_create: 'invite_created';
  invite_list: 'invites';
  invite_revoke: 'done';
  invite_redeem: 'contact';
  requests: 'requests';
  request_accept: 'contact';
  request_refuse: 'done';
  request_block: 'done';
  chats: 'chats';
  contact_rename: 'contact';
  contact_block: 'contact';
  contact_unblock: 'contact';
  send: 'sent';
  read: 'messages';
  mark_read: 'done';
  settings: 'settings';
  message: 'ledger';
  give_up: 'done';
  passphrase_change: 'done';
  wipe: 'done';
  search: 'found';
  message_delete: 'done';
  history_delete: 'done';
  contact_delete: 'done';
  doctor: 'doctor';
  delivery: 'delivery';
  repair: 'done';
  safety_number: 'safety';
  verify: 'contact';
  unverify: 'contact';
  retry_now: 'done';
}

/** The commands that this app sends. */
export type CommandName = keyof Answers;

/** What belongs to a command. */
export type Fields<Name extends CommandName> = Omit<Extract<Command, { command: Name }>, 'command'>;

/** What a command is answered. */
export type Answer<Name extends CommandName> = Extract<Reply, { reply: Answers[Name] }>;
