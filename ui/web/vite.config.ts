import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The daemon that the development server talks to; `npm run mock` starts one.
const daemon = process.env['HUSHWING_DAEMON'] ?? 'http://127.0.0.1:7878';

export default defineConfig({
  plugins: [svelte()],
  base: '/',
  server: {
    host: '127.0.0.1',
    fs: { allow: ['..'] },
    proxy: {
      '/v0': { target: daemon, changeOrigin: true, ws: true },
      '/v1': { target: daemon, changeOrigin: true, ws: true },
    },
  },
  build: {
    target: ['chrome125', 'firefox128', 'safari18'],
    // Everything is a file of its own origin: a data: address would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
