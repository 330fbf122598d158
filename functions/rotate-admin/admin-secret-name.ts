/** @param configured name, ARN, or ARN without the six characters that Secrets Manager appends */
export function names(configured: string, secretArn: string): boolean {
  const withoutSuffix = secretArn.replace(/-[A-Za-z0-9]{6}$/, '');
  return [
    secretArn,
    withoutSuffix,
    withoutSuffix.replace(/^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:/, ''),
  ].includes(configured);
}
