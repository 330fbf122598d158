/** A request as the stand-in sees it: header names in lower case, path without host, body as sent. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  readonly body: string;
  /** True when the call changed the tenant or cut Kafka sessions; not part of what goes over the wire. */
  readonly tookEffect: boolean;
}

/** What an endpoint decided. No body means an empty one, not `null`. */
export interface Outcome {
  readonly status: number;
  readonly body?: unknown;
  readonly tookEffect: boolean;
}

/** One entry of FastAPI's list-shaped `detail`. `input` and `ctx` carry what the caller sent, secrets included. */
export interface ValidationIssue {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** Ends a call with an error answer; nothing may have been changed before it is thrown. */
export class Refusal extends Error {
  readonly status: number;
  readonly detail: string | readonly ValidationIssue[];

  constructor(status: number, detail: string | readonly ValidationIssue[]) {
    super(`refused with ${status}`);
    this.status = status;
    this.detail = detail;
  }
}
