import type { CallLog, FaultAction } from '../call-log.ts';
import type { ApiAnswer, ApiRequest } from './answer.ts';
import { match } from './routes.ts';
import type { StreamkapState } from './state.ts';

/** What becomes of a request once state and faults have spoken. */
export type Decision =
  | { readonly kind: 'answer'; readonly answer: Omit<ApiAnswer, 'tookEffect'> }
  | { readonly kind: 'drop' | 'hang' };

/** Runs one request against the tenant and the fault that is waiting for it, if any, and records it. */
export function decide({ state, log }: { state: StreamkapState; log: CallLog }, request: ApiRequest): Decision {
  const { operation } = match(request.method, request.path);
  const fault = log.take('streamkap', operation);
  const spoiler = fault?.kind === 'propagation' ? undefined : fault;
  const delayMs = fault?.kind === 'propagation' ? fault.delayMs : undefined;
  const answer = spoiler?.when === 'before' ? undefined : state.handle(request, delayMs);
  log.record({
    service: 'streamkap',
    operation,
    target: targetOf(request, answer),
    outcome: spoiler?.kind ?? String(answer?.status),
    tookEffect: answer?.tookEffect ?? false,
  });
  if (spoiler?.kind === 'status') return { kind: 'answer', answer: scripted(spoiler) };
  return spoiler === undefined && answer !== undefined ? { kind: 'answer', answer } : { kind: spoiler?.kind ?? 'drop' };
}

function scripted(fault: Extract<FaultAction, { kind: 'status' }>): Omit<ApiAnswer, 'tookEffect'> {
  const headers = new Map([
    ['content-type', 'application/json'],
    ['x-request-id', 'sandbox-fault'],
  ]);
  for (const [name, value] of Object.entries(fault.headers ?? {})) headers.set(name.toLowerCase(), value);
  return {
    status: fault.status,
    // An empty value takes a header away: answers of proxies have no request id.
    headers: Object.fromEntries([...headers].filter(([, value]) => value !== '')),
    body: fault.body ?? JSON.stringify({ detail: 'Scripted failure' }),
  };
}

/** The id a call is about: the one in the path, the new key's, or the Kafka username or client id that was sent. Never a secret. */
function targetOf(request: ApiRequest, answer: ApiAnswer | undefined): string {
  const found = match(request.method, request.path);
  if (found.kind === 'route' && found.id !== '') return found.id;
  const made = answer === undefined ? undefined : textAt(answer.body, 'project_key_id');
  const named =
    found.operation === 'POST /project-keys'
      ? textAt(request.body, 'kafka_config', 'username')
      : textAt(request.body, 'client_id');
  const target = made ?? named ?? '';
  return /^[\w-]{1,64}$/.test(target) ? target : '';
}

function textAt(json: string | undefined, ...path: string[]): string | undefined {
  try {
    let value: unknown = JSON.parse(json ?? '');
    for (const name of path) value = (value as Record<string, unknown> | null)?.[name];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
