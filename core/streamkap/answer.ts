import { StreamkapError } from '../errors.ts';
import type { HttpResponse } from '../http.ts';
import { parseJson } from '../json.ts';

/** Makes a text safe to show: registered secrets replaced. */
export type Redact = (text: string) => string;

const MAX_DETAIL_CHARACTERS = 300;

/** What a call did when its answer is an error, which depends on whether the call can change anything at all. */
export interface CallNature {
  /** `POST /project-keys`: how errors name the call; ids are templated away by the caller. */
  readonly operation: string;
  readonly changes: boolean;
}

/** @returns the error for an answer outside 2xx. A 4xx of a changing call means that nothing was changed. */
export function errorOfAnswer(nature: CallNature, response: HttpResponse, redact: Redact): StreamkapError {
  const requestId = response.headers['x-request-id'];
  const said = redact(detailOf(response.body)).slice(0, MAX_DETAIL_CHARACTERS);
  const refused = response.status >= 400 && response.status < 500 && response.status !== 408;
  return new StreamkapError({
    code: codeOf(response.status),
    message: `Streamkap answered ${response.status} to ${nature.operation}${said ? `: ${said}` : ''}${requestId ? ` (request ${requestId})` : ''}`,
    changed: !nature.changes || refused ? 'no' : 'unknown',
    retryable: response.status === 429 || response.status >= 500,
    remedy: remedyOf(response.status),
    requestId,
    status: response.status,
    retryAfterSeconds: retryAfterSeconds(response.headers['retry-after']),
  });
}

/** @returns the error for a call that got no whole answer. The transport's own text is dropped: it may quote the request. */
export function errorOfSilence(nature: CallNature, cause: unknown): StreamkapError {
  return new StreamkapError({
    code: 'STREAMKAP_UNREACHABLE',
    message: `No answer from Streamkap to ${nature.operation} (${causeCode(cause)})`,
    changed: nature.changes ? 'unknown' : 'no',
    retryable: true,
    remedy: 'Check the network path to streamkap-host, then run again.',
  });
}

/** @returns the error for a 2xx whose body is not what the API reference promises */
export function errorOfShape(nature: CallNature, response: HttpResponse, problem: string): StreamkapError {
  const requestId = response.headers['x-request-id'];
  return new StreamkapError({
    code: 'STREAMKAP_UNEXPECTED_ANSWER',
    message: `Streamkap's answer to ${nature.operation} is not as documented: ${problem}${requestId ? ` (request ${requestId})` : ''}`,
    changed: nature.changes ? 'unknown' : 'no',
    retryable: false,
    remedy: 'Check that streamkap-host is Streamkap itself and not a proxy; else report it with the request id.',
    requestId,
    status: response.status,
  });
}

/**
 * FastAPI's errors echo what was sent in `input` and `ctx`: of a list only `loc`, `msg` and `type` are kept, of anything that is
 * neither list nor text nothing, and a body that is not JSON (a proxy's page) is not shown at all.
 */
function detailOf(body: string): string {
  const json = parseJson(body);
  if (typeof json !== 'object' || json === null || !('detail' in json)) return '';
  const { detail } = json;
  if (typeof detail === 'string') return oneLine(detail);
  if (!Array.isArray(detail)) return '';
  return detail.map(entryText).filter(Boolean).join('; ');
}

function entryText(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return '';
  const { loc, msg, type } = entry as { loc?: unknown; msg?: unknown; type?: unknown };
  const where = Array.isArray(loc)
    ? loc.filter((part) => typeof part === 'string' || typeof part === 'number').join('.')
    : '';
  const what = [msg, type].filter((part) => typeof part === 'string').map((part) => oneLine(part as string));
  return `${where}${where && what.length > 0 ? ': ' : ''}${what[0] ?? ''}${what[1] ? ` [${what[1]}]` : ''}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function codeOf(status: number): string {
  switch (status) {
    case 401:
      return 'STREAMKAP_UNAUTHENTICATED';
    case 403:
      return 'STREAMKAP_FORBIDDEN';
    case 404:
      return 'STREAMKAP_NOT_FOUND';
    case 409:
      return 'STREAMKAP_CONFLICT';
    case 422:
      return 'STREAMKAP_INVALID';
    case 429:
      return 'STREAMKAP_THROTTLED';
    default:
      return status >= 500 ? 'STREAMKAP_FAILED' : 'STREAMKAP_REFUSED';
  }
}

function remedyOf(status: number): string {
  switch (status) {
    case 401:
      return 'Check the admin credential: its client id and secret must belong to a live API token of this project.';
    case 403:
      return 'Give the admin credential the "Project Keys" write permission (roles Admin and Data Admin have it).';
    case 404:
      return 'Check the id: the project key may have been deleted, or belong to another project.';
    case 409:
      return 'The object is owned or being changed by something else; look at it in Streamkap, then run again.';
    case 400:
    case 422:
      return 'Correct what the message names, then run again.';
    case 429:
      return 'Streamkap limits the rate of calls; run again later.';
    default:
      return status >= 500 ? 'Streamkap had a failure of its own; run again later.' : 'Check streamkap-host.';
  }
}

/** @returns seconds, from either form of the header (RFC 9110, 10.2.3); only delta-seconds are used by the API */
function retryAfterSeconds(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d+$/.test(header.trim())) return undefined;
  return Number(header);
}

function causeCode(cause: unknown): string {
  for (let error = cause, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    if (error.name === 'TimeoutError') return 'timed out';
    const { code } = error as { code?: unknown };
    // Node's own client wraps a time-out in an abort: only the cause says which of the two it was.
    if (code === 'ABORT_ERR') continue;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  }
  return 'connection failed';
}

/** True for the answers after which a read may simply be made again. A plain 500 is not among them. */
export function isPassing(error: StreamkapError): boolean {
  return error.status === undefined || [429, 502, 503, 504].includes(error.status);
}

export function isSuccess(response: HttpResponse): boolean {
  return response.status >= 200 && response.status < 300;
}
