import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { assertNoLeakInLog } from '../../runner-harness/assert-no-leak.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { type ActOptions, type ActResult, runAct } from '../judges/act.ts';
import { type RunningKafka, startKafka } from '../judges/kafka.ts';
import { makeClientsFolder } from '../workflow/clients.ts';
import { makeRepository, type RepositoryPlan, type UserRepository } from '../workflow/repository.ts';
import { type Account, startAccount } from '../workflow/world.ts';

/** What the topic `orders` holds. */
export const RECORDS = ['first', 'second'];

/**
 * Files of `examples/` as users copy them, run by act over a real broker. One broker a test file; each test has a repository and
 * an account of its own, whose users and ACLs leave the broker with it.
 */
export class Examples {
  #clients = '';
  #kafka: RunningKafka | undefined;
  #account: Account | undefined;
  #repository: UserRepository | undefined;

  /** To be called at the top of a test file. */
  static forThisFile(): Examples {
    const examples = new Examples();
    beforeAll(() => examples.#start());
    afterAll(() => examples.#stop());
    beforeEach(async () => {
      examples.#account = await startAccount(examples.kafka);
    });
    afterEach(async () => {
      await examples.#repository?.remove();
      await examples.#account?.stop();
    });
    return examples;
  }

  /** Holds `aws`, `python3` and Kafka's console consumer. */
  get clients(): string {
    return this.#clients;
  }

  get kafka(): RunningKafka {
    return there(this.#kafka);
  }

  get account(): Account {
    return there(this.#account);
  }

  get sandbox(): Sandbox {
    return this.account.sandbox;
  }

  async #start(): Promise<void> {
    this.#clients = await makeClientsFolder();
    this.#kafka = await startKafka();
    await this.#kafka.createTopic('orders');
    await this.#kafka.produce('orders', RECORDS);
  }

  async #stop(): Promise<void> {
    await this.#kafka?.stop();
    if (this.#clients !== '') await rm(this.#clients, { recursive: true, force: true });
  }

  /** Makes this test's repository. */
  async copy(plan: Pick<RepositoryPlan, 'workflows' | 'programs'>): Promise<void> {
    const { streamkapHost, environment: aws } = this.sandbox;
    this.#repository = await makeRepository({ ...plan, streamkapHost, aws, clients: this.#clients });
  }

  /** Runs a copied workflow and searches its log for secrets. No job has AWS credentials before it has assumed its role. */
  async run(workflow: string, options: Partial<ActOptions> = {}): Promise<ActResult> {
    const { folder, localRepositories } = there(this.#repository);
    const { admin, environment } = this.sandbox;
    const { AWS_ENDPOINT_URL_SECRETS_MANAGER = '', NODE_EXTRA_CA_CERTS = '' } = environment;
    const result = await runAct({
      ...{ repo: folder, workflow: `.github/workflows/${workflow}`, localRepositories },
      env: { AWS_ENDPOINT_URL_SECRETS_MANAGER, NODE_EXTRA_CA_CERTS, KAFKA_CA_FILE: this.kafka.caFile },
      vars: { STREAMKAP_CLIENT_ID: admin.clientId },
      secrets: { STREAMKAP_SECRET: admin.clientSecret },
      ...options,
    });
    assertNoLeakInLog(result.output, [...this.account.passwords, admin.clientSecret]);
    return result;
  }

  /** How many creations Streamkap was asked for. */
  get creations(): number {
    return this.sandbox.log.of('streamkap', 'POST /project-keys').length;
  }
}

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the test has not made this yet');
  return part;
}
