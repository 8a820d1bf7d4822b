// The OpenAPI 3.1 document, made of the table of endpoints.
import { type Endpoint, endpoints } from './endpoints.ts';
import { int, type JsonSchema, type Members, object, text, toSchema } from './shape.ts';
import { SRS_VERSION_TEXT } from './version.ts';

/** What every success begins with. */
const envelope: Members = {
  code: int('0.'),
  server: text('Identity of the server; stays the same.'),
  service: text('Identity of this start.'),
  pid: text('Of the process.'),
};

/** The schema of an answer; undefined when it is not JSON. */
export function answerSchema({ answer }: Endpoint): JsonSchema | undefined {
  switch (answer.kind) {
    case 'data':
      return toSchema(object({ ...envelope, ...answer.members }));
    case 'bare':
      return toSchema(object({ code: int('0.'), ...answer.members }));
    case 'plain':
      return toSchema(answer.shape);
    case 'other':
      return undefined;
  }
}

/** The document as a plain object. */
export function openApi(version: string): JsonSchema {
  const paths = Map.groupBy<string, Endpoint>(endpoints, ({ path }) => path);
  return {
    openapi: '3.1.0',
    info: {
      title: 'srsx',
      version,
      description: `The HTTP API of srsx: that of SRS ${SRS_VERSION_TEXT}, and what is beyond it. Errors of /api/v1/ have status 200 and {"code": number}.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: Object.fromEntries([...paths].map(([path, list]) => [path, pathItem(list)])),
    components: {
      securitySchemes: { basic: { type: 'http', scheme: 'basic' }, bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Failure: failureSchema },
    },
    // Without http_api.auth nothing is asked.
    security: [{ basic: [] }, { bearer: [] }, {}],
  };
}

const failureSchema: JsonSchema = {
  type: 'object',
  properties: {
    code: { type: 'integer', description: "SRS's number; docs/errors.md." },
    error: { type: 'string' },
    message: { type: 'string' },
    advice: { type: 'string' },
  },
  required: ['code'],
};

const pathItem = (list: readonly Endpoint[]): JsonSchema =>
  Object.fromEntries(list.map((endpoint) => [endpoint.method.toLowerCase(), operation(endpoint)]));

function operation(endpoint: Endpoint): JsonSchema {
  const { name, says, path, query = [], body, own } = endpoint;
  const id = path.includes('{id}') ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : [];
  const words = query.map(({ name: word, says: description, type = 'string' }) => ({
    name: word,
    in: 'query',
    description,
    schema: { type },
  }));
  return {
    operationId: name,
    summary: says,
    tags: [own === true ? 'srsx' : 'SRS'],
    ...(id.length + words.length > 0 && { parameters: [...id, ...words] }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: toSchema(body) } } } }),
    responses: responses(endpoint),
  };
}

function responses(endpoint: Endpoint): JsonSchema {
  const schema = answerSchema(endpoint);
  const failed = { description: 'Failure.', content: json({ $ref: '#/components/schemas/Failure' }) };
  const { answer, own } = endpoint;
  const redirects = answer.kind === 'other' && answer.type === 'text/plain';
  const success = { description: 'Success.', content: schema === undefined ? other(answer) : json(schema) };
  return {
    ...(redirects ? { 301: { description: 'See the other place.' } } : { 200: success }),
    401: { description: 'The credential is missing or wrong.' },
    ...(own === true && { default: failed }),
  };
}

const json = (schema: JsonSchema): JsonSchema => ({ 'application/json': { schema } });

const other = (answer: Endpoint['answer']): JsonSchema =>
  answer.kind === 'other' ? { [answer.type]: { schema: { type: 'string' } } } : {};
