import { rotationHandler } from '../rotation/handler.ts';
import { productionContainer } from '../rotation/production-container.ts';
import { passwordRotation } from './strategies.ts';

/** The Lambda that Secrets Manager calls, four times a rotation, to change a project key's Kafka password. */
export const handler = rotationHandler(() => productionContainer('rotate-password'), passwordRotation);
