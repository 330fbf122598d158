/** @returns the name in a secret's ARN, without the six characters that AWS adds */
export function nameInArn(arn = ''): string {
  return arn
    .split(':')
    .slice(6)
    .join(':')
    .replace(/-[A-Za-z0-9]{6}$/, '');
}
