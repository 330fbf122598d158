import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { projectFolder } from '../judges/cache.ts';
import { type RunningKafka, startKafka } from '../judges/kafka.ts';
import { type RunningLambda, startLambda } from '../judges/lambda.ts';
import { asRotationFunction } from '../lambda/rotation-function.ts';

/** Stand-ins for Streamkap and Secrets Manager, a real broker behind the one, the shipped function behind the other. */
export interface World {
  readonly kafka: RunningKafka;
  readonly sandbox: Sandbox;
  readonly lambda: RunningLambda;
  /** Users whose connections were cut because their password changed, in order. */
  readonly disconnected: readonly string[];
  /** Where steps find everything; holds no secret of Streamkap's. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * A PATCH at the stand-in reaches the real broker and cuts its connections; RotateSecret runs the shipped bundle under Lambda's
 * runtime interface emulator.
 */
export async function startWorld(): Promise<World> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const one of started.splice(0).reverse()) await one.stop();
  };
  try {
    const kafka = await startKafka();
    started.push(kafka);
    const disconnected: string[] = [];
    const sandbox = await startSandbox({
      kafka: {
        users: kafka.users,
        bootstrap: kafka.bootstrap,
        caPem: await readFile(kafka.caFile, 'utf8'),
        onPasswordChanged: (username) => {
          disconnected.push(username);
          kafka.disconnectAll();
        },
      },
    });
    started.push({ stop: () => sandbox.close() });
    const bundleFolder = join(projectFolder, 'functions/dist/rotate-password');
    const lambda = await startLambda({ bundleFolder, env: sandbox.environment });
    started.push(lambda);
    sandbox.setHandler(asRotationFunction(lambda));
    const environment = {
      ...sandbox.environment,
      AWS_DEFAULT_REGION: sandbox.environment.AWS_REGION ?? '', // the name that AWS's CLI 1 reads
      STREAMKAP_CLIENT_ID: sandbox.admin.clientId,
      KAFKA_CA_FILE: kafka.caFile,
      ROTATION_LAMBDA_ARN: 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password',
    };
    return { kafka, sandbox, lambda, disconnected, environment, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
