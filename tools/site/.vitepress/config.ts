// The site of docs/. It is complete in itself: nothing in it comes from another server.
import { defineConfig } from 'vitepress';
import { navigation, packages } from './navigation.js';

/** Of the reference, only names and their first sentence are searched: all of it would be megabytes. */
const firstLines = (markdown: string) => markdown.split('\n').slice(0, 12).join('\n');

/** As GitHub does it, where the pages are read as well, and as the reference expects it. */
const slugify = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

export default defineConfig({
  title: 'ns',
  description: 'Linux namespaces for Node.js',
  srcDir: '../../docs',
  outDir: './dist',
  cacheDir: './tmp/cache',
  // Pages work wherever they are put, without a server that rewrites addresses.
  base: process.env.NS_SITE_BASE ?? '/',
  // What the first line says, the browser enforces.
  head: [
    [
      'meta',
      {
        'http-equiv': 'Content-Security-Policy',
        content: "default-src 'self' 'unsafe-inline' data:",
      },
    ],
  ],
  markdown: {
    anchor: { slugify },
    theme: { light: 'github-light', dark: 'github-dark' },
    config(md) {
      // What the check of the code blocks reads is of use to readers as well.
      const { html_block: html } = md.renderer.rules;
      md.renderer.rules.html_block = (tokens, index, ...rest) =>
        /^<!-- needs: root -->\s*$/.test(tokens[index]?.content ?? '')
          ? '<p class="needs">Needs root:</p>\n'
          : (html?.(tokens, index, ...rest) ?? tokens[index]?.content ?? '');
    },
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/getting-started' },
      { text: 'Namespaces', link: '/namespaces/' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: {
      '/api/': [{ text: 'API reference', link: '/api/', items: packages }],
      '/': navigation,
    },
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        _render: (markdown, env, md) =>
          md.render(env.relativePath.startsWith('api/') ? firstLines(markdown) : markdown, env),
      },
    },
  },
});
