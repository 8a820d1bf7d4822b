// TLS listeners: certificates, and new ones while the server runs.
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import type { Address } from '../../../src/core/base/link.ts';
import type { HttpExchange } from '../../../src/core/wire/http/exchange.ts';
import { anyPort, finally_, makeNet, never, patience, readSome, readText, temporaryDirectory } from './tools.ts';

/** A certificate for localhost with the given common name, written by openssl. */
function makeCertificate(directory: string, name: string, prefix: string) {
  const files = { cert: join(directory, `${prefix}.crt`), key: join(directory, `${prefix}.key`) };
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync(
    'openssl',
    ['req', '-x509', ...key, '-days', '2', ...subject, '-out', files.cert, '-keyout', files.key],
    {
      stdio: 'ignore',
    },
  );
  return files;
}

/** The common name that a listener shows now. */
const shownName = ({ host, port }: Address): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });

describe('a TLS listener', () => {
  it('serves TCP and HTTPS; a client that verifies refuses it, one that does not may', async () => {
    const { net } = makeNet();
    const files = makeCertificate(await temporaryDirectory(), 'one', 'a');
    const tcp = finally_(await net.listenTcp(anyPort, (link) => link.send([utf8('hello')]), files));
    const https = finally_(
      await net.listenHttp(anyPort, (exchange) => exchange.reply(200, {}, String(exchange.request.secure)), files),
    );
    const options = { signal: never(), timeout: patience };
    const url = new URL(`https://localhost:${https.address.port}/`);

    const strict = net.dial(tcp.address, { ...options, tls: { serverName: 'localhost' } });
    await expect(strict).rejects.toMatchObject({ code: 'NET_TLS' });
    const link = finally_(
      await net.dial(tcp.address, { ...options, tls: { serverName: 'localhost', insecure: true } }),
    );
    expect(new TextDecoder().decode(await readSome(link, 5))).toBe('hello');
    const response = await net.request(url, { ...options, method: 'GET', headers: {}, insecure: true });
    expect(await readText(response.body)).toBe('true');
    await expect(net.request(url, { ...options, method: 'GET', headers: {} })).rejects.toMatchObject({
      code: 'NET_TLS',
    });
  });

  it('answers plain requests, one with a body, and more behind it on one connection', async () => {
    const files = makeCertificate(await temporaryDirectory(), 'one', 'a');
    const answer = async (exchange: HttpExchange): Promise<void> => {
      const body = await readText(exchange.body());
      exchange.reply(200, {}, `<${exchange.request.path} ${body}>`);
    };
    const { address } = finally_(await makeNet().net.listenHttp(anyPort, answer, files));
    const requests = [
      'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
      'POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab',
      'cGET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    ];

    const said = await new Promise<string>((resolve) => {
      const socket = connect({ ...address, rejectUnauthorized: false }, () => socket.write(requests.shift() ?? ''));
      let wire = '';
      socket.on('data', (bytes) => {
        wire += bytes.toString();
        // The two plain ones are answered: the rest comes in two pieces.
        if (!wire.includes('</2 >')) return;
        for (const request of requests.splice(0)) socket.write(request);
      });
      socket.on('close', () => resolve(wire));
    });

    expect(said.match(/<[^>]*>/g)).toEqual(['</1 >', '</2 >', '</3 abc>', '</4 >']);
  });

  it('takes new files over, keeps open connections, and keeps the old certificate when the new one is bad', async () => {
    const { net, logged } = makeNet();
    const directory = await temporaryDirectory();
    const files = makeCertificate(directory, 'one', 'live');
    const next = makeCertificate(directory, 'two', 'next');
    const listener = finally_(
      await net.listenTcp(
        anyPort,
        (link) => {
          link.onData = (bytes) => link.send([bytes.slice()]);
        },
        files,
      ),
    );
    const old = finally_(
      await net.dial(listener.address, {
        signal: never(),
        timeout: patience,
        tls: { serverName: 'localhost', insecure: true },
      }),
    );
    expect(await shownName(listener.address)).toBe('one');

    const refused = logged('net:tls');
    writeFileSync(files.cert, 'not a certificate');
    expect((await refused).level).toBe('error');
    expect(await shownName(listener.address)).toBe('one');

    const loaded = logged('net:tls');
    // As certbot does: new files are renamed over the old ones.
    renameSync(next.key, files.key);
    renameSync(next.cert, files.cert);
    expect((await loaded).level).toBe('info');
    expect(await shownName(listener.address)).toBe('two');

    old.send([utf8('still here')]);
    expect(new TextDecoder().decode(await readSome(old, 10))).toBe('still here');
  });

  it('is refused with NET_TLS_FILES when the files are missing or do not belong together', async () => {
    const { net } = makeNet();
    const directory = await temporaryDirectory();
    const one = makeCertificate(directory, 'one', 'a');
    const two = makeCertificate(directory, 'two', 'b');

    for (const files of [
      { ...one, cert: join(directory, 'none') },
      { cert: one.cert, key: two.key },
    ]) {
      await expect(net.listenTcp(anyPort, () => undefined, files)).rejects.toMatchObject({ code: 'NET_TLS_FILES' });
      await expect(net.listenHttp(anyPort, () => undefined, files)).rejects.toMatchObject({ code: 'NET_TLS_FILES' });
    }
  });
});
