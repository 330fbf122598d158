/** The fields that decide what is secret in a credential; everything else may be there too. Parsed JSON, nothing is trusted. */
export interface MaskInput {
  /** A credential file's sections. */
  readonly kafka?: unknown;
  readonly api?: unknown;
  readonly project?: unknown;
  readonly project_key_id?: unknown;
  /** A client credential's fields. */
  readonly client_id?: unknown;
  readonly client_secret?: unknown;
}

/** What a credential holds, sorted by who may read it. */
export interface Leaves {
  /** Non-empty strings that must not be read, at least eight characters long. */
  readonly secrets: string[];
  /** True when there is any secret, even one that is too short to be masked alone. */
  readonly holdsSecret: boolean;
  /** `[identifier, secret]`, as basic authentication joins them. */
  readonly pairs: (readonly [string, string])[];
  /** Ids, usernames and URLs that `mask-identifiers` hides. */
  readonly identifiers: string[];
  readonly warnings: string[];
}

/** Shorter values are not masked: they would blank out unrelated parts of every log of the job. */
export const MIN_MASK_CHARACTERS = 8;

/** Spaces around a value do not count: a runner trims what it registers line by line. */
export function isMaskable(text: string): boolean {
  return text.trim().length >= MIN_MASK_CHARACTERS;
}

/** Fields that Streamkap documents as secret; a value under them is masked even if it equals something readable. */
const KNOWN_SECRETS = new Set(['password', 'client_secret', 'secret']);
const LOOKS_SECRET = /secret|passw|passphrase|token|key/;
/** `token_endpoint`, `key_id`, `token_ttl_seconds` and the like describe a secret and are none. */
const DESCRIBES_SECRET = /_(ids?|ur[il]s?|endpoint|types?|names?|seconds|ttl|at|algorithm|enabled)$/;
/** Names of roles, topics and tools lie below these; whatever their fields are called, they are for reading. */
const READABLE_SUBTREES = new Set(['roles', 'permissions', 'kafka_acls', 'acls', 'allowed_tools', 'blocked_tools']);

interface Candidate {
  readonly path: string;
  readonly key: string;
  readonly value: unknown;
}

/**
 * Finds the secret leaves of a credential file or client credential: in `kafka` and `api` (in a client credential: at the top)
 * whatever is named like a secret, password, token or key, at any depth and in lists too.
 */
export function findLeaves(credential: MaskInput): Leaves {
  const candidates: Candidate[] = [];
  const readable = new Set<string>();
  const isFile = isObject(credential.kafka) || isObject(credential.api);
  for (const [key, value] of Object.entries(credential)) {
    const section = !isFile || key === 'kafka' || key === 'api';
    sort({ path: key, key, value }, { section, named: false }, (candidate, secret) => {
      if (secret) candidates.push(candidate);
      else if (typeof candidate.value === 'string') readable.add(candidate.value);
    });
  }
  const { secrets, warnings } = judge(candidates, readable);
  return {
    secrets: [...new Set(secrets)],
    holdsSecret: candidates.length > 0,
    pairs: pairsOf(credential),
    identifiers: identifiersOf(credential),
    warnings,
  };
}

/** Walks to the leaves. `named`: a field above was named like a secret, so everything below it counts as one. */
function sort(
  at: Candidate,
  where: { section: boolean; named: boolean },
  report: (leaf: Candidate, secret: boolean) => void,
): void {
  const name = at.key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  const readable = READABLE_SUBTREES.has(name);
  const named = where.section && !readable && (where.named || LOOKS_SECRET.test(name)) && !DESCRIBES_SECRET.test(name);
  if (Array.isArray(at.value)) {
    at.value.forEach((value, index) => {
      sort({ path: `${at.path}[${index}]`, key: at.key, value }, { ...where, named }, report);
    });
  } else if (isObject(at.value)) {
    for (const [key, value] of Object.entries(at.value)) {
      sort({ path: `${at.path}.${key}`, key, value }, { section: where.section && !readable, named }, report);
    }
  } else if (at.value !== null && at.value !== undefined && at.value !== '' && at.value !== false) {
    report(at, named);
  }
}

function judge(candidates: readonly Candidate[], readable: ReadonlySet<string>): Pick<Leaves, 'secrets' | 'warnings'> {
  const secrets: string[] = [];
  const warnings: string[] = [];
  for (const { path, key, value } of candidates) {
    if (typeof value !== 'string') {
      warnings.push(`${path} is named like a secret but is no text, so it is not masked`);
    } else if (!isMaskable(value)) {
      warnings.push(`${path} is shorter than ${MIN_MASK_CHARACTERS} characters, so it is not masked by itself`);
    } else if (readable.has(value) && !KNOWN_SECRETS.has(key)) {
      warnings.push(`${path} equals a field that is no secret, so it is not masked`);
    } else {
      if ([...readable].some((text) => text.includes(value))) {
        warnings.push(`${path} occurs inside a field that is no secret; logs will show *** there`);
      }
      secrets.push(value);
    }
  }
  return { secrets, warnings };
}

function pairsOf(credential: MaskInput): (readonly [string, string])[] {
  const api = isObject(credential.api) ? credential.api : {};
  const kafka = isObject(credential.kafka) ? credential.kafka : {};
  const top: Readonly<Record<string, unknown>> = { ...credential };
  const candidates = [
    [kafka.username, kafka.password],
    [api.client_id, api.client_secret],
    [top.client_id, top.client_secret],
    [top.client_id, top.secret],
  ] as const;
  return candidates.flatMap(([id, secret]) =>
    typeof id === 'string' && typeof secret === 'string' && secret !== '' ? [[id, secret] as const] : [],
  );
}

function identifiersOf(credential: MaskInput): string[] {
  const api = isObject(credential.api) ? credential.api : {};
  const kafka = isObject(credential.kafka) ? credential.kafka : {};
  const project = isObject(credential.project) ? credential.project : {};
  return [
    credential.project_key_id,
    project.service_id,
    credential.client_id,
    api.client_id,
    kafka.username,
    api.api_url,
    api.token_endpoint,
  ]
    .filter((value) => typeof value === 'string')
    .filter((value) => value !== '');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
