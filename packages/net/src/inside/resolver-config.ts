// Where names are looked up: resolv.conf(5) and hosts(5), of the namespace if it has its own.
//
// The files are always the caller's, also those below /etc/netns. A process in the namespace may have
// another /etc; nothing is read from there, since it could be a FIFO or without end (SECURITY.md S6).
import { readFileSync } from 'node:fs';
import { isSystemError } from '@ns/core';
import { isIP } from '../is-ip.js';

/** Settings of the resolver. */
export interface ResolverConfig {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  /** Names with fewer dots are tried with the search domains first. */
  readonly ndots: number;
  /** Milliseconds until the next attempt. */
  readonly timeout: number;
  readonly attempts: number;
}

function readFirst(paths: readonly string[]): string {
  for (const path of paths) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if (isSystemError(error) || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return '';
}

/** Files of this kind, the one of a named namespace first. */
const places = (file: string, name: string | undefined) => [
  ...(name === undefined ? [] : [`/etc/netns/${name}/${file}`]),
  `/etc/${file}`,
];

/** Reads the text of a resolv.conf(5). */
export function parseResolvConf(text: string): ResolverConfig {
  const nameservers: string[] = [];
  let search: string[] = [];
  let [ndots, timeout, attempts] = [1, 5, 2];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && words[0] && isIP(words[0])) nameservers.push(words[0]);
    if (keyword === 'search' || keyword === 'domain') search = words;
    if (keyword !== 'options') continue;
    for (const word of words) {
      const [name, value] = word.split(':');
      if (value === undefined || !/^\d+$/.test(value)) continue;
      if (name === 'ndots') ndots = Math.min(15, Number(value));
      if (name === 'timeout') timeout = Math.min(30, Number(value));
      if (name === 'attempts') attempts = Math.min(5, Number(value));
    }
  }
  return {
    // As resolv.conf(5): without any, the one on this host, which is the namespace's own.
    nameservers: nameservers.length > 0 ? nameservers.slice(0, 3) : ['127.0.0.1'],
    search,
    ndots,
    timeout: timeout * 1000,
    attempts: Math.max(1, attempts),
  };
}

/** The resolver's configuration for a namespace. */
export function resolverConfig(name: string | undefined): ResolverConfig {
  return parseResolvConf(readFirst(places('resolv.conf', name)));
}

/** Addresses that hosts(5) has for a name. */
export function parseHosts(text: string, wanted: string): string[] {
  const lower = wanted.toLowerCase();
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const [address = '', ...aliases] = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (isIP(address) && aliases.some((alias) => alias.toLowerCase() === lower))
      found.push(address);
  }
  return found;
}

/** Returns the addresses of a name that are known without a name server. */
export function knownAddresses(wanted: string, name: string | undefined): string[] {
  if (/^(.*\.)?localhost\.?$/i.test(wanted)) return ['127.0.0.1', '::1'];
  return parseHosts(readFirst(places('hosts', name)), wanted);
}
