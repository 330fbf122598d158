/**
 * What Secrets Manager takes as a rotation schedule, checked before anything is deployed: CloudFormation would find out after
 * minutes, and some mistakes (a date that never comes) nobody would find out at all.
 * Source: AWS Secrets Manager user guide, "Rotation schedules". All hours are UTC.
 */

/** The least time between two rotations of one secret, in hours. */
const LEAST_GAP_HOURS = 4;
const DAY_HOURS = 24;
/** The longest rate, in days. */
const MOST_DAYS = 999;

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** Days of each month, in the year that has most. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

interface FieldRule {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  /** Words for the numbers from `min` on. */
  readonly words?: readonly string[];
  /** Forms that name days without listing them: the last one, the second Tuesday. */
  readonly special?: RegExp;
}

const HOURS: FieldRule = { label: 'hours', min: 0, max: 23 };
const DAYS: FieldRule = { label: 'day of month', min: 1, max: 31, special: /^L$/ };
const MONTH: FieldRule = { label: 'month', min: 1, max: 12, words: MONTHS };
const WEEKDAY: FieldRule = {
  label: 'day of week',
  min: 1,
  max: 7,
  words: WEEKDAYS,
  special: /^(?:L|[1-7]L|[1-7]#[1-5]|(?:SUN|MON|TUE|WED|THU|FRI|SAT)(?:L|#[1-5]))$/,
};

/** A mistake in a schedule; the text is the rule that is broken, without the value. */
class ScheduleMistake extends Error {}

/**
 * @param expression six fields: minutes, hours, day of month, month, day of week, year
 * @param windowHours how long a rotation may begin after each of the named hours
 * @returns the rule that is broken, or undefined
 */
export function cronProblem(expression: string, windowHours: number): string | undefined {
  return mistakeOf(() => checkCron(expression, windowHours));
}

/**
 * @param rate such as `30 days` or `8 hours`; its first window opens at midnight
 * @returns the rule that is broken, or undefined
 */
export function rateProblem(rate: string, windowHours: number): string | undefined {
  return mistakeOf(() => checkRate(rate, windowHours));
}

function mistakeOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleMistake) return error.message;
    throw error;
  }
}

function checkCron(expression: string, windowHours: number): void {
  const fields = expression.split(' ');
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year] = fields;
  if (fields.length !== 6 || !hours || !dayOfMonth || !month || !dayOfWeek) {
    throw new ScheduleMistake(
      'must have 6 fields with one space between: minutes hours day-of-month month day-of-week year',
    );
  }
  if (minutes !== '0') throw new ScheduleMistake('minutes must be 0: windows open on the hour');
  if (year !== '*') throw new ScheduleMistake('year must be *');
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new ScheduleMistake('exactly one of day of month and day of week must be ?');
  }
  const days = dayOfMonth === '?' ? valuesOf(dayOfWeek, WEEKDAY) : valuesOf(dayOfMonth, DAYS);
  const months = valuesOf(month, MONTH);
  if (dayOfWeek === '?' && days && months) requireDate(days, months);
  const oneDay = days === undefined ? !/[,]/.test(dayOfMonth + dayOfWeek) : days.length === 1;
  requireSpacing(valuesOf(hours, HOURS) ?? [], { windowHours, oneDay });
}

/** @returns the sorted numbers that a field names; undefined for a form that names a day without listing it */
function valuesOf(field: string, rule: FieldRule): number[] | undefined {
  const parts = field.toUpperCase().split(',');
  if (parts.some((part) => rule.special?.test(part))) {
    const rest = parts.filter((part) => !rule.special?.test(part));
    for (const part of rest) expand(part, rule);
    return undefined;
  }
  return [...new Set(parts.flatMap((part) => expand(part, rule)))].sort((a, b) => a - b);
}

function expand(part: string, rule: FieldRule): number[] {
  const bad = new ScheduleMistake(
    `${rule.label} must be *, or numbers from ${rule.min} to ${rule.max}, with , - and /`,
  );
  const [range = '', step, ...more] = part.split('/');
  const [from = '', to, ...further] = range.split('-');
  if (more.length > 0 || further.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) throw bad;
  const number = (text: string): number => {
    const word = rule.words?.indexOf(text) ?? -1;
    const value = word >= 0 ? word + rule.min : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= rule.min && value <= rule.max)) throw bad;
    return value;
  };
  const all = from === '*' || (from === '' && step !== undefined);
  if (all && to !== undefined) throw bad;
  const first = all ? rule.min : number(from);
  const last = to !== undefined ? number(to) : all || step !== undefined ? rule.max : first;
  if (last < first) throw bad;
  const values: number[] = [];
  for (let value = first; value <= last; value += Number(step ?? 1)) values.push(value);
  return values;
}

function requireDate(days: readonly number[], months: readonly number[]): void {
  const [firstDay = 1] = days;
  if (months.some((month) => firstDay <= (MONTH_DAYS[month - 1] ?? 0))) return;
  throw new ScheduleMistake('must name a date that comes: none of these months has that day');
}

/** @param oneDay the schedule names one day only, so its last hour and its first one never meet at midnight */
function requireSpacing(
  hours: readonly number[],
  { windowHours, oneDay }: { readonly windowHours: number; readonly oneDay: boolean },
): void {
  const [first = 0] = hours;
  const last = hours.at(-1) ?? 0;
  const gaps = hours.slice(1).map((hour, index) => hour - (hours[index] ?? 0));
  const least = Math.min(...gaps, oneDay ? DAY_HOURS : first + DAY_HOURS - last);
  if (least < LEAST_GAP_HOURS) {
    throw new ScheduleMistake(`must leave ${LEAST_GAP_HOURS} hours or more between two rotations, over midnight too`);
  }
  if (last + windowHours > DAY_HOURS) {
    throw new ScheduleMistake('its last hour plus windowHours must not go beyond 24:00 UTC');
  }
  if (windowHours > least) throw new ScheduleMistake('windowHours must not reach into the next window');
}

function checkRate(rate: string, windowHours: number): void {
  const [, digits, unit] = /^([1-9]\d{0,2}) (hour|day)s?$/.exec(rate) ?? [];
  if (!digits || !unit) throw new ScheduleMistake('must be a number and hours or days, such as "30 days"');
  const count = Number(digits);
  if (unit === 'day' && count > MOST_DAYS) throw new ScheduleMistake(`must be ${MOST_DAYS} days at most`);
  if (unit === 'day') return;
  if (count < LEAST_GAP_HOURS) throw new ScheduleMistake(`must be ${LEAST_GAP_HOURS} hours or more`);
  // Otherwise the windows wander over the day, and some of them would go beyond midnight.
  if (DAY_HOURS % count !== 0) throw new ScheduleMistake('in hours must divide the day: 4, 6, 8, 12 or 24');
  if (windowHours > count) throw new ScheduleMistake('windowHours must not reach into the next window');
}
