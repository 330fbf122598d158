import { randomBytes } from 'node:crypto';
import { rotationHandler } from '../rotation/handler.ts';
import { productionContainer } from '../rotation/production-container.ts';
import { adminRotation } from './admin-rotation.ts';

/** The Lambda that Secrets Manager calls, four times a rotation, to replace Streamkap's admin credential. */
export const handler = rotationHandler(
  () => productionContainer('rotate-admin'),
  adminRotation({ nonce: () => randomBytes(6).toString('hex') }),
);
