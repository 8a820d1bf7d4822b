// The HTTP API and the HTTP server.
import { accepted, block, endpoints, list, own, type Peek, supported, text, toggle } from '../setting.ts';

/** Block `http_api`. */
export const httpApi = block('http_api', {
  enabled: supported(toggle(false, 'Enable the HTTP API server.')),
  listen: supported(
    endpoints(
      ['1985'],
      'API listen; equal to http_server.listen means both share one port (list allowed since 7.0.67).',
    ),
  ),
  crossdomain: supported(toggle(true, 'Answer CORS headers and OPTIONS.')),
  overlay: own(
    text('', 'path', 'File of directives set by PUT /api/srsx/v1/settings/; they lie over the configuration.', {
      defaultText: '(none: the API changes no settings)',
    }),
  ),
});

/** Block `http_api.raw_api`. */
export const httpApiRawApi = block('http_api.raw_api', {
  enabled: supported(toggle(false, 'Enable GET /api/v1/raw.')),
  allow_reload: supported(toggle(false, 'Allow rpc=reload.')),
  allow_query: accepted('SRS ignores it too', toggle(false, 'Ignored; always off since 4.x (#2653).', { env: [] })),
  allow_update: accepted('SRS ignores it too', toggle(false, 'Ignored; always off since 4.x (#2653).', { env: [] })),
});

/** Block `http_api.auth`. */
export const httpApiAuth = block('http_api.auth', {
  enabled: supported(toggle(false, 'HTTP basic auth on /api/ URLs.')),
  username: supported(text('', 'string', 'Basic auth user.')),
  password: supported(text('', 'string', 'Basic auth password.')),
  type: supported(
    text('', 'basic/bearer', 'Auth type, SRS 8; not written, each of the two whose credential is written.', {
      defaultText: '(required in SRS 8 when enabled)',
    }),
  ),
  token: supported(text('', 'string', 'Bearer token, SRS 8.')),
  rtc_bearer_enabled: supported(toggle(false, 'Bearer also protects /rtc/ (WHIP/WHEP), SRS 8.')),
});

/** Block `http_api.https`. */
export const httpApiHttps = block('http_api.https', {
  enabled: supported(toggle(false, 'HTTPS API.')),
  listen: supported(
    endpoints(['1990'], 'HTTPS API listen.', {
      defaultText: '1990, or http_server.https.listen when http_api and http_server share a port',
      follows: sharedHttps,
    }),
  ),
  key: supported(text('./conf/server.key', 'path', 'TLS key.')),
  cert: supported(text('./conf/server.crt', 'path', 'TLS certificate (chain accepted).')),
});

/** Block `http_server`. */
export const httpServer = block('http_server', {
  enabled: supported(toggle(false, 'HTTP static + stream server.')),
  listen: supported(endpoints(['8080'], 'HTTP server listen.')),
  dir: supported(text('./objs/nginx/html', 'path', 'Document root.')),
  trusted_proxies: own(
    list(
      ['127.0.0.0/8', '::1'],
      'address and block list',
      'Reverse proxies: behind these the client is the one that X-Forwarded-For or X-Real-IP names.',
    ),
  ),
  crossdomain: supported(toggle(true, 'CORS headers for static and stream.')),
});

/** Block `http_server.https`. */
export const httpServerHttps = block('http_server.https', {
  enabled: supported(toggle(false, 'HTTPS streaming server.')),
  listen: supported(endpoints(['8088'], 'HTTPS streaming listen.')),
  key: supported(text('./conf/server.key', 'path', 'TLS key.')),
  cert: supported(text('./conf/server.crt', 'path', 'TLS certificate.')),
});

/** When API and HTTP server share their port, they share the HTTPS port too. */
function sharedHttps(peek: Peek): string | undefined {
  const [api, server] = [peek('http_api.listen'), peek('http_server.listen')].map(String);
  return api === server ? 'http_server.https.listen' : undefined;
}
