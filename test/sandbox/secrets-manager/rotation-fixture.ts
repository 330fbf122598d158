import { type Fixture, FUNCTION_ARN, id, NAME, oneVersion } from './fixture.ts';
import { RotationDriver } from './rotation-driver.ts';
import type { DriverOptions, RotationEvent, RotationStep } from './rotation-events.ts';

export type Hook = (event: RotationEvent) => void;

/** A correct rotation function on the model; `disturb` runs first in each call and may throw. */
function rotationFunction({ on }: Fixture, disturb: Hook = () => {}): (event: RotationEvent) => Promise<void> {
  return async (event) => {
    disturb(event);
    const { Step, ClientRequestToken, RotationToken } = event;
    if (Step === 'createSecret')
      on('PutSecretValue', { ClientRequestToken, RotationToken, SecretString: 'new', VersionStages: ['AWSPENDING'] });
    if (Step !== 'finishSecret') return;
    const stages = Object.entries(on('DescribeSecret').VersionIdsToStages as Record<string, string[]>);
    const [current] = stages.find(([, held]) => held.includes('AWSCURRENT')) ?? [];
    if (current === ClientRequestToken) return;
    on('UpdateSecretVersionStage', {
      VersionStage: 'AWSCURRENT',
      RemoveFromVersionId: current,
      MoveToVersionId: ClientRequestToken,
    });
  };
}

export interface Arranged extends Fixture {
  readonly driver: RotationDriver;
  readonly events: RotationEvent[];
  readonly rotate: (options?: { readonly rotateImmediately?: boolean }) => string;
}

export function arrange(disturb?: Hook, options: Partial<DriverOptions> = {}, fixture = oneVersion()): Arranged {
  const events: RotationEvent[] = [];
  const invoke = rotationFunction(fixture, disturb);
  const driver = new RotationDriver({
    pendingAfterSuccess: 'left',
    ...options,
    state: fixture.state,
    invoke: (event) => {
      events.push(event);
      return invoke(event);
    },
  });
  const rotate: Arranged['rotate'] = (more = {}) =>
    driver.rotate(NAME, {
      clientRequestToken: id('k'),
      functionArn: FUNCTION_ARN,
      rules: { AutomaticallyAfterDays: 30 },
      ...more,
    }).token;
  return { ...fixture, driver, events, rotate };
}

export const steps = (events: readonly RotationEvent[]): RotationStep[] => events.map((event) => event.Step);
export const named = (driver: RotationDriver): string[] => driver.events.map((event) => event.eventName);
export const failAt =
  (step: RotationStep, times: number): Hook =>
  (event) => {
    if (event.Step === step && times-- > 0) throw new TypeError('not now');
  };
export const FOUR: RotationStep[] = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
