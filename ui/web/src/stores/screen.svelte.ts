/** What is on the screen: which chat, which panel beside it, which dialog above. */
import type { MessageView } from '../api/types';
import { t } from '../i18n/index.svelte';
import { sentence } from '../lib/failure';
import { conversation } from './conversation.svelte';
import { notices } from './notices.svelte';

export type Panel =
  | { kind: 'contact' }
  | { kind: 'message'; id: string }
  | { kind: 'network' }
  | { kind: 'settings' };

export type DialogName = 'invite' | 'redeem' | 'requests' | 'relay' | 'palette' | 'shortcuts';

class Screen {
  chat = $state<string | null>(null);
  panel = $state<Panel | null>(null);
  #dialog = $state<DialogName | null>(null);
  /** The dialog from which the present one was opened, to go on there. */
  returnTo: DialogName | null = null;

  get dialog(): DialogName | null {
    return this.#dialog;
  }

  set dialog(name: DialogName | null) {
    this.returnTo = this.#dialog;
    this.#dialog = name;
  }

  openChat(contact: string | null): void {
    if (this.chat !== contact) {
      this.chat = contact;
      conversation.open(contact).catch((error) => notices.say(sentence(error), 'bad'));
    }
    this.panel = null;
  }

  /** Opens its chat where this message stands. */
  openMessage(message: MessageView): void {
    this.chat = message.contact;
    this.panel = null;
    conversation.openAt(message).then(
      (isThere) => { if (!isThere) notices.say(t('error-not-found'), 'bad'); },
      (error) => notices.say(sentence(error), 'bad'),
    );
  }

  show(panel: Panel): void {
    this.panel = panel;
  }

  toggle(kind: 'contact' | 'network' | 'settings'): void {
    this.panel = this.panel?.kind === kind ? null : { kind };
  }

  reset(): void {
    this.chat = null;
    this.panel = null;
    this.dialog = null;
    void conversation.open(null);
  }
}

export const screen = new Screen();
