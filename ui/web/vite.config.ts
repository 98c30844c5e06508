import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// The daemon that the development server talks to; `npm run mock` starts one.
const daemon = process.env['HUSHWING_DAEMON'] ?? 'http://127.0.0.1:7878';

/** What ships with its licence: read from the packages themselves. */
const LICENSED = [
  '@fontsource-variable/atkinson-hyperlegible-next/LICENSE',
  '@fontsource-variable/vazirmatn/LICENSE',
  'svelte/LICENSE.md',
  'jsqr/LICENSE',
  'uqr/LICENSE',
];
const APACHE = '@fluent/bundle: Copyright Mozilla and others, Apache License 2.0; its text stands below, under jsqr.';
const EMOJI = 'Names of emoji: emojibase (MIT, Copyright Miles Johnson) and Unicode CLDR (Unicode License V3, Copyright Unicode, Inc.).';

const licences: Plugin = {
  name: 'licences',
  generateBundle() {
    const texts = LICENSED.map((file) => `${'='.repeat(72)}\n${file}\n\n${readFileSync(`node_modules/${file}`, 'utf8')}`);
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source: [APACHE, EMOJI, ...texts].join('\n\n') });
  },
};

// dist/ is kept in git, empty but for this file, since cargo watches the folder.
const keepFolder: Plugin = {
  name: 'keep-folder',
  generateBundle() {
    this.emitFile({
      type: 'asset',
      fileName: '.gitignore',
      source: '# What `npm run build` makes. The folder itself is kept, since cargo watches it.\n/*\n!/.gitignore\n',
    });
  },
};

export default defineConfig({
  plugins: [svelte(), keepFolder, licences],
  base: '/',
  server: {
    host: '127.0.0.1',
    fs: { allow: ['..'] },
    proxy: {
      '/v0': {
        target: daemon,
        changeOrigin: true,
        ws: true,
        // The daemon answers pages of its own origin only.
        configure(proxy) {
          proxy.on('proxyReq', (request) => request.setHeader('Origin', daemon));
          proxy.on('proxyReqWs', (request) => request.setHeader('Origin', daemon));
        },
      },
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
