// Node's error codes as ours.
import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/core/base/errors.ts';
import { netError, netErrors } from '../../../src/core/net/errors.ts';

const nodeError = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });

describe('netError', () => {
  it.each([
    ['EADDRINUSE', 'NET_ADDRESS_IN_USE'],
    ['EACCES', 'NET_ACCESS'],
    ['ECONNREFUSED', 'NET_REFUSED'],
    ['EHOSTUNREACH', 'NET_UNREACHABLE'],
    ['ENETUNREACH', 'NET_UNREACHABLE'],
    ['EMFILE', 'NET_FILES_OPEN'],
    ['EAI_AGAIN', 'NET_DNS'],
    ['EDQUOT', 'NET_DISK_FULL'],
    ['CERT_HAS_EXPIRED', 'NET_TLS'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'NET_TLS'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'NET_TLS'],
    ['HPE_INVALID_CONSTANT', 'NET_HTTP'],
    ['EIO', 'NET_FAILED'],
  ])('of %s is %s, keeps the cause and has advice', (code, ours) => {
    const cause = nodeError(code);

    const error = netError(cause, 'example.org:1');

    expect(error).toBeInstanceOf(SystemError);
    expect(error).toMatchObject({ code: ours, cause });
    expect(error.advice).not.toBe('');
  });

  it('of a right that is missing for a file is NET_FILE_ACCESS', () => {
    expect(netError(nodeError('EACCES'), '/a', 'FILE_ACCESS').code).toBe('NET_FILE_ACCESS');
  });

  it('of a name with several addresses is that of the first', () => {
    const both = new AggregateError([nodeError('ECONNREFUSED'), nodeError('ENETUNREACH')]);

    expect(netError(both, 'localhost:1').code).toBe('NET_REFUSED');
  });

  it('leaves our own errors as they are', () => {
    const own = netErrors.system('ABORTED', { at: 'x' });

    expect(netError(own, 'y')).toBe(own);
  });
});
