import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { openInside } from './inside.js';
import { namespaceOf } from './socket-namespace.testing.js';

// Of localhost and web.example, signed by itself; for nothing but these tests.
const cert = `-----BEGIN CERTIFICATE-----
MIIBozCCAUigAwIBAgIUNjjvsd8JHMUYdrk+OYvK+3VM6ZgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTIyMzE0MVoYDzIxMjYxMTAx
MjIzMTQxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATh/3pDT7uKpn/UftEn9AikyjteZUH1j2fy6bL4YEdrS0lXu0oiveB1
AtmGtXegUbnQykaRY2IwRb+KO824szWwo3YwdDAdBgNVHQ4EFgQUdjDHcicNy2SK
iFiNkPELqMIH59AwHwYDVR0jBBgwFoAUdjDHcicNy2SKiFiNkPELqMIH59AwDwYD
VR0TAQH/BAUwAwEB/zAhBgNVHREEGjAYgglsb2NhbGhvc3SCC3dlYi5leGFtcGxl
MAoGCCqGSM49BAMCA0kAMEYCIQC7u4G246iiYVlTphHY0jvbRsS5F2Wyo32MK7+o
11m+qgIhAJBvY8w36XaDyoV/GzLZ+xD7tbUvuTOyfA7DibfxM7eI
-----END CERTIFICATE-----`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHAYX/VanufhrszJv
8382FQKykPWUIVcKpAQw1j6UTD2hRANCAATh/3pDT7uKpn/UftEn9AikyjteZUH1
j2fy6bL4YEdrS0lXu0oiveB1AtmGtXegUbnQykaRY2IwRb+KO824szWw
-----END PRIVATE KEY-----`;

test('an https server and its clients live inside, also when a connection is kept', async () => {
  using box = createNamespace(isolatedNet());
  using host = openInside(box);
  const server = https.createServer({ key, cert }, (request, response) => {
    response.end(`${request.headers.host} ${namespaceOf(request.socket)}`);
  });
  await host.listen(server, { port: 0, host: '127.0.0.1' });
  const { port } = server.address() as AddressInfo;
  const agent = host.tlsAgent({ ca: cert, keepAlive: true, maxSockets: 1 });
  for (const path of ['/a', '/b']) {
    const request = https.get(`https://localhost:${port}${path}`, { agent });
    const [response] = await once(request, 'response');
    expect(await text(response)).toBe(`localhost:${port} ${box.id.ino}`);
    expect(request.reusedSocket).toBe(path === '/b');
    expect((request.socket as tls.TLSSocket).authorized).toBe(true);
  }
  agent.destroy();
  server.close();
  await once(server, 'close');
});

test('tlsAgent refuses a certificate of another host', async () => {
  using box = createNamespace(isolatedNet());
  using host = openInside(box);
  const server = tls.createServer({ key, cert }, (socket) => socket.end());
  await host.listen(server, { port: 0, host: '127.0.0.1' });
  const { port } = server.address() as AddressInfo;
  const agent = host.tlsAgent({ ca: cert });
  const request = https.get(`https://127.0.0.1:${port}/`, { agent });
  const [error] = await once(request, 'error');
  expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  agent.destroy();
  server.close();
  await once(server, 'close');
});
