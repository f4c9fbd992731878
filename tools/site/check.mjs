// Looks at the built site: every link inside of it leads somewhere, to a heading as well, nothing is
// loaded from elsewhere, and every page that people wrote can be found. Vitepress itself has refused
// links to pages that do not exist.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const base = process.env.NS_SITE_BASE ?? '/';
const site = fileURLToPath(new URL('dist', import.meta.url));
const documents = fileURLToPath(new URL('../../docs', import.meta.url));

/** @param {string} directory @param {string} end of the name */
const filesIn = (directory, end) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith(end),
  );

const pages = new Map(
  filesIn(site, '.html').map((path) => [path, readFileSync(join(site, path), 'utf8')]),
);
/** @type {string[]} */
const found = [];

/** @param {string} html @param {RegExp} pattern with one group */
const all = (html, pattern) => [...html.matchAll(pattern)].map(([, text = '']) => text);

const headings = new Map(
  [...pages].map(([path, html]) => [path, new Set(all(html, /\sid="([^"]*)"/g))]),
);

/** @param {string} url as the browser resolves it: the page's path in the site */
function pageOf(url) {
  const path = decodeURIComponent(url.slice(base.length));
  if (path === '' || path.endsWith('/')) return `${path}index.html`;
  return path.endsWith('.html') ? path : `${path}.html`;
}

for (const [path, html] of pages) {
  if (path === '404.html') continue;
  for (const link of new Set(all(html, /<a [^>]*?href="([^"]*)"/g))) {
    if (/^[a-z]+:/.test(link)) continue;
    const { pathname, hash } = new URL(link, `http://site${base}${path}`);
    const target = pageOf(pathname);
    const ids = headings.get(target);
    if (!ids) found.push(`${path}: ${link} leads nowhere`);
    else if (hash && !ids.has(decodeURIComponent(hash.slice(1)))) {
      found.push(`${path}: ${link}: the heading does not exist`);
    }
  }
  const loaded = [
    ...all(html, /<(?:script|img|iframe|source)[^>]*?\ssrc="([^"]*)"/g),
    ...all(html, /<link [^>]*?href="([^"]*)"/g),
  ];
  for (const url of loaded) {
    if (/^([a-z]+:)?\/\//.test(url)) found.push(`${path} loads ${url}`);
  }
}

for (const path of filesIn(site, '.css')) {
  const style = readFileSync(join(site, path), 'utf8');
  for (const url of all(style, /(?:url\(|@import\s*)["']?((?:https?:)?\/\/[^"')]*)/g)) {
    found.push(`${path} loads ${url}`);
  }
}

// Whatever is in the side bar is on the first page.
const inSidebar = new Set(
  all(pages.get('index.html') ?? '', /<a [^>]*?href="([^"#]*)"/g).map(pageOf),
);
for (const path of filesIn(documents, '.md')) {
  const page = path.replace(/\.md$/, '.html');
  if (!path.startsWith('api/') && !inSidebar.has(page)) {
    found.push(`${relative('.', join('docs', path))} is not in the navigation`);
  }
}

for (const line of found) console.error(line);
console.log(`${pages.size} pages, ${found.length} faults`);
if (found.length > 0) process.exitCode = 1;
