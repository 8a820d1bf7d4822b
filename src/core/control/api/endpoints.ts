// Every endpoint of the API in one table: the router, the OpenAPI document, the papers and the tests read it.
import { anything, int, list, type Members, map, maybe, object, type Shape, text } from './shape.ts';
import * as shapes from './shapes.ts';

/** A word of the query. */
export interface Parameter {
  readonly name: string;
  readonly says: string;
  readonly type?: 'integer' | 'string';
}

/** One method at one path. */
export interface Endpoint {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `{id}` stands for one word; a path that ends with a slash is also found without it, by a redirect. */
  readonly path: string;
  readonly says: string;
  readonly query?: readonly Parameter[];
  /** JSON that the request carries. */
  readonly body?: Shape;
  /**
   * data: the envelope with these members; bare: only the code; plain: any JSON; other: not JSON, with its media type.
   */
  readonly answer:
    | { readonly kind: 'data' | 'bare'; readonly members: Members }
    | { readonly kind: 'plain'; readonly shape: Shape }
    | { readonly kind: 'other'; readonly type: string };
  /** SRS does not have it. */
  readonly own?: boolean;
}

const paging: readonly Parameter[] = [
  { name: 'start', says: 'How many are left out, from the first one.', type: 'integer' },
  { name: 'count', says: 'How many are wanted at most; 10 when nothing is said.', type: 'integer' },
];

const data = (members: Members): Endpoint['answer'] => ({ kind: 'data', members });
const total = int('Of all pages.');
const index: Members = { urls: map(anything()), tests: maybe(map(text())) };
const setting = data({ data: shapes.settingShape });
const vhostOf: Parameter = { name: 'vhost', says: 'For directives of vhosts: which one; else __defaultVhost__.' };

const clusterQuery = [
  ...['ip', 'vhost', 'app', 'stream', 'coworker'].map((name) => ({ name, says: 'As SRS has it.' })),
  { name: 'http', says: 'With any value the answer says the port of live streams over HTTP too.' },
];
const clusterAnswer: Endpoint['answer'] = { kind: 'bare', members: { data: shapes.clusterShape } };

