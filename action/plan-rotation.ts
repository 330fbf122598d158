import { requireRotatable } from '../core/rotation-order/rotate.ts';
import type { Look, Plan } from './dry-run.ts';
import type { RotateInputs } from './rotate-inputs.ts';
import { currentCredential } from './rotated-credential.ts';

/**
 * What mode `rotate` would have done. Whether the function would succeed, it tells itself: docs/rotation.md, "Trying without
 * changing".
 * @throws as the rotation would before it begins
 */
export async function planRotation(look: Look, { secretId, compromised }: RotateInputs): Promise<Plan> {
  const credential = currentCredential(look.inputs, secretId, (file) => look.report.secretSeen(file));
  const store = await look.openStore();
  const { secret, current, versionId } = await requireRotatable({ store, ...credential }, secretId);
  const takesTurns = secret.tags['streamkap:strategy'] === 'alternating';
  const what = takesTurns ? 'becomes the credential of the other key of the pair' : 'gets a new Kafka password';
  const old = takesTurns ? 'is retired' : 'is tried, and must be refused';
  return {
    lines: [
      `~ ${secretId}: ${what}, by ${secret.rotationFunction}`,
      ...(compromised ? [`- ${secretId}: the password of now ${old}`] : []),
    ],
    found: { file: current, status: 'unverified', secretArn: secret.arn, secretVersionId: versionId },
  };
}
