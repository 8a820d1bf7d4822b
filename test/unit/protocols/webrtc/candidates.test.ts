// Where a peer is told to send to.
import { expect, it } from 'vitest';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { type CandidateRequest, candidatesFor } from '../../../../src/core/protocols/webrtc/candidates.ts';
import { type InterfaceAddress, serverOptions } from '../../../../src/core/protocols/webrtc/config.ts';

const loopback: InterfaceAddress = { host: '127.0.0.1', family: 'ipv4', internal: true };
const lan: InterfaceAddress = { host: '192.168.1.5', family: 'ipv4', internal: false };
const six: InterfaceAddress = { host: '2001:db8::5', family: 'ipv6', internal: false };

async function hosts(
  directives: string,
  request: Partial<CandidateRequest> = {},
  { interfaces = [loopback, lan, six], bound = '0.0.0.0' } = {},
): Promise<string[]> {
  const candidates = await candidatesFor(
    { external: [], apiHost: '', ...request },
    {
      options: serverOptions(settingsOf(`rtc_server { ${directives} }`)),
      interfaces,
      udp: [{ host: bound, port: 8000 }],
      tcp: [{ host: bound, port: 8001 }],
      lookup: async (name) => {
        if (name === 'known.example') return '198.51.100.1';
        if (name === 'localhost.example') return '127.0.0.1';
        return undefined;
      },
    },
  );
  return candidates.map(({ transport, host, port }) => `${transport} ${host} ${port}`);
}

const cases: readonly [string, string, Partial<CandidateRequest>, readonly string[]][] = [
  ['the interfaces, without loopback and IPv6', '', {}, ['udp 192.168.1.5 8000']],
  ['both families', 'ip_family all;', {}, ['udp 192.168.1.5 8000', 'udp 2001:db8::5 8000']],
  ['IPv6 alone', 'ip_family ipv6;', {}, ['udp 2001:db8::5 8000']],
  ['what the setting says ends the list', 'candidate 203.0.113.1;', {}, ['udp 203.0.113.1 8000']],
  ['several of them', 'candidate 203.0.113.1 a.example;', {}, ['udp 203.0.113.1 8000', 'udp a.example 8000']],
  ['the address of the API', '', { apiHost: '198.51.100.9' }, ['udp 198.51.100.9 8000', 'udp 192.168.1.5 8000']],
  ['but not this machine', '', { apiHost: '127.0.0.1' }, ['udp 192.168.1.5 8000']],
  ['its name, resolved', '', { apiHost: 'known.example' }, ['udp 198.51.100.1 8000', 'udp 192.168.1.5 8000']],
  ['a name that is this machine', '', { apiHost: 'localhost.example' }, ['udp 192.168.1.5 8000']],
  ['a name that nobody knows', '', { apiHost: 'unknown.example' }, ['udp 192.168.1.5 8000']],
  [
    'its name as it is too',
    'keep_api_domain on;',
    { apiHost: 'known.example' },
    ['udp known.example 8000', 'udp 198.51.100.1 8000', 'udp 192.168.1.5 8000'],
  ],
  ['no name', 'resolve_api_domain off;', { apiHost: 'known.example' }, ['udp 192.168.1.5 8000']],
  ['no API', 'api_as_candidates off;', { apiHost: '198.51.100.9' }, ['udp 192.168.1.5 8000']],
  ['a port of its own', '', { external: ['203.0.113.7:99'] }, ['udp 203.0.113.7 99', 'udp 192.168.1.5 8000']],
  ['IPv6 in brackets', '', { external: ['[2001:db8::9]:99'] }, ['udp 2001:db8::9 99', 'udp 192.168.1.5 8000']],
  ['nothing for what is no address', '', { external: ['a b', '1.2.3.4:0x', '<x>'] }, ['udp 192.168.1.5 8000']],
  ['TCP alone', 'protocol tcp;', {}, ['tcp 192.168.1.5 8001']],
  ['both transports', 'protocol all;', {}, ['udp 192.168.1.5 8000', 'tcp 192.168.1.5 8001']],
  ['as the request says', '', { protocol: 'tcp' }, ['tcp 192.168.1.5 8001']],
  ['without a scan any address rather than none', 'use_auto_detect_network_ip off;', {}, ['udp 127.0.0.1 8000']],
];

it.each(cases)('%s', async (_, directives, request, wanted) => {
  expect(await hosts(directives, request)).toEqual(wanted);
});

it('a server that listens at one address is there', async () => {
  expect(await hosts('', {}, { bound: '192.168.1.5' })).toEqual(['udp 192.168.1.5 8000']);
});

it('loopback when there is nothing else', async () => {
  expect(await hosts('', {}, { interfaces: [loopback] })).toEqual(['udp 127.0.0.1 8000']);
});

it('a page that names a hundred addresses gets sixteen', async () => {
  const external = Array.from({ length: 100 }, (_, i) => `203.0.113.${i}`);

  expect(await hosts('', { external })).toHaveLength(16);
});
