import { type KafkaCredentialFile, kafkaConnection } from '../credential-file.ts';
import { pollUntil } from '../login-probe/poll.ts';
import type { LoginRequest, LoginResult } from '../login-probe/probe.ts';
import type { Proof } from './strategy.ts';
import type { TimeBudget } from './time-budget.ts';

/** Milliseconds one login may take. */
const LOGIN_MS = 10_000;

/** Logins with a credential file, inside a step's time. */
export class KafkaLogin {
  readonly #login: (request: LoginRequest) => Promise<LoginResult>;

  /** @param login one login; never throws */
  constructor(login: (request: LoginRequest) => Promise<LoginResult>) {
    this.#login = login;
  }

  /** One look: a password that may well be refused is never tried in a loop, which could lock the user out. */
  async once(file: KafkaCredentialFile, budget: TimeBudget): Promise<Proof> {
    return await this.#login(requestOf(file, Math.min(LOGIN_MS, budget.left())));
  }

  /** Logs in with growing pauses until accepted or until `end`, milliseconds since the epoch. @returns the last result */
  async until(file: KafkaCredentialFile, { clock }: TimeBudget, end: number): Promise<Proof> {
    return await pollUntil(requestOf(file, LOGIN_MS), {
      until: 'accepted',
      deadline: end,
      now: () => clock.now(),
      sleep: (milliseconds) => clock.sleep(milliseconds),
      probe: this.#login,
    });
  }
}

function requestOf(file: KafkaCredentialFile, timeoutMs: number): LoginRequest {
  return { ...kafkaConnection(file.kafka), timeoutMs };
}
