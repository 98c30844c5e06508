import { mount } from 'svelte';
import App from './App.svelte';
import { receiveInvites } from './stores/arrived.svelte';
import { look } from './stores/look.svelte';
import './styles/tokens.css';
import './styles/base.css';

receiveInvites();

const target = document.getElementById('app');
// In the user's words from the first line on; where those cannot be fetched, in English.
if (target) void look.start().catch(() => undefined).then(() => mount(App, { target }));
