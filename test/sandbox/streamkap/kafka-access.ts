import { type Outcome, Refusal } from './answer.ts';
import type { Call } from './tenant.ts';

/** `PATCH|PUT|DELETE /kafka-access/kafka-users/{username}`: the stand-in knows no Kafka users but those that project keys own. */
export function refuseKafkaUserChange({ world, id }: Call): Outcome {
  if (world.tenant.keys.some((key) => key.kafka?.username === id)) {
    throw new Refusal(409, 'This Kafka user is managed by a Project Key and cannot be changed here');
  }
  throw new Refusal(404, 'Kafka user not found');
}
