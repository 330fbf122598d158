import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { projectFolder } from '../judges/cache.ts';
import { UsersWithAcls } from '../judges/kafka/users-with-acls.ts';
import { type RunningKafka, startKafka } from '../judges/kafka.ts';
import { type RunningLambda, startLambda } from '../judges/lambda.ts';
import { asRotationFunction } from '../lambda/rotation-function.ts';

/** Stand-ins for Streamkap and Secrets Manager over a broker that is there already. */
export interface Account {
  readonly sandbox: Sandbox;
  /** Users whose connections were cut because their password changed, in order. */
  readonly disconnected: readonly string[];
  /** Every password that a key has had. */
  readonly passwords: readonly string[];
  /** Stops the stand-ins and takes their users and ACLs off the broker. */
  stop(): Promise<void>;
}

/** What is changed at the stand-in is the broker's before the stand-in answers: users, passwords, ACLs, cut connections. */
export async function startAccount(kafka: RunningKafka): Promise<Account> {
  const disconnected: string[] = [];
  const users: UsersWithAcls = new UsersWithAcls(kafka, () => sandbox.streamkap);
  const sandbox = await startSandbox({
    kafka: {
      users,
      bootstrap: kafka.bootstrap,
      caPem: await readFile(kafka.caFile, 'utf8'),
      settled: () => users.settled,
      onPasswordChanged: (username) => {
        disconnected.push(username);
        kafka.disconnectAll();
      },
    },
  });
  return {
    ...{ sandbox, disconnected, passwords: users.passwords },
    async stop() {
      await sandbox.close();
      await users.deleteAll();
    },
  };
}

/** Stand-ins for Streamkap and Secrets Manager, a real broker behind the one, the shipped function behind the other. */
export interface World extends Account {
  readonly kafka: RunningKafka;
  readonly lambda: RunningLambda;
  /** Where steps find everything; holds no secret of Streamkap's. */
  readonly environment: Readonly<Record<string, string>>;
}

/** RotateSecret runs the shipped bundle under Lambda's runtime interface emulator. */
export async function startWorld(): Promise<World> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const one of started.splice(0).reverse()) await one.stop();
  };
  try {
    const kafka = await startKafka();
    started.push(kafka);
    const account = await startAccount(kafka);
    started.push(account);
    const { sandbox } = account;
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
    return { ...account, kafka, lambda, environment, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
