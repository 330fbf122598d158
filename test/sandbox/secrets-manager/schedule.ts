import { constraint, invalidParameter } from './aws-error.ts';
import type { Input } from './input.ts';
import type { RotationRules, Secret } from './secret.ts';

const MAX_DAYS = 1000;
const MIN_HOURS = 4;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RATE = /^rate\((\d+) (hours?|days?)\)$/;
const CRON = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$/;

/**
 * RotationRules of a RotateSecret call, or undefined when it has none.
 * @throws AwsError InvalidParameterException for rules that AWS's schedule page forbids
 * (docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html)
 */
export function readRules(input: Input): RotationRules | undefined {
  const rules = input.object('RotationRules', ['AutomaticallyAfterDays', 'Duration', 'ScheduleExpression']);
  if (rules === undefined) return undefined;
  const days = rules.integer('AutomaticallyAfterDays');
  const duration = rules.string('Duration', { max: 3 });
  const expression = rules.string('ScheduleExpression', { max: 256 });
  if (days !== undefined && (days < 1 || days > MAX_DAYS))
    throw invalidParameter(`AutomaticallyAfterDays must be between 1 and ${MAX_DAYS}.`);
  if (days !== undefined && expression !== undefined)
    throw invalidParameter('You can use AutomaticallyAfterDays or ScheduleExpression, but not both.');
  if (expression !== undefined) checkExpression(expression);
  if (duration !== undefined) checkDuration(duration);
  return {
    ...(days === undefined ? {} : { AutomaticallyAfterDays: days }),
    ...(duration === undefined ? {} : { Duration: duration }),
    ...(expression === undefined ? {} : { ScheduleExpression: expression }),
  };
}

/** Sets NextRotationDate for day and rate schedules; a cron expression's date is not computed (tests may arrange one). */
export function scheduleNext(secret: Secret, from: number): void {
  if (secret.rotation === undefined || !secret.rotation.enabled) return;
  const interval = intervalOf(secret.rotation.rules);
  secret.rotation.nextAt = interval === undefined ? undefined : from + interval;
}

function intervalOf(rules: RotationRules): number | undefined {
  if (rules.AutomaticallyAfterDays !== undefined) return rules.AutomaticallyAfterDays * DAY_MS;
  const rate = RATE.exec(rules.ScheduleExpression ?? '');
  if (rate === null) return undefined;
  return Number(rate[1]) * (rate[2]?.startsWith('day') === true ? DAY_MS : HOUR_MS);
}

function checkDuration(duration: string): void {
  const hours = /^(\d{1,2})h$/.exec(duration)?.[1];
  if (hours === undefined)
    throw constraint('rotationRules.duration', 'Member must satisfy regular expression pattern: [0-9h]+');
  if (Number(hours) < 1 || Number(hours) > 24) throw invalidParameter('Duration must be between 1h and 24h.');
}

function checkExpression(expression: string): void {
  const rate = RATE.exec(expression);
  if (rate !== null) {
    const hours = Number(rate[1]) * (rate[2]?.startsWith('day') === true ? 24 : 1);
    if (hours < MIN_HOURS || hours > MAX_DAYS * 24)
      throw invalidParameter(`A rate must be between ${MIN_HOURS} hours and ${MAX_DAYS} days.`);
    return;
  }
  const [, minutes, hours, dayOfMonth, , dayOfWeek, year] = CRON.exec(expression) ?? [];
  if (minutes === undefined || hours === undefined) throw invalidParameter('Invalid ScheduleExpression.');
  if (minutes !== '0') throw invalidParameter('The minutes field of a schedule must be 0.');
  if (year !== '*') throw invalidParameter('The year field of a schedule must be *.');
  if ((dayOfMonth === '?') === (dayOfWeek === '?'))
    throw invalidParameter('Exactly one of day-of-month and day-of-week must be ?.');
  if (hoursApart(hours) < MIN_HOURS)
    throw invalidParameter(`A secret can be rotated every ${MIN_HOURS} hours at most.`);
}

/** The shortest gap between two runs of a day, in hours; the gap over midnight counts too. */
function hoursApart(field: string): number {
  const step = /^(?:\*|(\d{1,2}))\/(\d{1,2})$/.exec(field);
  if (field === '*') return 1;
  if (step !== null) return Number(step[2]);
  const hours = field.split(',').map(Number);
  if (hours.some((hour) => !Number.isInteger(hour) || hour < 0 || hour > 23))
    throw invalidParameter('Invalid hours field of a schedule.');
  const sorted = [...new Set(hours)].sort((a, b) => a - b);
  return Math.min(...sorted.map((hour, index) => (sorted[index + 1] ?? (sorted[0] ?? 0) + 24) - hour));
}
