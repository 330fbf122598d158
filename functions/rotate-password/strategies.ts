import { randomUUID } from 'node:crypto';
import type { KafkaCredentialFile } from '../../core/credential-file.ts';
import { AlternatingStrategy } from '../../core/rotation/alternating/alternating.ts';
import { SingleStrategy } from '../../core/rotation/single.ts';
import type { Strategy } from '../../core/rotation/strategy.ts';
import type { RotationFunction } from '../rotation/handler.ts';
import { type Invocation, streamkapOf } from '../rotation/invocation.ts';
import { dryRun } from './dry-run.ts';
import { parseEnvironment, type Settings } from './environment.ts';
import { retirePrevious } from './retire.ts';

const retireOf = (settings: Settings) => (invocation: Invocation, secretId?: string) => {
  const retirement = alternating(invocation, settings).retirement(invocation.budget);
  return retirePrevious(invocation, { retirement, secretId, afterMs: settings.retireAfterMs });
};

/** Rotation of a project key's Kafka password, by the strategy that ROTATION_STRATEGY names. @throws InputError */
export function passwordRotation(environment: NodeJS.ProcessEnv): RotationFunction<KafkaCredentialFile> {
  const settings = parseEnvironment(environment);
  const make = STRATEGIES[settings.strategy];
  return {
    strategyName: settings.strategy,
    unprovenAllowed: settings.single.loginCheck === 'best-effort',
    strategy: (invocation) => make(invocation, settings),
    actions: {
      'dry-run': (invocation, secretId) => dryRun(invocation, settings, secretId),
      ...(settings.strategy === 'alternating' ? { retire: retireOf(settings) } : {}),
    },
  };
}

type MakeStrategy = (invocation: Invocation, settings: Settings) => Strategy<KafkaCredentialFile>;

const STRATEGIES: Readonly<Record<Settings['strategy'], MakeStrategy>> = {
  single: (invocation, settings) => {
    const { login, generatePassword } = invocation.container;
    const { secretSeen } = invocation;
    const streamkap = streamkapOf(invocation, settings);
    return new SingleStrategy({ login, streamkap, generatePassword, secretSeen }, settings.single);
  },
  alternating,
};

function alternating(invocation: Invocation, settings: Settings): AlternatingStrategy {
  const { login, generatePassword } = invocation.container;
  const { secretSeen, store } = invocation;
  const streamkap = streamkapOf(invocation, settings);
  const ports = { login, streamkap, generatePassword, secretSeen, store, randomId: () => randomUUID() };
  return new AlternatingStrategy(ports, settings.single);
}