/** The whole API. */
export const endpoints = [
  { name: 'root', method: 'GET', path: '/', says: 'What there is.', answer: data({ urls: map(anything()) }) },
  { name: 'api', method: 'GET', path: '/api/', says: 'Versions of the API.', answer: data(index) },
  { name: 'index', method: 'GET', path: '/api/v1/', says: 'Endpoints of version 1.', answer: data(index) },
  {
    name: 'versions',
    method: 'GET',
    path: '/api/v1/versions',
    says: 'The release of SRS whose API this is, and the version of srsx. The HTTP server answers it too.',
    answer: data({
      data: object({ major: int(), minor: int(), revision: int(), version: text(), srsx: text() }),
    }),
  },
  {
    name: 'summaries',
    method: 'GET',
    path: '/api/v1/summaries',
    says: 'The process and the machine in numbers.',
    answer: data({ data: shapes.summaryShape }),
  },
  {
    name: 'rusages',
    method: 'GET',
    path: '/api/v1/rusages',
    says: 'What the process has used: getrusage(2).',
    answer: data({ data: shapes.usageShape }),
  },
  {
    name: 'selfProcStats',
    method: 'GET',
    path: '/api/v1/self_proc_stats',
    says: 'The process: /proc/self/stat.',
    answer: data({ data: shapes.processShape }),
  },
  {
    name: 'systemProcStats',
    method: 'GET',
    path: '/api/v1/system_proc_stats',
    says: 'The processors: /proc/stat.',
    answer: data({ data: shapes.cpuShape }),
  },
  {
    name: 'meminfos',
    method: 'GET',
    path: '/api/v1/meminfos',
    says: 'The memory: /proc/meminfo.',
    answer: data({ data: shapes.memoryShape }),
  },
  {
    name: 'authors',
    method: 'GET',
    path: '/api/v1/authors',
    says: 'Licence and authors.',
    answer: data({ data: object({ license: text(), contributors: text() }) }),
  },
  {
    name: 'features',
    method: 'GET',
    path: '/api/v1/features',
    says: 'What this build can do.',
    answer: data({ data: shapes.featuresShape }),
  },
  {
    name: 'requests',
    method: 'GET',
    path: '/api/v1/requests',
    says: 'The request, echoed.',
    answer: data({ data: shapes.requestShape }),
  },
  {
    name: 'vhosts',
    method: 'GET',
    path: '/api/v1/vhosts/',
    says: 'All vhosts.',
    answer: data({ vhosts: list(shapes.vhostShape) }),
  },
  {
    name: 'vhost',
    method: 'GET',
    path: '/api/v1/vhosts/{id}',
    says: 'One vhost by its id, else code 2014.',
    answer: data({ vhost: shapes.vhostShape }),
  },
  {
    name: 'streams',
    method: 'GET',
    path: '/api/v1/streams/',
    says: 'Streams that somebody publishes or plays.',
    query: paging,
    answer: data({ streams: list(shapes.streamShape), total }),
  },
  {
    name: 'stream',
    method: 'GET',
    path: '/api/v1/streams/{id}',
    says: 'One stream by its id, else code 2048.',
    answer: data({ stream: shapes.streamShape }),
  },
  {
    name: 'clients',
    method: 'GET',
    path: '/api/v1/clients/',
    says: 'Publishers and players.',
    query: paging,
    answer: data({ clients: list(shapes.clientShape), total }),
  },
  {
    name: 'client',
    method: 'GET',
    path: '/api/v1/clients/{id}',
    says: 'One client by its id, else code 2049.',
    answer: data({ client: shapes.clientShape }),
  },
  {
    name: 'kick',
    method: 'DELETE',
    path: '/api/v1/clients/{id}',
    says: 'Ends a client; code 2049 when there is none of that id.',
    answer: data({}),
  },
  {
    name: 'raw',
    method: 'GET',
    path: '/api/v1/raw',
    says: 'By rpc: raw, reload, reload-fetch; query and update are refused with code 1060, as SRS does.',
    query: [{ name: 'rpc', says: 'raw, reload, reload-fetch, query or update.' }],
    answer: { kind: 'bare', members: { http_api: maybe(shapes.rawShape), data: maybe(shapes.reloadShape) } },
  },
  {
    name: 'clusters',
    method: 'GET',
    path: '/api/v1/clusters',
    says: 'Which server of a cluster has a stream.',
    query: clusterQuery,
    answer: clusterAnswer,
  },
  {
    name: 'clustersPost',
    method: 'POST',
    path: '/api/v1/clusters',
    says: 'The same.',
    query: clusterQuery,
    answer: clusterAnswer,
  },
  {
    name: 'testRequests',
    method: 'GET',
    path: '/api/v1/tests/requests',
    says: 'The request, echoed.',
    answer: data({ data: shapes.requestShape }),
  },
  {
    name: 'testErrors',
    method: 'GET',
    path: '/api/v1/tests/errors',
    says: 'Always code 100.',
    answer: { kind: 'plain', shape: object({ code: int() }) },
  },
  {
    name: 'testRedirects',
    method: 'GET',
    path: '/api/v1/tests/redirects',
    says: 'Always a redirect to /api/v1/tests/errors.',
    answer: { kind: 'other', type: 'text/plain' },
  },
  {
    name: 'openapi',
    method: 'GET',
    path: '/api/v1/openapi.json',
    says: 'This document.',
    answer: { kind: 'plain', shape: map(anything()) },
    own: true,
  },
  {
    name: 'events',
    method: 'GET',
    path: '/api/v1/events',
    says: 'What happens, as it happens (server-sent events). Last-Event-ID continues where one was cut off.',
    query: [{ name: 'types', says: 'Only these, with commas: publish, unpublish, play, stop, kicked, dvr, reload.' }],
    answer: { kind: 'other', type: 'text/event-stream' },
    own: true,
  },
  {
    name: 'programs',
    method: 'GET',
    path: '/api/srsx/v1/programs',
    says: 'Ingests, transcoders and commands with the newest lines of their standard error, forwards, and the cluster.',
    answer: data({
      programs: list(shapes.programShape),
      forwards: list(shapes.forwardShape),
      cluster: maybe(list(shapes.upstreamShape)),
    }),
    own: true,
  },
  {
    name: 'load',
    method: 'GET',
    path: '/api/srsx/v1/load',
    says: 'How short the CPU is, and what is given up for it (circuit_breaker).',
    answer: data({ load: shapes.loadShape }),
    own: true,
  },
  {
    name: 'health',
    method: 'GET',
    path: '/api/srsx/v1/streams/',
    says: 'How well streams do.',
    query: paging,
    answer: data({ streams: list(shapes.healthShape), total }),
    own: true,
  },
  {
    name: 'healthOne',
    method: 'GET',
    path: '/api/srsx/v1/streams/{id}',
    says: 'How well one stream does, by its id.',
    answer: data({ stream: shapes.healthShape }),
    own: true,
  },
  {
    name: 'session',
    method: 'GET',
    path: '/api/srsx/v1/sessions/{id}',
    says: 'Everything about one client, by its id.',
    answer: data({ session: shapes.sessionShape }),
    own: true,
  },
  {
    name: 'settings',
    method: 'GET',
    path: '/api/srsx/v1/settings/',
    says: 'Directives that are not at their default.',
    query: [{ name: 'all', says: 'Anything: those at their default too.' }],
    answer: data({ settings: list(shapes.settingShape) }),
    own: true,
  },
  {
    name: 'setting',
    method: 'GET',
    path: '/api/srsx/v1/settings/{id}',
    says: 'One directive by its path, such as vhost.hls.hls_fragment.',
    query: [vhostOf],
    answer: setting,
    own: true,
  },
  {
    name: 'putSetting',
    method: 'PUT',
    path: '/api/srsx/v1/settings/{id}',
    says: 'Sets a directive, now and after a restart.',
    query: [vhostOf],
    body: object({ value: anything('A word, a number, true or false, or an array of words.') }),
    answer: setting,
    own: true,
  },
  {
    name: 'deleteSetting',
    method: 'DELETE',
    path: '/api/srsx/v1/settings/{id}',
    says: 'Takes back what the API set.',
    query: [vhostOf],
    answer: setting,
    own: true,
  },
] as const satisfies readonly Endpoint[];

/** Names of the table: each has one handler. */
export type EndpointName = (typeof endpoints)[number]['name'];
