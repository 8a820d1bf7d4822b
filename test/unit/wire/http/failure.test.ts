// Errors as HTTP answers, and the cross-origin headers.
import { describe, expect, it } from 'vitest';
import { toSrsxError } from '../../../../src/core/base/session.ts';
import { admissionErrors } from '../../../../src/core/control/admission.ts';
import { streamErrors } from '../../../../src/core/media/errors.ts';
import { corsHeaders } from '../../../../src/core/wire/http/cors.ts';
import { failureAnswer } from '../../../../src/core/wire/http/failure.ts';
import { pathErrors } from '../../../../src/core/wire/http/stream-path.ts';

describe('failureAnswer', () => {
  it('says code, sentence and advice of a refusal, with the number SRS has for it', () => {
    const answer = failureAnswer(streamErrors.refused('BUSY', { stream: '/live/a' }), 409);

    expect(answer.status).toBe(409);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 1028, error: 'STREAM_BUSY' });
  });

  it.each([
    [admissionErrors.refused('KICKED'), 403],
    [pathErrors.protocol('PATH', { why: 'x' }), 400],
    [streamErrors.limit('COUNT', { limit: 1 }), 503],
  ])('chooses the status by the kind of %s', (error, status) => {
    expect(failureAnswer(error).status).toBe(status);
  });

  it('tells nothing of what went wrong inside', () => {
    const answer = failureAnswer(toSrsxError(new TypeError('secret in src/core/x.ts')));

    expect(answer.status).toBe(500);
    expect(answer.body).not.toMatch(/secret|stack|src/);
  });
});

describe('corsHeaders', () => {
  it('answers pages of other origins, and only those', () => {
    expect(corsHeaders({ header: () => undefined })).toEqual({});
    expect(corsHeaders({ header: (name) => (name === 'origin' ? 'http://a' : undefined) })).toMatchObject({
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Credentials': 'false',
    });
  });
});
