// One certificate for all tests: making one takes longer than most of them.
import { createIdentity } from '../../../../src/core/wire/dtls/index.ts';

export const identityForTests = await createIdentity();
