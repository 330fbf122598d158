import type { ExternalCall, Mishap, Moment } from '../../unit/rotation/world.ts';

/** What goes wrong, at which external call of the rotation, retries counted on. */
export interface Trouble {
  readonly at: number;
  readonly moment: Moment;
  readonly mishap: Mishap;
}

type Point = Pick<ExternalCall, 'seq' | 'to'>;
type Kinds = Readonly<Record<ExternalCall['to'], readonly (readonly [Mishap, ...Moment[]])[]>>;

const EVIDENCE: Kinds['s3'] = [
  ['kill', 'before', 'after'],
  ['lose', 'before', 'after'],
  ['fail', 'before', 'after'],
  ['throttle', 'before'],
  ['stall', 'before', 'after'],
];

/** Everything that can happen to a call. All that fails a login looks alike, and a login changes nothing. */
const ALL: Kinds = {
  aws: [
    ['kill', 'before', 'after'],
    ['lose', 'before', 'after'],
    ['fail', 'before', 'after'],
    ['throttle', 'before'],
    ['hang', 'before', 'after'],
    ['stall', 'before', 'after'],
  ],
  streamkap: [
    ['kill', 'before', 'after'],
    ['lose', 'before', 'after'],
    ['throttle', 'before'],
    ['fail', 'before', 'after'],
    ['hang', 'before', 'after'],
  ],
  kafka: [
    ['kill', 'before', 'after'],
    ['lose', 'before'],
    ['hang', 'before'],
  ],
  s3: EVIDENCE,
  eventbridge: EVIDENCE,
};

/** Without what the function cannot tell from another: an error of AWS's own from a broken connection, one failed write from another. */
const DISTINCT: Kinds = {
  ...ALL,
  aws: ALL.aws.filter(([mishap]) => mishap !== 'fail' && mishap !== 'stall'),
  s3: [
    ['kill', 'before', 'after'],
    ['fail', 'before'],
    ['stall', 'before'],
  ],
  eventbridge: [
    ['kill', 'before', 'after'],
    ['fail', 'before'],
    ['stall', 'before'],
  ],
};

const at = ({ seq, to }: Point, kinds: Kinds): Trouble[] =>
  kinds[to].flatMap(([mishap, ...moments]) => moments.map((moment) => ({ at: seq, moment, mishap })));

/** @returns all that can happen to one call */
export function troublesAt(call: Point): Trouble[] {
  return at(call, ALL);
}

/** @returns all that can happen to one call and makes a difference: for pairs */
export function distinctTroublesAt(call: Point): Trouble[] {
  return at(call, DISTINCT);
}

/** @returns every second trouble after a first one, given the calls of a run in which the first one happened alone */
export function secondTroubles(first: Trouble, calls: readonly Point[]): Trouble[] {
  return calls.filter(({ seq }) => seq > first.at).flatMap(distinctTroublesAt);
}
