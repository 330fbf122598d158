/** Where the log of a Lambda function is read. */
export interface LogAddress {
  readonly console: string;
  readonly command: string;
}

/** Domains of the console (each partition's documentation); elsewhere there is only the command. */
const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'aws.amazon.com',
  'aws-cn': 'amazonaws.cn',
  'aws-us-gov': 'amazonaws-us-gov.com',
};

/**
 * @param functionArn `arn:<partition>:lambda:<region>:<account>:function:<name>[:<alias>]`
 * @returns the log group that Lambda uses unless the function was given another one
 */
export function logAddressOf(functionArn: string): LogAddress {
  const [, partition = '', , region = '', , , name = ''] = functionArn.split(':');
  const group = `/aws/lambda/${name}`;
  const domain = CONSOLES[partition];
  // The console's own encoding of a fragment: percent encoding twice, with $ for the outer %.
  const encoded = encodeURIComponent(encodeURIComponent(group)).replaceAll('%', '$');
  const url = `https://${['console', domain].join('.')}/cloudwatch/home`;
  return {
    console: domain ? `${url}?region=${region}#logsV2:log-groups/log-group/${encoded}` : '',
    command: `aws logs tail ${group} --since 15m --region ${region}`,
  };
}

/** @returns one sentence for a remedy */
export function logSentence(functionArn: string): string {
  const { console, command } = logAddressOf(functionArn);
  return `The function's log: ${console ? `${console} or ` : ''}\`${command}\`.`;
}
