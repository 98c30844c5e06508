/** Carries out the state machine of `link.ts`, and hands what happens to the stores. */
import { listen, open, Refusal } from '../api/client';
import type { Frame } from '../api/types';
import { t } from '../i18n/index.svelte';
import { called } from '../lib/names';
import { inline } from '../lib/visible';
import { ofNetwork } from '../lib/words';
import { account } from './account.svelte';
import { chats } from './chats.svelte';
import { conversation } from './conversation.svelte';
import { forgetDrafts } from './drafts';
import { finding } from './finding.svelte';
import { forgetContact, forgetHistory, forgetMessage } from './forgetting';
import { pauseMs, step, type Link, type LinkEvent } from './link';
import { notices } from './notices.svelte';
import { requests } from './requests.svelte';
import { screen } from './screen.svelte';

/** Characters of a message that are read out at most. */
const SPOKEN = 400;

class Connection {
  link = $state<Link>({ at: 'opening' });
  #place: { run: string; serial: number } | null = null;
  #socket: WebSocket | null = null;

  async start(): Promise<void> {
    try {
      await open();
      await account.refresh();
    } catch {
      this.#step('refused');
      return;
    }
    // Everything is read once it listens: nothing that happens in between is missed.
    this.#listen();
  }

  /** Asks for everything that is on the screen. */
  async readAnew(): Promise<void> {
    await this.#try(async () => {
      await account.refresh();
      if (account.state !== 'open') {
        // It may have been locked while nobody listened.
        this.#forget();
        return;
      }
      await Promise.all([chats.load(), requests.load(), conversation.load()]);
    });
  }

  async #try(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Does not wait for the next try. */
  retryNow(): void {
    if (this.link.at === 'retrying') this.#listen();
  }

  #step(event: LinkEvent): void {
    this.link = step(this.link, event);
    if (this.link.at === 'retrying') setTimeout(() => this.retryNow(), pauseMs(this.link.tries));
  }

  #listen(): void {
    this.#socket?.close();
    const socket = listen(this.#place);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#take(JSON.parse(String(data)) as Frame);
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#step('broken');
      account.refresh().then(
        () => { if (account.state !== 'open') this.#forget(); },
        (error) => this.#failed(error),
      );
    };
  }

  #failed(error: unknown): void {
    if (!(error instanceof Refusal) || error.code !== 'stranger') return;
    this.#forget();
    this.#step('refused');
  }

  #take(frame: Frame): void {
    if (frame.event === 'listening') {
      this.#place = { run: frame.run, serial: frame.serial };
      this.#step('listening');
      if (!frame.resumed) void this.readAnew();
      return;
    }
    if (this.#place) this.#place.serial = frame.serial;
    this.#tell(frame);
  }

  #tell(frame: Frame): void {
    switch (frame.event) {
      case 'vault':
        account.state = frame.vault;
        if (frame.vault === 'open') void this.readAnew();
        else this.#forget();
        break;
      case 'network':
        // Each step would be too much to listen to.
        if (frame.network.state !== account.network.state && frame.network.state !== 'starting')
          notices.speak(t(ofNetwork(frame.network, account.isWithoutTor).id));
        account.network = frame.network;
        if (frame.network.state === 'ready') void account.refresh();
        break;
      case 'contact':
        chats.takeContact(frame);
        break;
      case 'message':
        this.#announce(frame);
        chats.takeMessage(frame);
        conversation.take(frame);
        break;
      case 'unread':
        chats.takeUnread(frame.contact, frame.unread, frame.unread_from);
        break;
      // This page or another program did it: nothing of it stays on the screen.
      case 'message_deleted':
        notices.speak('');
        forgetMessage(frame.message).catch((error) => this.#failed(error));
        break;
      case 'history_deleted':
        notices.clear();
        forgetHistory(frame.contact).catch((error) => this.#failed(error));
        break;
      case 'contact_deleted':
        notices.clear();
        forgetContact(frame.contact).catch((error) => this.#failed(error));
        break;
      case 'request':
        requests.take(frame);
        notices.speak(t('announce-request'));
        break;
      case 'request_over':
        requests.drop(frame.request);
        break;
      case 'invite_used_twice':
        notices.say(t('invite-used-twice'), 'bad');
        break;
      case 'warning':
        notices.say(frame.text, 'bad');
        break;
      case 'lagged':
        void this.readAnew();
        break;
      case 'listening':
        break;
    }
  }

  /** For screen readers: the text itself only of the chat that is open. */
  #announce(message: Extract<Frame, { event: 'message' }>): void {
    const known = chats.of(message.contact);
    if (message.mine || known?.last?.id === message.id) return;
    const name = called(known?.contact.name ?? '');
    const isOpen = message.contact === conversation.contact && document.visibilityState === 'visible';
    notices.speak(
      isOpen
        ? t('announce-text', { name, text: inline(message.text.slice(0, SPOKEN)) })
        : t('announce-message', { name }),
    );
  }

  #forget(): void {
    forgetDrafts();
    finding.clear();
    notices.clear();
    chats.clear();
    requests.clear();
    screen.reset();
  }
}

export const connection = new Connection();
