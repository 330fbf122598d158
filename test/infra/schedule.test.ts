import { describe, expect, it } from 'vitest';
import { cronProblem, rateProblem } from '../../infra/schedule.ts';

describe('a cron schedule that Secrets Manager takes', () => {
  it.each([
    ['on the first of every month', '0 2 1 * ? *', 3],
    ['on the last day of a month', '0 2 L * ? *', 3],
    ['on every Sunday', '0 4 ? * SUN *', 20],
    ['on the second Tuesday', '0 4 ? * 3#2 *', 3],
    ['on the last Friday', '0 4 ? * FRIL *', 3],
    ['every eight hours', '0 /8 * * ? *', 8],
    ['twice a day, from four on', '0 4/12 * * ? *', 3],
    ['twice on one day a month, four hours from each other', '0 0,4 1 * ? *', 4],
    ['late in the evening of every day, up to midnight', '0 23 * * ? *', 1],
    ['at 2 and at 22, which are four hours apart over midnight', '0 2,22 * * ? *', 2],
    ['at both ends of a single day', '0 0,23 1 * ? *', 1],
    ['in every quarter', '0 2 15 1/3 ? *', 3],
    ['in named months', '0 2 31 JAN-MAR,FEB ? *', 3],
    ['on February 29, which comes', '0 2 29 2 ? *', 3],
  ])('is one %s', (_, cron, windowHours) => {
    expect(cronProblem(cron, windowHours)).toBeUndefined();
  });

  it.each([
    ['five fields', '0 2 1 * ?', 3, '6 fields'],
    ['two spaces', '0  2 1 * ? *', 3, '6 fields'],
    ['minutes', '30 2 1 * ? *', 3, 'minutes must be 0'],
    ['any minute', '* 2 1 * ? *', 3, 'minutes must be 0'],
    ['a year', '0 2 1 * ? 2027', 3, 'year must be *'],
    ['both days', '0 2 1 * 1 *', 3, 'exactly one'],
    ['no day', '0 2 ? * ? *', 3, 'exactly one'],
    ['hour 24', '0 24 1 * ? *', 1, 'hours must be'],
    ['no hour', '0 x 1 * ? *', 1, 'hours must be'],
    ['day 32', '0 2 32 * ? *', 3, 'day of month must be'],
    ['day 0', '0 2 0 * ? *', 3, 'day of month must be'],
    ['a weekday that is none', '0 2 ? * SOL *', 3, 'day of week must be'],
    ['a sixth Sunday', '0 2 ? * SUN#6 *', 3, 'day of week must be'],
    ['month 13', '0 2 1 13 ? *', 3, 'month must be'],
    ['a range that runs backwards', '0 2 9-3 * ? *', 3, 'day of month must be'],
    ['a step of nothing', '0 */0 * * ? *', 1, 'hours must be'],
    ['every hour', '0 * * * ? *', 1, '4 hours or more'],
    ['three hours between', '0 1,4 1 * ? *', 1, '4 hours or more'],
    ['three hours over midnight', '0 1,22 * * ? *', 1, '4 hours or more'],
    ['a window beyond midnight', '0 22 * * ? *', 3, '24:00 UTC'],
    ['a window into the next one', '0 0,4 1 * ? *', 5, 'next window'],
    ['a date that never comes', '0 2 31 FEB,APR ? *', 3, 'a date that comes'],
  ])('does not have %s', (_, cron, windowHours, rule) => {
    expect(cronProblem(cron, windowHours)).toContain(rule);
    expect(cronProblem(cron, windowHours)).not.toContain(cron);
  });
});

describe('a rate that Secrets Manager takes', () => {
  it.each([
    ['30 days', 24],
    ['1 day', 1],
    ['999 days', 3],
    ['4 hours', 4],
    ['24 hours', 3],
  ])('is %s with a window of %i hours', (rate, windowHours) => {
    expect(rateProblem(rate, windowHours)).toBeUndefined();
  });

  it.each([
    ['30', 3, 'hours or days'],
    ['30 minutes', 3, 'hours or days'],
    ['0 days', 3, 'hours or days'],
    ['1000 days', 3, 'hours or days'],
    ['rate(30 days)', 3, 'hours or days'],
    ['3 hours', 1, '4 hours or more'],
    ['5 hours', 1, 'divide the day'],
    ['4 hours', 5, 'next window'],
  ])('is not %s with a window of %i hours', (rate, windowHours, rule) => {
    expect(rateProblem(rate, windowHours)).toContain(rule);
  });
});
