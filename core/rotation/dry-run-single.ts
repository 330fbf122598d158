import { withKafkaPassword } from '../credential-file.ts';
import { activeKey } from './alternating/pair-keys.ts';
import { DryChange, DrySingle, stoppingApi, untilItChanges } from './dry-run-change.ts';
import type { Look, WouldDo } from './dry-run-look.ts';
import { loginUnknown, rolledBack } from './errors.ts';
import { InPlaceChange } from './in-place-change.ts';
import { PENDING } from './situation.ts';

/** Has setSecret's own code look, up to where it would change something. */
export async function lookAtSingle(look: Look): Promise<WouldDo> {
  const { ports, settings, budget, problems, logins, secret, current, previous } = look;
  const unstored = withKafkaPassword(current, '');
  const pending = () => look.pending(unstored);
  const change = new DryChange({ secret, current, budget, pending, previous });
  const strategy = new DrySingle(stoppingApi(ports.streamkap), logins, settings);
  const applied = await problems.noting(() => untilItChanges(() => new InPlaceChange(strategy, change).run()));
  if (applied?.outcome === 'rolled-back') problems.add(rolledBack(secret.arn));
  await problems.noting(() => activeKey(ports.streamkap, current.project_key_id));
  // Where C works, P is tried after it was sent. What is there to try it with can be seen now.
  if (logins.proofs.current?.outcome === 'accepted')
    await problems.noting(async () => {
      const { value, wayBackRecorded } = await pending();
      const proof = await logins.once(value, budget);
      const stops = proof.outcome === 'unknown' && settings.loginCheck === 'required' && !wayBackRecorded;
      if (stops) throw loginUnknown(proof, 'no');
    });
  return wouldDo(look);
}

/** A password that is in force already is not sent again. */
function wouldDo({ current, logins, situation, secret }: Look): WouldDo {
  const { project_key_id: id, kafka } = current;
  const inForce = logins.proofs.pending?.outcome === 'accepted';
  if (situation === 'rolling-back' && !inForce) {
    const back = `PATCH /project-keys/${id}: kafka_password of the user ${kafka.username}, the current one again`;
    const instead = [`UpdateSecretVersionStage ${secret.arn}: ${PENDING} off the new version`];
    return { atStreamkap: logins.proofs.current?.outcome === 'accepted' ? [] : [back], stored: [], instead };
  }
  const change = `PATCH /project-keys/${id}: kafka_password of the user ${kafka.username}`;
  return { atStreamkap: inForce ? [] : [change], stored: [] };
}
